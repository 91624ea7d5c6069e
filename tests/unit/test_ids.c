/* Ranges of ids, compared with plain 64-bit arithmetic on every edge. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/ids.h"

static const uint32_t edge[] = {0,
				1,
				2,
				3,
				999,
				1000,
				1001,
				65535,
				65536,
				65537,
				INT32_MAX - 1u,
				INT32_MAX,
				INT32_MAX + 1u,
				INT32_MAX + 2u,
				UINT32_MAX - 1001,
				UINT32_MAX - 3,
				UINT32_MAX - 2,
				UINT32_MAX - 1,
				UINT32_MAX};
enum { EDGES = sizeof(edge) / sizeof(edge[0]) };

static bool wide_valid(uint64_t start, uint64_t count)
{
	return count > 0 && start + count - 1 < UINT32_MAX;
}

static void a_range_is_valid_when_64_bit_arithmetic_says_so(void **state)
{
	(void)state;
	for (size_t i = 0; i < EDGES; i++)
		for (size_t k = 0; k < EDGES; k++)
			if (id_range_valid(edge[i], edge[k]) != wide_valid(edge[i], edge[k]))
				fail_msg("%u:%u", edge[i], edge[k]);
}

static void a_range_has_the_ids_that_64_bit_arithmetic_gives_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < EDGES; i++)
		for (size_t k = 0; k < EDGES; k++)
			for (size_t m = 0; m < EDGES; m++) {
				struct id_range r = {edge[i], edge[k]};
				uint64_t end = (uint64_t)edge[i] + edge[k];
				bool has = edge[m] >= edge[i] && edge[m] < end;

				if (id_range_has(&r, edge[m]) != has)
					fail_msg("%u:%u has %u", edge[i], edge[k], edge[m]);
			}
}

static void ranges_overlap_when_64_bit_arithmetic_says_so(void **state)
{
	(void)state;
	for (size_t i = 0; i < EDGES * EDGES; i++)
		for (size_t k = 0; k < EDGES * EDGES; k++) {
			struct id_range a = {edge[i / EDGES], edge[i % EDGES]};
			struct id_range b = {edge[k / EDGES], edge[k % EDGES]};
			bool over;

			if (!id_range_valid(a.start, a.count) || !id_range_valid(b.start, b.count))
				continue;
			over = (uint64_t)a.start < (uint64_t)b.start + b.count &&
			       (uint64_t)b.start < (uint64_t)a.start + a.count;
			if (id_ranges_overlap(&a, &b) != over)
				fail_msg("%u:%u and %u:%u", a.start, a.count, b.start, b.count);
		}
}

struct layout_case {
	const char *why;
	uint32_t own, own_inside;
	struct id_range range[3];
	size_t n;
	uint64_t limit;
	const char *want;
};

static void a_layout_gives_ids_in_order_and_leaves_the_own_one_out(void **state)
{
	static const struct layout_case table[] = {
		{"the usual: root is the caller",
		 1000,
		 0,
		 {{231072, 65536}},
		 1,
		 UINT64_MAX,
		 "0 1000 1\n1 231072 65536\n"},
		{"the caller keeps his number",
		 1000,
		 1000,
		 {{231072, 65536}},
		 1,
		 UINT64_MAX,
		 "0 231072 1000\n1000 1000 1\n1001 232072 64536\n"},
		{"the caller is not mapped",
		 1000,
		 ID_NONE,
		 {{231072, 65536}},
		 1,
		 UINT64_MAX,
		 "0 231072 65536\n"},
		{"the caller at the first id behind the range",
		 1000,
		 10,
		 {{231072, 10}},
		 1,
		 UINT64_MAX,
		 "0 231072 10\n10 1000 1\n"},
		{"the caller far behind the range",
		 1000,
		 65534,
		 {{231072, 10}},
		 1,
		 UINT64_MAX,
		 "0 231072 10\n65534 1000 1\n"},
		{"between two ranges",
		 1000,
		 10,
		 {{100, 10}, {200, 10}},
		 2,
		 UINT64_MAX,
		 "0 100 10\n10 1000 1\n11 200 10\n"},
		{"file order, not number order",
		 1000,
		 0,
		 {{200, 2}, {100, 2}},
		 2,
		 UINT64_MAX,
		 "0 1000 1\n1 200 2\n3 100 2\n"},
		{"adjacent pieces are joined",
		 1000,
		 ID_NONE,
		 {{100, 2}, {102, 3}},
		 2,
		 UINT64_MAX,
		 "0 100 5\n"},
		{"what is not adjacent outside is not joined",
		 1000,
		 ID_NONE,
		 {{102, 3}, {100, 2}},
		 2,
		 UINT64_MAX,
		 "0 102 3\n3 100 2\n"},
		{"a limit in the first range", 1000, 0, {{100, 10}, {200, 10}}, 2, 3, "0 1000 1\n1 100 3\n"},
		{"a limit in the second range",
		 1000,
		 0,
		 {{100, 10}, {200, 10}},
		 2,
		 12,
		 "0 1000 1\n1 100 10\n11 200 2\n"},
		{"a limit of exactly all",
		 1000,
		 0,
		 {{100, 10}, {200, 10}},
		 2,
		 20,
		 "0 1000 1\n1 100 10\n11 200 10\n"},
		{"a limit of nothing leaves the caller", 1000, 5, {{100, 10}}, 1, 0, "5 1000 1\n"},
		{"no range at all", 1000, 0, {{0, 0}}, 0, UINT64_MAX, "0 1000 1\n"},
		{"the whole number space",
		 7,
		 3,
		 {{1, 6}, {8, UINT32_MAX - 8}},
		 2,
		 UINT64_MAX,
		 "0 1 3\n3 7 1\n4 4 3\n7 8 4294967287\n"},
		{"the last id inside", 7, UINT32_MAX - 1, {{8, 5}}, 1, UINT64_MAX, "0 8 5\n4294967294 7 1\n"},
	};
	struct id_extent x[8];

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const struct layout_case *c = &table[i];
		char text[IDS_TEXT_MAX] = "";
		int n = id_layout(c->own, c->own_inside, c->range, c->n, c->limit, x, 8);

		if (n < 0 || id_map_text(x, (size_t)n, text, sizeof(text)) < 0 || strcmp(text, c->want))
			fail_msg("%s: %d\n%swanted\n%s", c->why, n, text, c->want);
	}
}

static void a_layout_refuses_ranges_that_are_not_the_callers_to_use(void **state)
{
	static const struct {
		const char *why;
		struct id_range range[2];
		size_t n;
	} table[] = {
		{"id 0 of the host", {{0, 10}}, 1},
		{"the own id alone", {{1000, 1}}, 1},
		{"the own id as the first", {{1000, 10}}, 1},
		{"the own id as the last", {{991, 10}}, 1},
		{"the own id in the second range", {{100, 10}, {900, 200}}, 2},
		{"the same range twice", {{100, 10}, {100, 10}}, 2},
		{"an overlap of one", {{100, 10}, {109, 10}}, 2},
		{"a range inside another", {{100, 100}, {150, 1}}, 2},
		{"an empty range", {{100, 0}}, 1},
		{"a range that reaches 4294967295", {{UINT32_MAX, 1}}, 1},
		{"a range that wraps", {{UINT32_MAX - 5, 10}}, 1},
	};
	static const struct id_range good = {231072, 65536};
	struct id_extent x[8];

	(void)state;
	assert_int_equal(id_layout(1000, 0, &good, 1, UINT64_MAX, x, 8), 2);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (id_layout(1000, 0, table[i].range, table[i].n, UINT64_MAX, x, 8) != -EINVAL)
			fail_msg("%s", table[i].why);
}

static void a_layout_refuses_more_extents_than_there_is_room_for(void **state)
{
	static const struct id_range r[] = {{100, 1}, {200, 1}, {300, 1}};
	struct id_extent x[4];

	(void)state;
	assert_int_equal(id_layout(1000, 0, r, 3, UINT64_MAX, x, 4), 4);
	assert_int_equal(id_layout(1000, 0, r, 3, UINT64_MAX, x, 3), -E2BIG);
	assert_int_equal(id_layout(1000, 3, r, 3, UINT64_MAX, x, 3), -E2BIG);
}

/* The slow and obvious way: id by id. */
static size_t one_by_one(uint32_t own, uint32_t own_inside, const struct id_range *r, size_t n,
			 uint64_t limit, uint32_t *outside, size_t size)
{
	uint32_t next = 0;

	for (size_t i = 0; i < size; i++)
		outside[i] = ID_NONE;
	if (own_inside != ID_NONE)
		outside[own_inside] = own;
	for (size_t i = 0; i < n; i++)
		for (uint32_t k = 0; k < r[i].count && limit > 0; k++, limit--) {
			while (next == own_inside)
				next++;
			outside[next++] = r[i].start + k;
		}
	return next;
}

