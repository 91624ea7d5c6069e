/*
 * privilege.h - the two capabilities croft-idmap has: when it holds them, when they work, when they are gone.
 * Not pure.
 */
#pragma once

#include <stdint.h>

#include "common/err.h"

/*
 * Should (holds afterwards): the permitted set is exactly cap_setuid and cap_setgid; effective, inheritable
 * and ambient are empty; all user ids are the caller's and all group ids are the caller's; uid 0 cannot be
 * had again. Mustn't: leave it to the kernel what was given: everything is read back.
 *
 * Works from file capabilities and from setuid root. -EPERM with the cause on this host otherwise (status
 * IDMAP_NO_PRIVILEGE), and where the caller is root himself or in another user namespace (IDMAP_REFUSED).
 */
int privilege_reduce(struct err *e);

/* Makes one permitted capability effective, or none (0). 0 or -errno. */
int privilege_effective(uint64_t cap_bit, struct err *e);

/* Gives every capability up and reads back that it is gone. 0 or -errno. */
int privilege_drop(struct err *e);
