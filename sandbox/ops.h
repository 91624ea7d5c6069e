/*
 * ops.h - carries out the plan's file system operations below the new root. Not pure.
 */
#pragma once

#include "common/err.h"
#include "sandbox/gifts.h"
#include "sandbox/idmapped.h"
#include "sandbox/pin.h"
#include "sandbox/plan.h"

/* All operations in the plan's order. root: descriptor of the attached root; gifts: what is to be given; m:
 * for owners. 0 or -errno; the first failure ends it. */
int ops_run(const struct plan *p, const struct pins *pins, int root, struct gifts *gifts,
	    const struct idmapper *m, struct err *e);
