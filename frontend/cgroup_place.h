/*
 * cgroup_place.h - where on this host a cgroup with limits can be made by the caller. Not pure:
 * cgroup_facts_read() looks at /proc, cgroupfs and the user manager's socket. cgroup_choose() is a pure
 * function of what it saw.
 */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "frontend/cgroup_text.h"

/* A directory in which a cgroup might be made. */
struct cgroup_base {
	bool writable; /* the caller may make cgroups in it, give controllers to them, and move processes into
			  it */
	bool delegated; /* it is his to divide: not the user manager's own */
	bool busy;      /* processes other than croft are in it, which forbids it to have controllers below */
	unsigned have;  /* CGROUP_BIT()s that it has itself */
	unsigned given; /* of these, what is given to those below: cgroup.subtree_control */
};

struct cgroup_facts {
	bool mounted;                      /* a hierarchy of version 2 is */
	char at[PATH_MAX], root[PATH_MAX]; /* where it is, and which of its directories: cgroup_mounted() */
	char own[PATH_MAX];                /* path of the caller's cgroup in it */
	unsigned v1;                       /* controllers bound to version 1 */
	unsigned kernel;                   /* controllers of version 2; all, where it cannot be seen */
	struct cgroup_base parent;         /* of the caller's cgroup */
	struct cgroup_base self;
	bool bus;          /* the user manager of systemd may be asked for a scope */
	bool manager_seen; /* manager is known */
	unsigned manager;  /* controllers the user manager was given */
	uint32_t uid;
};

enum { CGROUP_SCOPE_MAX = 256 }; /* name of a unit of systemd */

void cgroup_facts_read(struct cgroup_facts *ret);

enum cgroup_way {
	CGROUP_NONE,   /* no controller is needed */
	CGROUP_PARENT, /* beside the caller's cgroup */
	CGROUP_SELF,   /* in the caller's cgroup, which croft leaves for one below it */
	CGROUP_SCOPE,  /* in a new scope of the user manager, into which croft moves */
	CGROUP_WAYS
};

/*
 * A way by which a cgroup can be made that has the controllers. A directory that was delegated comes before a
 * scope: whoever started croft there wants its own limits to hold, too. 0, or -ENOTSUP with *e: the sentence
 * names what is missing, the hint the command that mends it.
 */
int cgroup_choose(const struct cgroup_facts *f, unsigned need, enum cgroup_way *ret, struct err *e);
