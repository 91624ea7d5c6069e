/*
 * caller.h - who asks, for a privileged program. Not pure: getgroups(2).
 */
#pragma once

#include "common/arena.h"
#include "common/err.h"
#include "policy/policy.h"

/*
 * Fills in groups, name and home of *c, whose uid and gid stand there already, from the kernel and from
 * passwd, the text of /etc/passwd: no NSS. A caller who is not in it has no name and no home. 0 or -errno.
 */
int policy_caller_read(struct arena *a, const char *passwd, size_t size, struct policy_caller *c,
		       struct err *e);
