#include "sandbox/pin.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/resource.h>

#include "common/fd.h"
#include "common/text.h"

enum { FEW_FDS = 512 };

static int raise_open_files(const struct plan *p, struct pins *ret, struct err *e)
{
	struct rlimit rl;

	ret->open_files = 0;
	if (p->ops.count < FEW_FDS)
		return 0;
	if (getrlimit(RLIMIT_NOFILE, &rl) < 0)
		return err_sys(e, "read the limit of open files");
	ret->open_files = rl.rlim_cur;
	rl.rlim_cur = rl.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &rl) < 0)
		return err_sys(e, "raise the limit of open files");
	return 0;
}

/* One text for "not there" and "not yours" would hide typing mistakes: as the caller, the kernel's own answer
 * is his to have. */
static int pin(const char *path, struct err *e)
{
	int fd = fd_openat2(AT_FDCWD, path, O_PATH, 0, RESOLVE_NO_MAGICLINKS);

	if (fd >= 0)
		return fd;
	if (errno == ELOOP)
		return err_set(e, ELOOP, "it leads through too many links or through a link of /proc");
	return err_sys(e, "open it");
}

static const char *op_word(const struct plan_op *op)
{
	return op->kind == OP_VOLUME ? "volume" : "file";
}

static int pin_op(const struct plan *p, int i, const struct sandbox_hooks *h, int *ret, struct err *e)
{
	const struct plan_op *op = &p->ops.item[i];
	fd_auto int fd = -1;
	int r;

	if (op->kind != OP_VOLUME && op->kind != OP_CONF)
		return 0;
	fd = pin(op->source, e);
	if (fd == -ENOENT && op->flags & OPF_OPTIONAL)
		return 0;
	if (fd < 0)
		return err_wrap(e, "%s %s:%s", op_word(op), QUOTE(op->source), QUOTE(op->target));
	r = op->flags & OPF_ASKED ? h->permit(h->ctx, p, i, fd, e) : 0;
	if (r < 0)
		return r;
	*ret = TAKE_FD(fd);
	return 0;
}

int pin_all(const struct plan *p, const struct sandbox_hooks *h, struct pins *ret, struct err *e)
{
	int r = raise_open_files(p, ret, e);

	if (r < 0)
		return r;
	ret->root = -1;
	if (p->root_kind == PLAN_ROOT_DIR) {
		ret->root = fd_openat2(AT_FDCWD, p->root, O_PATH | O_DIRECTORY, 0, RESOLVE_NO_MAGICLINKS);
		if (ret->root < 0)
			return err_sys(e, "root %s", QUOTE(p->root));
	}
	r = h->permit(h->ctx, p, -1, ret->root, e);
	for (uint32_t i = 0; r == 0 && i < p->ops.count; i++) {
		ret->op[i] = -1;
		r = pin_op(p, (int)i, h, &ret->op[i], e);
	}
	return r;
}
