/*
 * launch.h - the first process of a sandbox, which gets the capabilities. Not pure: clone3(2).
 */
#pragma once

#include <stdint.h>

#include "common/err.h"
#include "sandbox/plan.h"
#include "sandbox/sandbox.h"

/*
 * Makes the first process of the sandbox, a child of the caller's (CLONE_PARENT), which carries the plan out
 * with the objects that were decided about, and gives the capabilities up before the command runs; gives them
 * up here, too, and hands a pidfd of that process over. permitted: CAP_BIT()s that this process has. 0 or
 * -errno.
 */
int launch(const struct plan *p, const struct sandbox_hooks *hooks, uint64_t permitted, int sock,
	   struct err *e);
