/*
 * keeper.h - a process of a few pages that clears away behind a croft that was killed. Not pure: fork(2).
 */
#pragma once

#include <sys/types.h>

#include "common/err.h"

enum { KEEPER_FDS = 4 };

struct keeper {
	pid_t pid; /* 0: none */
	int end;   /* closed when we die */
};

/*
 * Calls undo(ctx), in the other process, when this one has ended without keeper_end(). It keeps the n
 * descriptors fd, at most KEEPER_FDS, -1 among them being none, and nothing else. 0 or -errno.
 */
int keeper_start(struct keeper *k, const int *fd, size_t n, void (*undo)(void *ctx), void *ctx,
		 struct err *e);

/* It ends, and undoes nothing. Also from a child of ours. */
void keeper_end(struct keeper *k);
