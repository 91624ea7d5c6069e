/*
 * The input is one word. Each strict reader says what a reader made of strtoull(3) says, and quoting gives
 * text that is fit to print.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "tests/fuzz/fuzz.h"

enum { BYTES_MAX = 2048 };

__extension__ typedef unsigned __int128 wide;

/* The digits at the beginning of s as a number; false: none, a zero too much, or more than fits anywhere. */
static bool digits(const char *s, size_t *ret_n, wide *ret)
{
	wide v = 0;
	size_t n = strspn(s, "0123456789");

	*ret_n = n;
	if (n == 0 || n > 30 || (n > 1 && s[0] == '0'))
		return false;
	for (size_t i = 0; i < n; i++)
		v = v * 10 + (unsigned)(s[i] - '0');
	*ret = v;
	return true;
}

static void look_at_numbers(const char *s)
{
	uint32_t u32 = 7;
	uint64_t u64 = 7;
	wide v = 0;
	size_t n;
	bool whole = digits(s, &n, &v) && !s[n];

	MUST((text_u32(s, &u32) == 0) == (whole && v <= UINT32_MAX));
	MUST(u32 == (whole && v <= UINT32_MAX ? (uint32_t)v : 7));
	u32 = 7;
	MUST((text_id(s, &u32) == 0) == (whole && v < UINT32_MAX));
	MUST((text_u64(s, &u64) == 0) == (whole && v <= UINT64_MAX));
	MUST(u64 == (whole && v <= UINT64_MAX ? (uint64_t)v : 7));
}

static void look_at_size(const char *s)
{
	static const char suffix[] = "KMGT", small[] = "kmgt";
	uint64_t got = 7;
	wide v = 0;
	size_t n;
	bool good = digits(s, &n, &v);

	if (good && s[n]) {
		const char *at = memchr(suffix, s[n], 4);

		if (!at && (at = memchr(small, s[n], 4)))
			at = suffix + (at - small);
		good = at && !s[n + 1];
		for (ptrdiff_t i = 0; good && i <= at - suffix; i++)
			v *= 1024;
	}
	good = good && v <= UINT64_MAX;
	MUST((text_size(s, &got) == 0) == good);
	MUST(got == (good ? (uint64_t)v : 7));
}

static void look_at_duration(const char *s)
{
	uint32_t got = 7;
	wide v = 0;
	size_t n;
	bool good = digits(s, &n, &v);
	const char *unit = s + n;
	wide each = !*unit || !strcmp(unit, "s") ? 1000
		    : !strcmp(unit, "ms")        ? 1
		    : !strcmp(unit, "m")         ? 60000
		    : !strcmp(unit, "h")         ? 3600000
						 : 0;

	good = good && each && v * each <= INT32_MAX;
	MUST((text_duration_ms(s, &got) == 0) == good);
	MUST(got == (good ? (uint32_t)(v * each) : 7));
}

static void look_at_milli(const char *s)
{
	uint64_t got = 7;
	wide v = 0;
	size_t n, part = 0;
	bool good = digits(s, &n, &v);

	v *= 1000;
	if (good && s[n] == '.') {
		wide thousandths = 0;

		part = strspn(s + n + 1, "0123456789");
		for (size_t i = 0; i < 3; i++)
			thousandths = thousandths * 10 + (i < part ? (unsigned)(s[n + 1 + i] - '0') : 0);
		good = part >= 1 && part <= 3;
		v += thousandths;
		part++;
	}
	good = good && !s[n + part] && v <= UINT64_MAX - 1000;
	if (v > UINT64_MAX - 2000 && v <= UINT64_MAX) /* the last whole number is not given */
		return;
	MUST((text_milli(s, &got) == 0) == good);
	MUST(got == (good ? (uint64_t)v : 7));
}

static void look_at_mode(const char *s)
{
	uint32_t got = 7;
	size_t n = strspn(s, "01234567");
	bool good = !s[n] && n >= 1 && (n <= 4 || (n == 5 && s[0] == '0'));

	MUST((text_mode(s, &got) == 0) == good);
	MUST(got == (good ? (uint32_t)strtoul(s, NULL, 8) : 7));
}

/* Printed, it moves no cursor and ends no line; nothing but text longer than fits is cut. */
static void look_at_quoted(const char *s)
{
	struct quoted q;
	const unsigned char *p = (const unsigned char *)quote(&q, s);
	size_t n = strlen(q.s), utf8;

	MUST(n > 0 && n < sizeof(q.s));
	for (; *p; p += utf8 ? utf8 : 1) {
		utf8 = utf8_len(p);
		MUST(utf8 || (*p >= 0x20 && *p < 0x7f));
		MUST(!(utf8 == 2 && p[0] == 0xc2 && p[1] < 0xa0));
	}
	MUST(strlen(s) < 600 || !strcmp(q.s + n - 3, "..."));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *s;

	if (size > BYTES_MAX)
		return 0;
	s = fuzz_copy(data, size);
	look_at_numbers(s);
	look_at_size(s);
	look_at_duration(s);
	look_at_milli(s);
	look_at_mode(s);
	look_at_quoted(s);
	free(s);
	return 0;
}
