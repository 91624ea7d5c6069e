#include "common/arena.h"

#include <stdint.h>
#include <string.h>

void *arena_alloc(struct arena *a, size_t n)
{
	const size_t align = _Alignof(max_align_t);
	size_t pad = (align - a->used % align) % align;
	char *p;

	if (pad > a->size - a->used || n > a->size - a->used - pad)
		return NULL;
	p = a->base + a->used + pad;
	a->used += pad + n;
	memset(p, 0, n);
	return p;
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
	if (size && count > SIZE_MAX / size)
		return NULL;
	return arena_alloc(a, count * size);
}

char *arena_copy(struct arena *a, const char *s, size_t n)
{
	char *p = n < SIZE_MAX ? arena_alloc(a, n + 1) : NULL;

	if (p)
		memcpy(p, s, n);
	return p;
}
