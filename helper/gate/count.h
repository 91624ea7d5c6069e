/*
 * count.h - how many sandboxes the caller has. Not pure: reads /proc; needs no capability.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "common/err.h"

/*
 * A sandbox counts as long as its first process lives: the first of a pid namespace other than this one, with
 * the caller's id as its real one. 0 where there are less than most, -EDQUOT otherwise, -errno where /proc
 * does not show what is needed. Called before the new one is made.
 */
int count_before(uint64_t most, struct err *e);

/*
 * The same when the new one is there, whose first process is first: 0 where there are at most that many, so
 * that of several that start at once each sees the others. -errno where /proc does not show it (hidepid,
 * proc(5)): then it may not show others.
 */
int count_with(uint64_t most, pid_t first, struct err *e);
