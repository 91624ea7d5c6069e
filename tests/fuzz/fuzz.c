#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fuzz_broken(const char *what, const char *file, int line)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
	__builtin_trap();
}

void *fuzz_block(const void *data, size_t size)
{
	void *p = malloc(size ? size : 1);

	if (!p)
		abort();
	if (size)
		memcpy(p, data, size);
	return p;
}

char *fuzz_copy(const void *data, size_t size)
{
	char *p = malloc(size + 1);

	if (!p)
		abort();
	if (size)
		memcpy(p, data, size);
	p[size] = '\0';
	return p;
}

struct arena fuzz_arena(size_t size)
{
	static char *base;
	static size_t have;

	if (have < size) {
		free(base);
		base = malloc(size);
		have = size;
		if (!base)
			abort();
	}
	return (struct arena){.base = base, .size = size};
}

void fuzz_refused(int r, const struct err *e)
{
	MUST(r < 0);
	MUST(e->code == -r);
	MUST(e->msg[0]);
	MUST(memchr(e->msg, '\0', sizeof(e->msg)) && memchr(e->hint, '\0', sizeof(e->hint)));
	for (const char *s = e->msg; *s; s++)
		MUST((unsigned char)*s >= 0x20 && *s != 0x7f);
}

char *fuzz_line(const uint8_t **data, size_t *size)
{
	const uint8_t *nl;
	size_t n;
	char *line;

	if (*size == 0)
		return NULL;
	nl = memchr(*data, '\n', *size);
	n = nl ? (size_t)(nl - *data) : *size;
	line = fuzz_copy(*data, n);
	n += nl != NULL;
	*data += n;
	*size -= n;
	return line;
}

size_t fuzz_numbers(const uint8_t *data, size_t size, uint64_t *ret, size_t max)
{
	char *text = fuzz_copy(data, size), *s = text, *end;
	size_t n = 0;

	for (; n < max; s = end) {
		ret[n] = strtoull(s, &end, 10);
		if (end == s)
			break;
		n++;
	}
	free(text);
	return n;
}
