/*
 * supervise.h - from the plan to the exit status: starts the sandbox, passes signals on, waits. Not pure.
 */
#pragma once

#include <stdbool.h>

#include "common/err.h"
#include "frontend/report.h"
#include "sandbox/sandbox.h"

/* What croft does around a sandbox, and is no part of its plan. */
struct job {
	bool tied;               /* it ends with the parent process, unless HUP is ignored */
	struct report *report;   /* NULL: nobody asked */
	struct control *control; /* NULL: it has no name */
	bool (*runs)(void *ctx); /* NULL, or called when the command runs, where there is a report; false:
				    it is to end */
	void *runs_ctx;
	pid_t starter; /* the process that started croft, as it was when croft began */
	pid_t reader;  /* of an image, and ours: it is killed with the sandbox, which may wait for it; 0: none
			*/
	struct arena *a; /* for the plan of the program that reads an image */
};

/*
 * Runs the plan to its end. Returns the exit status: the command's own, 128 + n when signal n ended it; or
 * -errno with *e when croft failed or refused, and then nothing is left of the sandbox.
 */
int supervise(const struct plan *p, const struct sandbox_hooks *h, const struct job *job, struct err *e);
