#include "helper/idmap/write.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <unistd.h>

#include "common/caps.h"
#include "common/fd.h"
#include "common/helper_exit.h"

const struct privilege idmap_privilege = {
	.caps = CAP_BIT(CAP_SETUID) | CAP_BIT(CAP_SETGID),
	.all = "cap_setuid and cap_setgid",
	.any = "cap_setuid or cap_setgid",
	.setcap = "cap_setuid,cap_setgid+p",
	.root = "who writes maps himself, and the host's root is never mapped",
};

/* The kernel takes a map in one write or not at all, so a second try would only hide what went wrong. */
static int write_once(const struct target *t, const char *name, const char *text, size_t len, struct err *e)
{
	fd_auto int fd = target_open(t, name, O_WRONLY, e);
	ssize_t n;
	int r;

	if (fd < 0)
		return fd;
	r = target_same_namespace(t, e);
	if (r < 0)
		return r;
	n = write(fd, text, len);
	if (n < 0)
		return err_sys(e, "write %s of the target process", name);
	if ((size_t)n != len)
		return err_set(e, EIO, "write %s of the target process: %zd of %zu bytes", name, n, len);
	return 0;
}

static int write_map(const struct target *t, const char *name, const struct map *m, uint64_t cap,
		     struct err *e)
{
	struct err lowering;
	int r = privilege_effective(&idmap_privilege, cap, e), low;

	if (r == 0)
		r = write_once(t, name, m->text, (size_t)m->len, e);
	low = privilege_effective(&idmap_privilege, 0, &lowering);
	if (low < 0 && r == 0) {
		*e = lowering;
		r = low;
	}
	return r;
}

int write_maps(const struct target *t, const struct grant *g, struct err *e)
{
	int r = 0;

	if (g->deny_setgroups)
		r = write_once(t, "setgroups", "deny", 4, e);
	if (r == 0)
		r = write_map(t, "gid_map", &g->gid, CAP_BIT(CAP_SETGID), e);
	if (r == 0)
		r = write_map(t, "uid_map", &g->uid, CAP_BIT(CAP_SETUID), e);
	return r < 0 ? err_status(e, HELPER_FAILED) : 0;
}
