/*
 * The input is an ld.so.cache, of which nothing is believed: every name and path that is found lies in it.
 */
#include <stdlib.h>
#include <string.h>

#include "frontend/rootbuild/ldcache.h"
#include "tests/fuzz/fuzz.h"

enum { BYTES_MAX = 1 << 15 };

static void must_lie_in(const char *s, const uint8_t *data, size_t size)
{
	const uint8_t *p = (const uint8_t *)s;

	MUST(p >= data && p < data + size);
	MUST(memchr(p, '\0', size - (size_t)(p - data)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t pos = 0, before = 0;
	struct ldcache c;
	const char *path;

	if (size > BYTES_MAX || ldcache_open(data, size, &c) != 0)
		return 0;
	MUST((size_t)c.count * c.entry_size <= size);
	while ((path = ldcache_next(&c, "libc.so.6", &pos))) {
		must_lie_in(path, data, size);
		MUST(pos > before && pos <= c.count);
		before = pos;
	}
	return 0;
}
