#include "helper/gate/check.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "common/text.h"
#include "sandbox/standard.h"

/* On a small host the defaults of croft must have room. */
#define LEAST_MEMORY (UINT64_C(4) << 30)

struct work {
	const struct plan *p;
	struct err *e;
	bool seen[OP_KIND_COUNT];
	uint32_t kernel_end; /* index behind the last one that masks lie on, or that could lie on them */
	uint64_t tmpfs;      /* bytes so far */
	uint64_t tmpfs_max;
};

static int refuse(struct work *w, const char *what)
{
	return err_set(w->e, EPERM, "croft-gate makes no sandbox %s", what);
}

static bool has(const struct work *w, uint32_t kind)
{
	for (uint32_t i = 0; i < w->p->ops.count; i++)
		if (w->p->ops.item[i].kind == kind)
			return true;
	return false;
}

static int check_whole(struct work *w, const struct policy_caller *c)
{
	const struct plan *p = w->p;

	if (!p->gate)
		return refuse(w, "that croft would make without it");
	if (p->map == PLAN_MAP_NONE && (p->uid != c->uid || p->gid != c->gid))
		return refuse(w, "for another user than its caller");
	if (!p->init && p->map != PLAN_MAP_NONE && (p->uid != p->own_uid || p->caps))
		return refuse(w,
			      "with ids that has no init which its caller may end, but for himself without "
			      "capabilities");
	if (p->root_shared && (p->map == PLAN_MAP_NONE || p->root_kind != PLAN_ROOT_DIR ||
			       !(p->root_read_only || p->ephemeral)))
		return refuse(w, "of a shared root that is not read-only, or without ids");
	if (plan_root_is_image(p))
		return refuse(w, "of an image");
	if (p->lock_mounts)
		return refuse(w, "with a second user namespace");
	if (p->ephemeral && !p->root_shared)
		return refuse(w, "with an overlay over a root that is not shared (--ephemeral)");
	if (p->tty && !has(w, OP_DEVPTS))
		return refuse(w, "with a terminal and no file system for it");
	if (p->ports.count || p->network == PLAN_NETWORK_USER)
		return refuse(w, "with a network of the user's own (--network user)");
	if (p->namespaces != (p->network == PLAN_NETWORK_HOST ? 0u : (uint32_t)PLAN_NS_NET))
		return refuse(w, "whose namespaces do not fit its network");
	return 0;
}

static int add_tmpfs(struct work *w, uint64_t size, uint64_t inodes)
{
	if (size == 0 || inodes == 0)
		return refuse(w, "with a tmpfs that has no limit");
	if (inodes > standard_inodes(size))
		return refuse(w, "with a tmpfs of more files than belong to its size");
	if (size > w->tmpfs_max - w->tmpfs)
		return refuse(w, "whose tmpfs together may hold more than the host has memory");
	w->tmpfs += size;
	return 0;
}

static int check_mirror(struct work *w, const struct plan_op *op)
{
	if (w->p->root_kind != PLAN_ROOT_HOST || strcmp(op->source, op->target) != 0)
		return refuse(w, "with a part of the host's system that is asked for as something else");
	for (size_t i = 0; i < standard_nmirrors; i++)
		if (!strcmp(op->source, standard_mirror[i]))
			return 0;
	return refuse(w, "with a part of the host that is none of its system");
}

static int check_kernel(struct work *w, uint32_t index)
{
	const struct plan_op *op = &w->p->ops.item[index];

	if (w->seen[op->kind] || strcmp(op->target, standard_target(op->kind)) != 0)
		return refuse(w, "with a kernel file system twice, or in another place than its own");
	w->seen[op->kind] = true;
	if (op->kind != OP_DEVPTS && op->kind != OP_MQUEUE) /* these are mounted below /dev */
		w->kernel_end = index + 1;
	return 0;
}

static bool is_standard_mask(const struct plan_op *op)
{
	for (size_t i = 0; i < standard_nmasks; i++)
		if (standard_mask[i].kind == op->kind && !strcmp(standard_mask[i].target, op->target))
			return true;
	return false;
}

/* The kernel's file systems have operations of their own, and /dev/shm is a tmpfs. */
static int check_place(struct work *w, const struct plan_op *op)
{
	const char *place = standard_target(op->kind) ? NULL : standard_kernel_place(op->target);

	if (op->kind == OP_MASK || op->kind == OP_READ_ONLY)
		return is_standard_mask(op) ? 0 : refuse(w, "with a mask that it does not know");
	if (!place || op->kind == OP_DEVICE || (op->kind == OP_TMPFS && !strcmp(op->target, "/dev/shm")))
		return 0;
	return refuse(w, "with something else in /proc, /sys or /dev than the kernel's");
}

static int check_op(struct work *w, uint32_t index)
{
	const struct plan_op *op = &w->p->ops.item[index];
	int r = op->flags & OPF_IDMAP && op->kind != OP_VOLUME
			? refuse(w, "that exchanges the owners of something else than a volume")
			: check_place(w, op);

	if (r != 0)
		return r;
	switch ((enum plan_op_kind)op->kind) {
	case OP_MIRROR:
		return check_mirror(w, op);
	case OP_VOLUME:
		if (op->flags & OPF_IDMAP && w->p->map == PLAN_MAP_NONE)
			return refuse(w, "with other owners and without ids");
		return op->flags & OPF_ASKED ? 0
					     : refuse(w, "with a volume that the policy is not asked about");
	case OP_CONF:
		return op->flags & OPF_ASKED || !strcmp(op->source, "/etc/resolv.conf")
			       ? 0
			       : refuse(w, "with a file that the policy is not asked about");
	case OP_DEVICE:
		return op->flags & OPF_ASKED ? 0
					     : refuse(w, "with a device that the policy is not asked about");
	case OP_PROC:
	case OP_SYSFS:
	case OP_SYS_HOST:
	case OP_DEV:
	case OP_DEVPTS:
	case OP_MQUEUE:
		return check_kernel(w, index);
	case OP_TMPFS:
		return add_tmpfs(w, op->size, op->inodes);
	case OP_TEXT:
	case OP_DIR:
	case OP_MASK:
	case OP_READ_ONLY:
		return 0;
	case OP_KIND_COUNT:
		break;
	}
	return refuse(w, "with an operation that it does not know");
}

static bool masked(const struct work *w, const struct standard_place *m)
{
	for (uint32_t i = w->kernel_end; i < w->p->ops.count; i++)
		if (w->p->ops.item[i].kind == m->kind && !strcmp(w->p->ops.item[i].target, m->target))
			return true;
	return false;
}

static int check_masks(struct work *w)
{
	for (size_t i = 0; i < standard_nmasks; i++)
		if (!masked(w, &standard_mask[i]))
			return err_set(w->e, EPERM,
				       "croft-gate makes no sandbox that says /proc and /sys are masked and "
				       "leaves %s out",
				       standard_mask[i].target);
	return 0;
}

int check_plan(const struct plan *p, const struct policy_caller *c, uint64_t memory, struct err *e)
{
	struct work w = {.p = p, .e = e, .tmpfs_max = memory > LEAST_MEMORY ? memory : LEAST_MEMORY};
	int r = check_whole(&w, c);

	if (r == 0 && (p->root_kind == PLAN_ROOT_HOST || p->ephemeral))
		r = add_tmpfs(&w, p->ephemeral_size, standard_inodes(p->ephemeral_size));
	for (uint32_t i = 0; r == 0 && i < p->ops.count; i++)
		r = check_op(&w, i);
	return r == 0 && !p->unmasked ? check_masks(&w) : r;
}
