/*
 * count.h - how many sandboxes the caller has. Not pure: reads /proc; needs no capability.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "common/err.h"

/*
 * A sandbox counts as long as its first process lives: the first of a pid namespace other than this one, with
 * the caller's id as its real one. 0 where there are less than most, -EDQUOT otherwise; -errno where /proc
 * may not show them all (hidepid, proc(5)). For a good answer before anything is made.
 */
int count_before(uint64_t most, struct err *e);

/*
 * The same in the first process of the new one, for sandbox_hooks: 0 where there are at most that many with
 * it. Of several that start at once each sees the others, and whoever kills this process has no sandbox.
 */
int count_admit(int proc, uint64_t most, struct err *e);
