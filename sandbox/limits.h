/*
 * limits.h - what of a plan's limits each process carries itself: resource limits and priorities. Not pure.
 *
 * They are the command's, not those of croft's init. None can be more than the caller has: the kernel keeps
 * to that, since no capability of a user namespace counts there.
 */
#pragma once

#include "common/err.h"
#include "sandbox/plan.h"

/*
 * The score by which the kernel chooses whom to kill when memory runs out, of this process and its children.
 * While the caller's /proc is there, and nobody has made this process undumpable: its files would be root's.
 * 0 or -errno.
 */
int limits_score(const struct plan *p, struct err *e);

/* Niceness and resource limits; the last before execve(2), since few open files may be left then. 0 or
 * -errno. */
int limits_apply(const struct plan *p, struct err *e);
