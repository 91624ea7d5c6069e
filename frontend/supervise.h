/*
 * supervise.h - from the plan to the exit status: starts the sandbox, passes signals on, waits. Not pure.
 */
#pragma once

#include "common/err.h"
#include "sandbox/sandbox.h"

/*
 * Runs the plan to its end. Returns the exit status: the command's own, 128 + n when signal n ended it; or
 * -errno with *e when croft failed or refused, and then nothing is left of the sandbox.
 */
int supervise(const struct plan *p, const struct sandbox_hooks *h, struct err *e);
