/*
 * admin.h - CAP_SYS_ADMIN around the calls that need it. Not pure: capset(2).
 *
 * In a user namespace of its own a sandbox is made with its capabilities effective, and this does nothing. A
 * privileged program that makes one without (croft-gate) has the capability permitted and never effective,
 * but for the one call inside AS_ADMIN(): no path of the caller's is resolved, and no file opened, while it
 * is.
 */
#pragma once

/* From now on AS_ADMIN() raises and lowers. */
void admin_borrow(void);

void admin_raise(void);

/* Lowers, and hands through the result and errno of the call between; ends the process where it cannot be
 * lowered. */
long admin_lower(long result);

/* call: one system call whose arguments are values that are at hand already. Its result, as a long. */
#define AS_ADMIN(call) (admin_raise(), admin_lower((long)(call)))
