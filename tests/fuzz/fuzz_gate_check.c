/*
 * The input is a plan, encoded or as text, as a caller of croft-gate may have written it himself. What
 * check_plan() takes keeps every promise of check.h, looked at here once more, one by one.
 */
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "helper/gate/check.h"
#include "sandbox/standard.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/mutate_plan.h"
#include "tests/fuzz/plan_text.h"

enum { BYTES_MAX = 1 << 16, ARENA = 8 << 20 };

static const struct policy_caller caller = {.uid = 1000, .gid = 1001};
static const uint64_t memory = UINT64_C(8) << 30;

static bool below(const char *dir, const char *path)
{
	size_t n = strlen(dir);

	return text_starts(path, dir) && (path[n] == '/' || !path[n]);
}

static unsigned count(const struct plan *p, uint32_t kind, const char *target)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < p->ops.count; i++)
		n += p->ops.item[i].kind == kind && (!target || !strcmp(p->ops.item[i].target, target));
	return n;
}

static void must_be_the_callers(const struct plan *p)
{
	MUST(p->gate && !p->lock_mounts && (!p->ephemeral || p->root_shared));
	MUST(p->map != PLAN_MAP_NONE || (p->uid == caller.uid && p->gid == caller.gid && !p->caps));
	MUST(p->map == PLAN_MAP_NONE || p->init || (p->uid == p->own_uid && !p->caps));
	MUST(p->network != PLAN_NETWORK_USER && p->ports.count == 0);
	MUST(!(p->namespaces & PLAN_NS_CGROUP));
	MUST((p->network == PLAN_NETWORK_HOST) == !(p->namespaces & PLAN_NS_NET));
	MUST(!plan_root_is_image(p));
	MUST(!p->root_shared || (p->root_kind == PLAN_ROOT_DIR && (p->root_read_only || p->ephemeral) &&
				 p->map != PLAN_MAP_NONE));
	MUST(!p->tty || count(p, OP_DEVPTS, NULL) == 1);
}

/* Of the host's files, the policy is asked about every one but these. */
static void must_be_asked_about(const struct plan *p, const struct plan_op *op)
{
	bool mirror = false;

	for (size_t i = 0; i < standard_nmirrors; i++)
		mirror |= !strcmp(op->source, standard_mirror[i]);
	if (op->kind == OP_MIRROR)
		MUST(p->root_kind == PLAN_ROOT_HOST && mirror && !strcmp(op->source, op->target));
	else if (op->kind == OP_CONF && !(op->flags & OPF_ASKED))
		MUST(!strcmp(op->source, "/etc/resolv.conf"));
	else if (op->source[0])
		MUST(op->flags & OPF_ASKED);
	if (op->flags & OPF_IDMAP)
		MUST(op->kind == OP_VOLUME && p->map != PLAN_MAP_NONE);
}

static void must_be_in_its_place(const struct plan *p, const struct plan_op *op)
{
	bool kernel = below("/proc", op->target) || below("/sys", op->target) || below("/dev", op->target);
	const char *own = op->kind == OP_PROC                               ? "/proc"
			  : op->kind == OP_SYSFS || op->kind == OP_SYS_HOST ? "/sys"
			  : op->kind == OP_DEV                              ? "/dev"
			  : op->kind == OP_DEVPTS                           ? "/dev/pts"
			  : op->kind == OP_MQUEUE                           ? "/dev/mqueue"
			  : op->kind == OP_TMPFS && kernel                  ? "/dev/shm"
									    : NULL;

	if (op->kind == OP_DEVICE) {
		MUST(text_starts(op->target, "/dev/"));
	} else if (own) {
		MUST(!strcmp(op->target, own));
		MUST(op->kind == OP_TMPFS || count(p, op->kind, NULL) == 1);
	} else if (kernel) {
		MUST(op->kind == OP_MASK || op->kind == OP_READ_ONLY);
	}
}

/* A mask counts when nothing of the kernel's is mounted over it later. */
static void must_be_masked(const struct plan *p)
{
	for (size_t i = 0; i < standard_nmasks && !p->unmasked; i++) {
		bool there = false;

		for (uint32_t k = 0; k < p->ops.count; k++) {
			const struct plan_op *op = &p->ops.item[k];

			if (op->kind == standard_mask[i].kind && !strcmp(op->target, standard_mask[i].target))
				there = true;
			if (below(op->target, standard_mask[i].target) &&
			    strcmp(op->target, standard_mask[i].target) != 0)
				there = false;
		}
		MUST(there);
	}
}

static void must_be_bounded(const struct plan *p)
{
	uint64_t left = memory;

	for (uint32_t i = 0; i < p->ops.count; i++) {
		const struct plan_op *op = &p->ops.item[i];

		if (op->kind != OP_TMPFS)
			continue;
		MUST(op->size > 0 && op->inodes > 0 && op->size <= left);
		left -= op->size;
	}
	MUST((p->root_kind != PLAN_ROOT_HOST && !p->ephemeral) ||
	     (p->ephemeral_size > 0 && p->ephemeral_size <= left));
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	return mutate_plan(data, size, max, seed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = fuzz_arena(ARENA);
	struct err e = {0};
	struct plan p;
	int r;

	if (size > BYTES_MAX || plan_text_input(data, size, &a, &p, &e) != 0)
		return 0;
	r = check_plan(&p, &caller, memory, &e);
	if (r != 0) {
		fuzz_refused(r, &e);
		return 0;
	}
	must_be_the_callers(&p);
	for (uint32_t i = 0; i < p.ops.count; i++) {
		must_be_asked_about(&p, &p.ops.item[i]);
		must_be_in_its_place(&p, &p.ops.item[i]);
	}
	must_be_masked(&p);
	must_be_bounded(&p);
	return 0;
}
