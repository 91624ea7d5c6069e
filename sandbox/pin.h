/*
 * pin.h - opens what the plan names on the host, once, as the caller, in the mount namespace where it will be
 * cloned. Not pure.
 */
#pragma once

#include <stdint.h>

#include "common/err.h"
#include "sandbox/sandbox.h"

struct pins {
	int root;             /* PLAN_ROOT_DIR: O_PATH descriptor, else -1 */
	int op[PLAN_OPS_MAX]; /* one each operation: O_PATH descriptor, or -1 */
	uint64_t open_files;  /* the soft limit of open files before it was raised; 0: it was not */
};

/*
 * Opens every source O_PATH | RESOLVE_NO_MAGICLINKS and asks hooks about those that the caller asked for.
 * Optional sources that are missing stay -1. The soft limit of open files is raised to the hard one when
 * there are many. 0 or -errno; what was opened stays open until the process ends or executes.
 */
int pin_all(const struct plan *p, const struct sandbox_hooks *h, struct pins *ret, struct err *e);
