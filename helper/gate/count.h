/*
 * count.h - how many sandboxes the caller has. Not pure: reads /proc; needs no capability.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "common/err.h"

/*
 * A sandbox counts as long as its first process lives: the first of a pid namespace other than this one, with
 * the caller's id as its real one. 0 where there are at most that many, -EDQUOT beyond, -errno where /proc
 * does not show them all (hidepid, proc(5)). one: the first process of one of them.
 */
int count_check(uint64_t most, pid_t one, struct err *e);
