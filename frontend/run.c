#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/text.h"
#include "frontend/prepare.h"
#include "frontend/run_help.h"
#include "frontend/supervise.h"
#include "frontend/verb.h"

/* A directory among them would lead out of the root, as standard input would: fchdir(2). */
static int check_kept(const struct plan *p, struct err *e)
{
	for (uint32_t i = 0; i < p->keep_fds.count; i++) {
		int fd = (int)p->keep_fds.item[i];
		int flags = fcntl(fd, F_GETFL);
		struct stat st;

		if (flags < 0 || fstat(fd, &st) < 0)
			return err_sys(e, "option --preserve-fd: descriptor %d", fd);
		if (flags & O_PATH || S_ISDIR(st.st_mode))
			return err_set(e, EBADF,
				       "option --preserve-fd: descriptor %d is a directory or O_PATH, which "
				       "would lead out of the sandbox",
				       fd);
		if (fcntl(fd, F_SETFD, 0) < 0)
			return err_sys(e, "option --preserve-fd: descriptor %d", fd);
	}
	return 0;
}

/* Should: of what the caller left open, nothing but 0-2 and what he named is there. Mustn't: a descriptor of
 * ours is open already. */
static int close_others(const struct plan *p, struct err *e)
{
	int r = fd_close_range_but(3, ~0u, (const int *)p->keep_fds.item, p->keep_fds.count);

	if (r == -ENOSYS)
		return err_set(e, ENOSYS, "close_range: croft needs Linux 5.14 or newer");
	return r < 0 ? err_set(e, -r, "close the descriptors that are not passed on") : 0;
}

int verb_run(int argc, char *argv[], struct err *e)
{
	static struct prepared p; /* large */
	struct vetted *vetted;
	int r = prepare(argc, argv, &p, e);

	if (r == -ECANCELED)
		return run_help("run", e);
	if (r < 0)
		return r;
	if (p.options.json) {
		err_set(e, EINVAL, "option --json: it is for croft plan");
		return -EINVAL;
	}
	if (fd_check_std(e) < 0 || check_kept(&p.plan, e) < 0 || close_others(&p.plan, e) < 0)
		return -e->code;
	vetted = arena_array(&p.a, (size_t)p.plan.ops.count + 1, sizeof(*vetted));
	if (!vetted)
		return err_set(e, ENOMEM, "too many volumes");
	if (vet_plan(&p.vet, &p.plan, &p.a, vetted, e) < 0)
		return -e->code;
	return supervise(&p.plan, &(struct sandbox_hooks){.permit = vet_same, .ctx = vetted}, e);
}
