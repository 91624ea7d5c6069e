/*
 * cgroup.h - the cgroup that carries a sandbox's limits on memory, processor, processes and disk. Not pure.
 *
 * Two directories: one has the limits, and a `box` below it is where the sandbox's first process is born
 * (CLONE_INTO_CGROUP). What somebody inside may do to the cgroup he is in, does not reach the one with the
 * limits.
 *
 *     base/croft-1234        memory.max, pids.max, ...
 *     base/croft-1234/box    the sandbox
 *     base/croft-1234.1      croft itself, where base was its own cgroup: a cgroup with limits below has no
 * processes
 *
 * Nothing of it stays. croft removes it at the end; a keeper, a process of a few pages, does when croft was
 * killed; where both were, the next croft does (nobody holds the lock of the directory then). A scope is
 * removed by systemd.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "frontend/keeper.h"
#include "sandbox/plan.h"

enum { CGROUP_NAME_MAX = 64 };

struct cgroup {
	int box;    /* for clone3(2); -1: the plan has no limit that needs a cgroup */
	int limits; /* the directory with the limits */
	int base;
	char name[CGROUP_NAME_MAX]; /* of limits, in base */
	char leaf[CGROUP_NAME_MAX]; /* of croft's own; "" where it did not move */
	unsigned enabled;           /* controllers that were not given to those below base before */
	bool scope;                 /* systemd removes it all */
	struct keeper keeper;
};

/*
 * Makes the cgroup and sets every limit of the plan, or none: 0, or -errno with *e, and then nothing is left.
 * croft itself may be in another cgroup afterwards. *ret is filled in either case and may be given to
 * cgroup_end().
 */
int cgroup_make(const struct plan *p, struct cgroup *ret, struct err *e);

/* How often a limit was hit. */
struct cgroup_hits {
	uint64_t killed;  /* processes that the kernel killed since memory was used up */
	uint64_t refused; /* processes or threads that could not be started */
};
void cgroup_hits(const struct cgroup *c, struct cgroup_hits *ret);

/* Once every process of the sandbox is gone. */
void cgroup_end(struct cgroup *c);
