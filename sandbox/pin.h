/*
 * pin.h - opens what the plan names on the host, once, as the caller, in the mount namespace where it will be
 * cloned. Not pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "sandbox/sandbox.h"

struct pins {
	int root;             /* O_PATH descriptor; PLAN_ROOT_HOST: -1 */
	int image;            /* of the hooks */
	int op[PLAN_OPS_MAX]; /* one each operation: O_PATH descriptor, or -1 */
	/* What is to be covered of the root, and then of each operation's source; NULL: nothing. */
	const struct sandbox_masks *masks[PLAN_OPS_MAX + 1];
	uint64_t open_files; /* the soft limit of open files before it was raised; 0: it was not */
};

/*
 * An O_PATH descriptor of the source of operation op, of the root with -1, without magic links on the way
 * (CVE-2024-21626); -ENOENT with no sentence where an optional source is missing. *ret_plain: no link at all
 * was on the way. A descriptor or -errno.
 */
int pin_open(const struct plan *p, int op, bool *ret_plain, struct err *e);

/* Whether fd, of pin_open(), says that an optional source is missing. */
bool pin_passed_over(const struct plan *p, int op, int fd);

/* Whether the operation's source is opened at all: OP_VOLUME, OP_CONF, OP_DEVICE. */
bool pin_wanted(const struct plan_op *op);

/*
 * Opens every source and asks hooks about those that the caller asked for. The soft limit of open files is
 * raised to the hard one when there are many. 0 or -errno; what was opened stays open until the process ends
 * or executes.
 */
int pin_all(const struct plan *p, const struct sandbox_hooks *h, struct pins *ret, struct err *e);
