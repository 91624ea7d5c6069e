#include "sandbox/gifts.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "common/fd.h"

static int give(const struct plan *p, int fd, gid_t gid, struct err *e)
{
	if (fchownat(fd, "", p->uid, gid, AT_EMPTY_PATH) < 0 && errno != EROFS)
		return err_sys(e, "give a file to the user inside");
	return 0;
}

int gifts_give(struct gifts *g, const struct plan *p, int fd, gid_t gid, struct err *e)
{
	struct gift *gift = &g->item[g->count];

	if (!p->gate)
		return give(p, fd, gid, e);
	if (p->map == PLAN_MAP_NONE)
		return 0; /* the caller made it, and is the user */
	if (g->count == GIFTS_MAX)
		return err_set(e, E2BIG, "more than %d directories for the user inside", GIFTS_MAX);
	gift->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (gift->fd < 0)
		return err_sys(e, "keep a file for the user inside");
	gift->gid = gid;
	g->count++;
	return 0;
}

int gifts_hand_over(struct gifts *g, const struct plan *p, struct err *e)
{
	for (unsigned i = 0; i < g->count; i++) {
		if (give(p, g->item[i].fd, g->item[i].gid, e) < 0)
			return -e->code;
		fd_close(g->item[i].fd);
	}
	g->count = 0;
	return 0;
}
