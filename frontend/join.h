/*
 * join.h - strings put together in an arena. Pure.
 */
#pragma once

#include "common/arena.h"

/* All four, one behind the other; NULL where the arena is full. */
const char *join(struct arena *a, const char *s1, const char *s2, const char *s3, const char *s4);