static uint32_t look_up(const struct id_extent *x, size_t n, uint32_t inside)
{
	for (size_t i = 0; i < n; i++)
		if (inside >= x[i].inside && inside - x[i].inside < x[i].count)
			return x[i].outside + (inside - x[i].inside);
	return ID_NONE;
}

static void a_layout_equals_the_one_made_id_by_id(void **state)
{
	enum { WORLD = 64, TRIES = 50000 };
	uint32_t seed = 1, outside[WORLD], made = 0;

	(void)state;
	for (int t = 0; t < TRIES; t++) {
		struct id_range r[4];
		struct id_extent x[16];
		size_t n = 0;
		uint32_t v[11];
		int got;

		for (int i = 0; i < 11; i++)
			v[i] = (seed = seed * 1664525 + 1013904223) >> 16;
		for (; n < v[0] % 5; n++)
			r[n] = (struct id_range){1 + v[n + 1] % 40, 1 + v[n + 5] % 10};
		got = id_layout(50, v[9] % 60 > 55 ? ID_NONE : v[9] % 56, r, n, v[10] % 50, x, 16);
		if (got < 0)
			continue;
		made++;
		one_by_one(50, v[9] % 60 > 55 ? ID_NONE : v[9] % 56, r, n, v[10] % 50, outside, WORLD);
		for (uint32_t i = 0; i < WORLD; i++)
			if (look_up(x, (size_t)got, i) != outside[i])
				fail_msg("try %d, inside %u", t, i);
	}
	assert_in_range(made, TRIES / 20, TRIES);
}

