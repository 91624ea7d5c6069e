#include "tests/fuzz/mutate_plan.h"

#include <string.h>

#include "sandbox/plan.h"
#include "sandbox/standard.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/plan_text.h"

enum { OPS_MAX = 128, ARENA = 4 << 20 };

#define PICK(random, array) (array)[(random) % (sizeof(array) / sizeof((array)[0]))]

static unsigned next(unsigned *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static const char *place(unsigned random)
{
	static const char *const other[] = {"/",    "/proc",    "/proc/x",  "/sys", "/sys/fs",
					    "/dev", "/dev/shm", "/dev/pts", "/tmp", "/etc/resolv.conf",
					    "/mnt", "/usr",     "/etc"};

	return random % 3 ? PICK(random / 3, other) : standard_mask[random / 3 % standard_nmasks].target;
}

static void change_op(struct plan_op *op, unsigned *seed)
{
	static const uint64_t size[] = {0, 1, 4096, UINT64_C(1) << 30, UINT64_C(8) << 30, UINT64_MAX};

	switch (next(seed) % 6) {
	case 0:
		op->kind = next(seed) % OP_KIND_COUNT;
		op->source = op->kind == OP_MIRROR || op->kind == OP_VOLUME || op->kind == OP_CONF ||
					     op->kind == OP_DEVICE
				     ? place(next(seed))
				     : "";
		return;
	case 1:
		op->flags ^= 1u << next(seed) % 5;
		return;
	case 2:
		op->target = place(next(seed));
		return;
	case 3:
		op->source = op->source[0] ? place(next(seed)) : "";
		return;
	case 4:
		op->size = PICK(next(seed), size);
		return;
	default:
		op->inodes = PICK(next(seed), size);
	}
}

/* Removes, doubles, moves or changes one. */
static void change_ops(struct plan *p, struct plan_op *op, unsigned *seed)
{
	uint32_t n = p->ops.count, at = next(seed) % n, with = next(seed) % n;
	struct plan_op kept = op[at];

	switch (next(seed) % 5) {
	case 0:
		memmove(op + at, op + at + 1, (n - at - 1) * sizeof(*op));
		p->ops.count--;
		return;
	case 1:
		memmove(op + with + 1, op + with, (n - with) * sizeof(*op));
		op[with] = kept;
		p->ops.count++;
		return;
	case 2:
		op[at] = op[with];
		op[with] = kept;
		return;
	default:
		change_op(&op[at], seed);
	}
}

static void change_field(struct plan *p, unsigned *seed)
{
	static const uint32_t id[] = {0, 1, 1000, 1001};
	uint32_t *yes_or_no[] = {&p->gate,     &p->init,        &p->ephemeral,     &p->lock_mounts,
				 &p->unmasked, &p->root_shared, &p->root_read_only};
	uint32_t *ids[] = {&p->uid, &p->gid, &p->own_uid, &p->own_gid};

	switch (next(seed) % 7) {
	case 0:
		*PICK(next(seed), yes_or_no) ^= 1;
		return;
	case 1:
		*PICK(next(seed), ids) = PICK(next(seed), id);
		return;
	case 2:
		p->map = next(seed) % PLAN_MAP_COUNT;
		return;
	case 3:
		p->network = next(seed) % PLAN_NETWORK_COUNT;
		p->namespaces = next(seed) % (PLAN_NS_ALL + 1);
		return;
	case 4:
		p->root_kind = next(seed) % PLAN_ROOT_COUNT;
		p->root = p->root_kind != PLAN_ROOT_HOST ? "/r" : "";
		return;
	case 5:
		p->caps ^= 1;
		return;
	default:
		p->tty ^= 1;
	}
}

size_t mutate_plan(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	static struct plan_op op[OPS_MAX + 8];
	struct arena a = fuzz_arena(ARENA);
	struct plan p;
	struct err e;
	long n;

	if ((next(&seed) % 8 == 0 && !plan_text_is(data, size)) ||
	    plan_text_input(data, size, &a, &p, &e) < 0 || p.ops.count >= OPS_MAX)
		return LLVMFuzzerMutate(data, size, max);
	if (p.ops.count)
		memcpy(op, p.ops.item, p.ops.count * sizeof(*op));
	p.ops.item = op;
	for (unsigned i = next(&seed) % 3 + 1; i > 0; i--) {
		if (p.ops.count && next(&seed) % 3)
			change_ops(&p, op, &seed);
		else
			change_field(&p, &seed);
	}
	n = plan_encode(&p, data, max);
	return n > 0 ? (size_t)n : size;
}
