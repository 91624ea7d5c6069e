/*
 * named.h - a sandbox with a name, in the foreground or detached. Not pure.
 */
#pragma once

#include "common/err.h"
#include "frontend/run_options.h"
#include "frontend/supervise.h"

/*
 * As supervise(), and while it runs others find it (state.h, control.h). With o->detach it runs in a process
 * of its own: this one returns 0 when the command runs, and has printed the name, or -errno with *e when it
 * could not start.
 */
int named_run(const struct plan *p, const struct sandbox_hooks *h, struct job *job,
	      const struct run_options *o, struct err *e);
