/*
 * probe.h - tries a thing in a child process that is thrown away, and brings its error back. Not pure.
 *
 * What the child mounts or makes goes with its namespaces. At the end, or when it takes longer than PROBE_MS,
 * it is killed with what it started.
 */
#pragma once

#include <sys/types.h>

#include "common/err.h"

enum { PROBE_MS = 10000 };

/* Runs in the child: 0 or -errno with *e. */
typedef int probe_run_fn(void *ctx, struct err *e);
/* Runs in the caller while the child waits: writes the id maps of child. 0 or -errno with *e. */
typedef int probe_map_fn(pid_t child, void *ctx, struct err *e);

struct probe {
	unsigned long flags; /* clone(2): CLONE_NEW...; with CLONE_NEWUSER the maps are written before run */
	probe_map_fn *map;   /* NULL: the caller's own ids, as root */
	probe_run_fn *run;   /* NULL: nothing; the namespaces and the maps are what is tried */
	void *ctx;
};

/* What run returned, with its *e; or why it did not come to that. The process must have one thread. */
int probe_run(const struct probe *p, struct err *e);