static void a_map_longer_than_a_page_is_refused(void **state)
{
	struct id_extent x[IDS_RANGES_MAX];
	char text[IDS_TEXT_MAX];
	int len;

	(void)state;
	for (uint32_t i = 0; i < IDS_RANGES_MAX; i++)
		x[i] = (struct id_extent){i, i, 1};
	len = id_map_text(x, IDS_RANGES_MAX, text, sizeof(text));
	assert_int_equal(len, strlen(text));
	for (uint32_t i = 0; i < IDS_RANGES_MAX; i++)
		x[i] = (struct id_extent){4000000000u + i, 4000000000u + i, 1};
	assert_int_equal(id_map_text(x, IDS_RANGES_MAX, text, sizeof(text)), -E2BIG);
	assert_int_equal(id_map_text(x, 1, text, 24), -E2BIG);
	assert_int_equal(id_map_text(x, 1, text, 25), 24);
}

static void an_empty_map_is_an_empty_text(void **state)
{
	char text[] = "not yet";

	(void)state;
	assert_int_equal(id_map_text(NULL, 0, text, sizeof(text)), 0);
	assert_string_equal(text, "");
}

/* Wherever a map sends an id, asked of the text as the kernel would read it; every id of interest. */
static void an_exchange_changes_two_ids_and_no_other(void **state)
{
	static const uint32_t id[] = {1, 2, 3, 999, 1000, 1001, 100999, UINT32_MAX - 2, UINT32_MAX - 1};
	const size_t n = sizeof(id) / sizeof(id[0]);
	char text[IDS_TEXT_MAX];

	(void)state;
	for (size_t a = 0; a < n; a++)
		for (size_t b = 0; b < n; b++)
			for (int zero = 0; zero < 2; zero++) {
				uint32_t to = 0;

				assert_true(id_map_exchange(id[a], id[b], zero, text, sizeof(text)) > 0);
				for (size_t i = 0; i < n; i++) {
					assert_int_equal(id_map_outside(text, id[i], &to), 0);
					assert_int_equal(to, i == a ? id[b] : i == b ? id[a] : id[i]);
				}
				assert_int_equal(id_map_outside(text, 0, &to), zero ? 0 : -ENOENT);
				assert_int_equal(id_map_outside(text, UINT32_MAX, &to), -ENOENT);
			}
	assert_int_equal(id_map_exchange(0, 1000, true, text, sizeof(text)), -EINVAL);
	assert_int_equal(id_map_exchange(1000, 0, false, text, sizeof(text)), -EINVAL);
	assert_int_equal(id_map_exchange(1000, UINT32_MAX, false, text, sizeof(text)), -EINVAL);
}

static void an_id_outside_is_read_from_the_map(void **state)
{
	uint32_t to;

	(void)state;
	assert_int_equal(id_map_outside("0 1000 1\n1 100000 65536\n", 0, &to), 0);
	assert_int_equal(to, 1000);
	assert_int_equal(id_map_outside("0 1000 1\n1 100000 65536\n", 65536, &to), 0);
	assert_int_equal(to, 165535);
	assert_int_equal(id_map_outside("0 1000 1\n1 100000 65536\n", 65537, &to), -ENOENT);
	assert_int_equal(
		id_map_outside("         0       1000          1\n         1     100000      65536\n", 5,
			       &to),
		0);
	assert_int_equal(to, 100004);
	assert_int_equal(id_map_outside("", 0, &to), -ENOENT);
	assert_int_equal(id_map_outside("0 1000", 0, &to), -EINVAL);
	assert_int_equal(id_map_outside("x 1000 1\n", 0, &to), -EINVAL);
	assert_int_equal(id_map_outside("0 99999999999 1\n", 0, &to), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_range_is_valid_when_64_bit_arithmetic_says_so),
		cmocka_unit_test(a_range_has_the_ids_that_64_bit_arithmetic_gives_it),
		cmocka_unit_test(ranges_overlap_when_64_bit_arithmetic_says_so),
		cmocka_unit_test(a_layout_gives_ids_in_order_and_leaves_the_own_one_out),
		cmocka_unit_test(a_layout_refuses_ranges_that_are_not_the_callers_to_use),
		cmocka_unit_test(a_layout_refuses_more_extents_than_there_is_room_for),
		cmocka_unit_test(a_layout_equals_the_one_made_id_by_id),
		cmocka_unit_test(a_map_longer_than_a_page_is_refused),
		cmocka_unit_test(an_empty_map_is_an_empty_text),
		cmocka_unit_test(an_exchange_changes_two_ids_and_no_other),
		cmocka_unit_test(an_id_outside_is_read_from_the_map),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
