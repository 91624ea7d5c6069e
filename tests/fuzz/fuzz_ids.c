/*
 * The input is numbers in decimal: own id, own id inside, limit, then ranges (start, count). The layout of
 * the map is the one that 128-bit arithmetic gives, or is refused where that says so; its text is read back.
 */
#include <errno.h>
#include <string.h>

#include "common/ids.h"
#include "tests/fuzz/fuzz.h"
#include "tests/reference/ids.h"

enum { BYTES_MAX = 8192, RANGES_MAX = 12, EXTENTS_MAX = 8, NUMBERS_MAX = 3 + 2 * RANGES_MAX };

static void look(const struct reference_map *m)
{
	struct id_extent x[EXTENTS_MAX];
	char text[IDS_TEXT_MAX];
	int n = id_layout(m->own, m->own_inside, m->range, m->n, m->limit, x, EXTENTS_MAX);

	MUST((n == -EINVAL) == !reference_ranges_good(m));
	if (n < 0) {
		MUST(n == -EINVAL || (n == -E2BIG && m->n + 2 > EXTENTS_MAX));
		return;
	}
	MUST(id_map_text(x, (size_t)n, text, sizeof(text)) == (int)strlen(text));
	MUST(reference_map_is(m, x, (size_t)n, text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct id_range r[RANGES_MAX] = {{0, 0}};
	struct reference_map m = {.range = r};
	uint64_t v[NUMBERS_MAX];
	size_t n;

	if (size > BYTES_MAX)
		return 0;
	n = fuzz_numbers(data, size, v, NUMBERS_MAX);
	if (n < 3)
		return 0;
	m.own = (uint32_t)v[0];
	m.own_inside = (uint32_t)v[1];
	m.limit = v[2];
	for (; 4 + 2 * m.n < n; m.n++)
		r[m.n] = (struct id_range){.start = (uint32_t)v[3 + 2 * m.n],
					   .count = (uint32_t)v[4 + 2 * m.n]};
	look(&m);
	return 0;
}
