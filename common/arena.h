/*
 * arena.h - memory that is given out in one direction and never back. Pure.
 *
 * The caller supplies the block (a static array, or mem_map() of mem.h), so that
 * the parsers are bounded and call no allocator.
 */
#pragma once

#include <stddef.h>

struct arena {
	char *base;
	size_t size;
	size_t used;
};

/* n zeroed bytes, aligned for any type; NULL when the arena is full. */
void *arena_alloc(struct arena *a, size_t n);
/* An array of count elements; NULL when full or when count * size overflows. */
void *arena_array(struct arena *a, size_t count, size_t size);
/* A terminated copy of s[0..n); NULL when full. */
char *arena_copy(struct arena *a, const char *s, size_t n);
