/*
 * launch.h - the first process of a sandbox, which gets the capability. Not pure: clone3(2).
 */
#pragma once

#include "common/err.h"
#include "sandbox/plan.h"
#include "vet/vet.h"

/*
 * Makes the first process of the sandbox, a child of the caller's (CLONE_PARENT), which carries the plan out
 * with the objects that were decided about, and gives the capability up before the command runs; gives the
 * capability up here, too, and hands a pidfd of that process over. 0 or -errno.
 */
int launch(const struct plan *p, struct vetted *vetted, int sock, struct err *e);
