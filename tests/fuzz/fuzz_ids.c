/*
 * The input is numbers in decimal: own id, own id inside, limit, then ranges (start, count). The layout of
 * the map is the one that 128-bit arithmetic gives, or is refused where that says so; its text is read back.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/ids.h"
#include "tests/fuzz/fuzz.h"

enum { BYTES_MAX = 8192, RANGES_MAX = 12, EXTENTS_MAX = 8 };

__extension__ typedef __int128 wide;

static bool ranges_are_good(const struct id_range *r, size_t n, uint32_t own)
{
	for (size_t i = 0; i < n; i++) {
		wide start = r[i].start, end = start + r[i].count;

		if (end == start || start == 0 || end > UINT32_MAX || (own >= start && own < end))
			return false;
		for (size_t k = 0; k < i; k++)
			if (r[k].start < end && start < (wide)r[k].start + r[k].count)
				return false;
	}
	return true;
}

/* The id outside of the i-th id that is given, from 0 on. */
static bool nth(const struct id_range *r, size_t n, wide limit, wide i, wide *ret)
{
	if (i >= limit)
		return false;
	for (size_t k = 0; k < n; k++) {
		if (i < r[k].count) {
			*ret = r[k].start + i;
			return true;
		}
		i -= r[k].count;
	}
	return false;
}

/* What the id inside must be outside. */
static bool should(const struct id_range *r, size_t n, uint32_t own, uint32_t own_inside, wide limit,
		   wide inside, wide *ret)
{
	if (own_inside != ID_NONE && inside == own_inside) {
		*ret = own;
		return true;
	}
	return nth(r, n, limit, own_inside != ID_NONE && inside > own_inside ? inside - 1 : inside, ret);
}

static bool is(const struct id_extent *x, int n, wide inside, wide *ret)
{
	unsigned found = 0;

	for (int i = 0; i < n; i++)
		if (inside >= x[i].inside && inside < (wide)x[i].inside + x[i].count) {
			*ret = x[i].outside + (inside - x[i].inside);
			found++;
		}
	MUST(found <= 1);
	return found;
}

/* Both agree at every place where one of them may change, and beside it. */
static void must_agree(const struct id_range *r, size_t n, uint32_t own, uint32_t own_inside, uint64_t limit,
		       const struct id_extent *x, int nx, const char *text)
{
	wide at[4 * EXTENTS_MAX + 2 * RANGES_MAX + 8], sum = 0;
	size_t k = 0;

	for (int i = 0; i < nx; i++) {
		MUST(x[i].count > 0);
		at[k++] = x[i].inside;
		at[k++] = (wide)x[i].inside + x[i].count;
	}
	for (size_t i = 0; i < n; i++)
		at[k++] = sum += r[i].count;
	at[k++] = own_inside;
	at[k++] = limit;
	at[k++] = 0;
	for (size_t i = 0; i < k; i++)
		for (wide inside = at[i] - 2; inside <= at[i] + 2; inside++) {
			wide want = -1, got = -1;
			uint32_t outside;
			bool mapped;

			if (inside < 0 || inside >= ID_NONE)
				continue;
			mapped = should(r, n, own, own_inside, limit, inside, &want);
			MUST(is(x, nx, inside, &got) == mapped);
			MUST(got == want);
			MUST((id_map_outside(text, (uint32_t)inside, &outside) == 0) == mapped);
			MUST(!mapped || outside == want);
		}
}

static void look(const uint64_t *v, size_t n)
{
	struct id_range r[RANGES_MAX] = {{0, 0}};
	struct id_extent x[EXTENTS_MAX];
	char text[IDS_TEXT_MAX];
	uint32_t own = (uint32_t)v[0], own_inside = (uint32_t)v[1];
	size_t nr = (n - 3) / 2;
	int nx;

	for (size_t i = 0; i < nr; i++)
		r[i] = (struct id_range){.start = (uint32_t)v[3 + 2 * i], .count = (uint32_t)v[4 + 2 * i]};
	nx = id_layout(own, own_inside, r, nr, v[2], x, EXTENTS_MAX);
	MUST((nx == -EINVAL) == !ranges_are_good(r, nr, own));
	if (nx < 0) {
		MUST(nx == -EINVAL || (nx == -E2BIG && nr + 2 > EXTENTS_MAX));
		return;
	}
	MUST(id_map_text(x, (size_t)nx, text, sizeof(text)) == (int)strlen(text));
	must_agree(r, nr, own, own_inside, v[2], x, nx, text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t v[3 + 2 * RANGES_MAX];
	char *text, *s, *end;
	size_t n = 0;

	if (size > BYTES_MAX)
		return 0;
	text = fuzz_copy(data, size);
	for (s = text; n < sizeof(v) / sizeof(v[0]); s = end) {
		v[n] = strtoull(s, &end, 10);
		if (end == s)
			break;
		n++;
	}
	free(text);
	if (n >= 3)
		look(v, n);
	return 0;
}
