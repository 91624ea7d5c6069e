/*
 * seccomp.h - the system calls that are left to the command: loads the plan's filter. Not pure: seccomp(2).
 *
 * Must have happened before: no_new_privs, or the kernel refuses a filter.
 */
#pragma once

#include <stdbool.h>

#include "common/err.h"
#include "sandbox/plan.h"

/*
 * Whether init loads the filter before it forks, so that it is no weaker spot than the command, which
 * inherits it. Not a program of the caller's own: that may refuse what init needs, or what is done before
 * execve(2).
 */
bool confine_seccomp_early(const struct plan *p);

/* The plan's filter, on this process and its children; asked back from the kernel. 0 or -errno. */
int confine_seccomp(const struct plan *p, struct err *e);

/* The default filter in the variant of the plan: what init gets when the command has a program of the
 * caller's own. 0 or -errno. */
int confine_seccomp_default(const struct plan *p, struct err *e);

/* Whether this kernel has filters, and nothing hides them: 0 or -errno with *e. */
int seccomp_available(struct err *e);
