/*
 * admin.h - CAP_SYS_ADMIN around the calls that need it. Not pure: capset(2).
 *
 * In a user namespace of its own a sandbox is made with its capabilities effective, and this does nothing. A
 * privileged program that makes one without (croft-gate) has the capability permitted and never effective,
 * but for the one call inside AS_ADMIN(): no path of the caller's is resolved while it is. Of files, only the
 * id maps are opened with a capability (userns.h).
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

/* From now on AS_ADMIN() raises and lowers; permitted: CAP_BIT()s that this process has and keeps. */
void admin_borrow(uint64_t permitted);

/* Another effective user id, 0 among them; the real one stays the caller's. Needs CAP_SETUID among the
 * permitted capabilities; nothing where nothing was borrowed. 0 or -errno. */
int admin_become(uid_t uid);

/* Makes those of the permitted capabilities effective, or none (0). 0 or -errno. */
int admin_effective(uint64_t cap_bits);

/* Gives what was borrowed up for good, before anything that may wait for the caller; ends the process where
 * that cannot be. */
void admin_give_up(void);

/* unshare(2) into a user namespace among others: from then on the capabilities are those in there, and
 * AS_ADMIN() does nothing. 0 or -errno. */
int admin_unshare(int flags);

void admin_raise(void);

/* Lowers, and hands through the result and errno of the call between. What cannot be lowered is given up: -1
 * and EPERM then, so that whoever made the call says that the start has failed. */
long admin_lower(long result);

/* call: one system call whose arguments are values that are at hand already. Its result, as a long. */
#define AS_ADMIN(call) (admin_raise(), admin_lower((long)(call)))
