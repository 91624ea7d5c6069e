/*
 * staging.h - where a root grows before it has its name. Not pure.
 *
 * A hidden directory beside the named roots, ".NAME.import-XXXXXXXX": in it the directory `root`, and a file
 * whose lock says that somebody works here. The lock goes with the last process that holds it, so what an
 * import left that was killed is known by it, and removed by the next one.
 */
#pragma once

#include "common/err.h"
#include "frontend/roots.h"

#define STAGING_ROOT "root"

struct staging {
	int roots; /* borrowed: the directory of the named roots */
	int dir;   /* ours, open for reading */
	int root;  /* the directory `root` in it */
	int lock;
	char name[ROOTS_HIDDEN_MAX];
};

/* Makes one for the root called name. 0 or -errno; then nothing is left. */
int staging_make(int roots, const char *name, struct staging *ret, struct err *e);

/* Takes the directory `root` to its name, which must be free (-EEXIST). As root of the user namespace where
 * its owners are mapped. 0 or -errno. */
int staging_publish(const struct staging *s, const char *name, struct err *e);

/* Removes it with all that is in it, and closes. 0 or -errno. */
int staging_end(struct staging *s, struct err *e);

/* Removes what nobody works on any more. What cannot be removed is passed over. */
void staging_sweep(int roots);
