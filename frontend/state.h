/*
 * state.h - the folder in which a sandbox with a name is found by others of its user. Not pure.
 *
 *     $XDG_RUNTIME_DIR/croft/NAME/lock      locked as long as its croft, or the keeper behind it, lives
 *                                 control   the socket it answers on (control.h)
 *                                 state     what croft ps prints
 *                                 log       what a detached one has said
 *
 * Without XDG_RUNTIME_DIR /run/user/UID, without that /tmp/croft-UID stands for it; it must be the caller's
 * own and closed to others. Whether an entry is alive says its lock, never a number of a process. One that is
 * not is removed by whoever comes by.
 */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/arena.h"
#include "common/err.h"
#include "sandbox/plan.h"

enum { STATE_NAME_MAX = PLAN_NAME_MAX, STATE_BYTES_MAX = 4 << 20 };

/* What is known of a sandbox. */
struct state_facts {
	const char *name;
	pid_t pid;     /* of its croft */
	int64_t began; /* seconds since 1970 */
	bool detached;
	const char *root;
	struct plan_strings argv;
};

/* An entry of our own. */
struct state {
	int base, dir, lock; /* -1: none */
	char base_path[PATH_MAX];
	char name[STATE_NAME_MAX + 1];
};

void state_init(struct state *s, const char *name);

/*
 * Takes the name, for as long as lock is open here or in a child. Of a sandbox that is alive it is -EEXIST. 0
 * or -errno with *e; afterwards *s may be given to state_remove().
 */
int state_claim(struct state *s, struct err *e);

/* What is left of an entry that nobody holds any more, goes. For another process than the one that claimed
 * it.
 */
void state_sweep(const struct state *s);

/* Makes the files that others read: 0 or -errno. */
int state_write(const struct state *s, const struct state_facts *f, struct err *e);

/* Should: nothing of it is left. */
void state_remove(struct state *s);

/* A listening socket of the entry, or -errno. */
int state_listen(const struct state *s, struct err *e);

/* --- of others --- */

/* The entry of a sandbox that is alive: a descriptor of its directory, or -ENOENT with *e. */
int state_open(const char *name, struct err *e);

/* A connection to its croft. A descriptor or -errno. */
int state_connect(const char *name, struct err *e);

/* Calls one() for each that is alive, in the order of names, and removes the others. Stops at an error. The
 * facts point into an arena of its own. 0 or -errno. */
int state_each(int (*one)(void *ctx, const struct state_facts *f), void *ctx, struct err *e);
