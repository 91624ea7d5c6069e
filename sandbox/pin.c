#include "sandbox/pin.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>

#include "common/fd.h"
#include "common/text.h"
#include "sandbox/plain.h"

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

static int say(const struct plan *p, int op, struct err *e)
{
	const struct plan_op *o = op < 0 ? NULL : &p->ops.item[op];

	if (errno == ELOOP)
		err_set(e, ELOOP, "it leads through too many links, or through a link of /proc");
	else
		err_set(e, errno, "%s", strerror(errno));
	if (!o)
		return err_wrap(e, "root %s", QUOTE(p->root));
	return err_wrap(e, "%s %s:%s",
			o->kind == OP_VOLUME   ? "volume"
			: o->kind == OP_DEVICE ? "device"
					       : "file",
			QUOTE(o->source), QUOTE(o->target));
}

int pin_open(const struct plan *p, int op, bool *ret_plain, struct err *e)
{
	const char *path = op < 0 ? p->root : p->ops.item[op].source;
	const uint64_t flags = O_PATH | (op < 0 && !plan_root_is_image(p) ? O_DIRECTORY : 0u);
	int fd = plain_open(AT_FDCWD, path, flags, 0, ret_plain);

	if (fd >= 0)
		return fd;
	return pin_passed_over(p, op, -errno) ? -ENOENT : say(p, op, e);
}

bool pin_passed_over(const struct plan *p, int op, int fd)
{
	return fd == -ENOENT && op >= 0 && p->ops.item[op].flags & OPF_OPTIONAL;
}

bool pin_wanted(const struct plan_op *op)
{
	return op->kind == OP_VOLUME || op->kind == OP_CONF || op->kind == OP_DEVICE;
}

static int pin(const struct plan *p, int op, const struct sandbox_hooks *h, struct pins *pins, struct err *e)
{
	const bool asked = op < 0 || p->ops.item[op].flags & OPF_ASKED;
	int *ret = op < 0 ? &pins->root : &pins->op[op];
	bool plain;
	fd_auto int fd = pin_open(p, op, &plain, e);

	if (fd < 0)
		return pin_passed_over(p, op, fd) ? 0 : fd;
	if (asked && h->permit(h->ctx, p, op, fd, plain, e) < 0)
		return -e->code;
	pins->masks[op + 1] = asked && h->masks ? h->masks(h->ctx, op) : NULL;
	*ret = TAKE_FD(fd);
	return 0;
}

int pin_all(const struct plan *p, const struct sandbox_hooks *h, struct pins *ret, struct err *e)
{
	int r = raise_open_files(p, ret, e);

	ret->root = -1;
	ret->image = h->image;
	if (r == 0 && p->root_kind != PLAN_ROOT_HOST)
		r = pin(p, -1, h, ret, e);
	for (uint32_t i = 0; r == 0 && i < p->ops.count; i++) {
		ret->op[i] = -1;
		if (pin_wanted(&p->ops.item[i]))
			r = pin(p, (int)i, h, ret, e);
	}
	return r;
}
