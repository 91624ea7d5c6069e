#include "frontend/join.h"

#include <string.h>

const char *join(struct arena *a, const char *s1, const char *s2, const char *s3, const char *s4)
{
	const char *part[] = {s1, s2, s3, s4};
	size_t n = 0;
	char *p, *end;

	for (int i = 0; i < 4; i++)
		n += strlen(part[i]);
	p = end = arena_alloc(a, n + 1);
	for (int i = 0; p && i < 4; i++) {
		size_t k = strlen(part[i]);

		memcpy(end, part[i], k);
		end += k;
	}
	return p;
}
