/*
 * landlock.h - a second wall around files and TCP ports, beside the mounts and the network namespace. Not
 * pure.
 *
 * landlock(7), Linux >= 5.13. A ruleset only ever takes away, is inherited, and cannot be left. It does not
 * replace the mounts: it holds where somebody finds a way around them.
 */
#pragma once

#include "common/err.h"
#include "sandbox/plan.h"

/* The version of the interface that the kernel offers; 0: none, or not switched on (CONFIG_SECURITY_LANDLOCK,
 * lsm=). */
int landlock_abi(void);

/* What croft uses and that version lacks, as words for a message; "" when it has all. */
const char *landlock_lacks(int abi);

/*
 * Should, of this process and all that come from it: mounts cannot be changed; where the root is read-only,
 * nothing can be written but below what the plan lets be written; TCP ports are the plan's. The first two are
 * left out where the command may change mounts (CAP_SYS_ADMIN, user namespaces inside), unless the plan
 * requires them. Mustn't have happened before: anything mounted still to come. The root is entered,
 * no_new_privs is set. 0 or -errno: ENOSYS where the kernel lacks what the plan requires.
 */
int landlock_confine(const struct plan *p, struct err *e);
