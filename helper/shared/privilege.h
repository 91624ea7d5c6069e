/*
 * privilege.h - the capabilities a privileged program has: when it holds them, when they work, when they are
 * gone. Not pure.
 */
#pragma once

#include <stdint.h>

#include "common/err.h"

/* What a program is installed with. */
struct privilege {
	uint64_t caps;      /* CAP_BIT()s */
	const char *all;    /* for messages: "cap_setuid and cap_setgid" */
	const char *any;    /* "cap_setuid or cap_setgid" */
	const char *setcap; /* the text for setcap(8) */
	const char *root;   /* what is said to a caller who is root */
};

/*
 * Should (holds afterwards): the permitted set is exactly w->caps; effective, inheritable and ambient are
 * empty; all user ids are the caller's and all group ids are the caller's; uid 0 cannot be had again.
 * Mustn't: leave it to the kernel what was given: everything is read back.
 *
 * Works from file capabilities and from setuid root. -EPERM with the cause on this host otherwise (status
 * HELPER_NO_PRIVILEGE), and where the caller is root himself or in another user namespace (HELPER_REFUSED).
 */
int privilege_reduce(const struct privilege *w, struct err *e);

/* Makes one permitted capability effective, or none (0). 0 or -errno. */
int privilege_effective(const struct privilege *w, uint64_t cap_bit, struct err *e);

/* Takes the caller's ids, where it has not yet, gives every capability up and reads back that they are gone.
 * 0 or -errno. */
int privilege_drop(struct err *e);
