/*
 * mem.h - blocks of memory for arenas. Not pure: mmap(2).
 */
#pragma once

#include "common/arena.h"

/* An arena over size fresh anonymous bytes, private, never given back. 0 or -errno. */
int mem_arena(size_t size, struct arena *ret);
