/*
 * gifts.h - what is given to the user inside. Not pure: fchownat(2).
 *
 * In a sandbox of croft-gate nothing can be given before its user namespace is there: until then it waits.
 */
#pragma once

#include <sys/types.h>

#include "common/err.h"
#include "sandbox/plan.h"

enum { GIFTS_MAX = 16 };

struct gifts {
	struct gift {
		int fd; /* owned */
		gid_t gid;
	} item[GIFTS_MAX];
	unsigned count;
};

/* Gives what fd is open on (it is borrowed) to the plan's user and to gid, now or later. 0 or -errno; a
 * read-only file system is no error. */
int gifts_give(struct gifts *g, const struct plan *p, int fd, gid_t gid, struct err *e);

/* Those that wait. 0 or -errno. */
int gifts_hand_over(struct gifts *g, const struct plan *p, struct err *e);
