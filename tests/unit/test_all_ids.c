/*
 * Everything that is computed with ids, at every edge of their numbers and at all combinations of edges,
 * compared with 128-bit arithmetic (tests/reference/ids.c).
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/subid.h"
#include "policy/ids_rule.h"
#include "policy/subordinate.h"
#include "tests/reference/ids.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const uint32_t edge[] = {0,
				1,
				2,
				999,
				65535,
				65536,
				65537,
				INT32_MAX,
				INT32_MAX + 1u,
				INT32_MAX + 2u,
				UINT32_MAX - 3,
				UINT32_MAX - 2,
				UINT32_MAX - 1,
				UINT32_MAX};
enum { EDGES = COUNT(edge), PAIRS = EDGES * EDGES };

static struct id_range pair(size_t i)
{
	return (struct id_range){edge[i / EDGES], edge[i % EDGES]};
}

static void ranges_are_valid_hold_and_overlap_as_in_128_bits(void **state)
{
	(void)state;
	for (size_t i = 0; i < PAIRS; i++) {
		const struct id_range a = pair(i);
		const struct span s = span_of(a.start, a.count);
		bool valid = a.count > 0 && s.last < UINT32_MAX;

		if (id_range_valid(a.start, a.count) != valid)
			fail_msg("%u:%u", a.start, a.count);
		for (size_t k = 0; k < EDGES; k++)
			if (id_range_has(&a, edge[k]) != spans_meet(s, span_of(edge[k], 1)))
				fail_msg("%u:%u has %u", a.start, a.count, edge[k]);
		for (size_t k = 0; k < PAIRS; k++) {
			const struct id_range b = pair(k);

			if (!valid || !id_range_valid(b.start, b.count))
				continue;
			if (id_ranges_overlap(&a, &b) != spans_meet(s, span_of(b.start, b.count)))
				fail_msg("%u:%u and %u:%u", a.start, a.count, b.start, b.count);
		}
	}
}

/* ---- layouts -------------------------------------------------------------------------------- */

enum { EXTENTS = 8 };

/* Returns whether it is a map. */
static bool layout_is_right(const struct reference_map *m)
{
	struct id_extent x[EXTENTS];
	char text[IDS_TEXT_MAX];
	int n = id_layout(m->own, m->own_inside, m->range, m->n, m->limit, x, EXTENTS);

	if (n < 0 ? n != -EINVAL || reference_ranges_good(m) : !reference_ranges_good(m))
		fail_msg("own %u, %u:%u and %u:%u: %d", m->own, m->range[0].start, m->range[0].count,
			 m->range[1].start, m->range[1].count, n);
	if (n < 0)
		return false;
	if (id_map_text(x, (size_t)n, text, sizeof(text)) < 0 || !reference_map_is(m, x, (size_t)n, text))
		fail_msg("own %u at %u, limit %llu, %zu ranges, %u:%u and %u:%u:\n%s", m->own, m->own_inside,
			 (unsigned long long)m->limit, m->n, m->range[0].start, m->range[0].count,
			 m->range[1].start, m->range[1].count, text);
	return true;
}

static size_t every_own(struct reference_map *m)
{
	static const uint64_t limit[] = {1, 65536, UINT64_MAX};
	size_t maps = 0;

	for (size_t i = 0; i < PAIRS; i++)
		for (size_t k = 0; k < COUNT(limit); k++) {
			m->own = edge[i / EDGES];
			m->own_inside = edge[i % EDGES];
			m->limit = limit[k];
			if (!layout_is_right(m))
				break;
			maps++;
		}
	return maps;
}

static void layouts_map_what_they_do_in_128_bits(void **state)
{
	struct id_range r[2] = {{0, 0}, {0, 0}};
	struct reference_map m = {.range = r};
	size_t maps = every_own(&m);

	(void)state;
	for (size_t i = 0; i < PAIRS; i++) {
		r[0] = pair(i);
		m.n = 1;
		maps += every_own(&m);
		m.n = 2;
		for (size_t k = 0; k < PAIRS; k++) {
			r[1] = pair(k);
			/* one that is bad whatever stands beside it was there with n 1 */
			m.own = 7;
			if (reference_ranges_good(&m))
				maps += every_own(&m);
			else
				layout_is_right(&m);
		}
	}
	assert_true(maps > 100000);
}

static void exchanges_change_two_ids_and_no_other(void **state)
{
	(void)state;
	for (size_t i = 0; i < PAIRS * 2; i++) {
		uint32_t a = edge[i / 2 / EDGES], b = edge[i / 2 % EDGES], got;
		bool zero = i % 2, good = a && b && a != UINT32_MAX && b != UINT32_MAX;
		char text[IDS_TEXT_MAX];
		int n = id_map_exchange(a, b, zero, text, sizeof(text));

		assert_int_equal(n < 0, !good);
		for (size_t k = 0; good && k < EDGES; k++)
			for (wide at = (wide)edge[k] - 2; at <= (wide)edge[k] + 2; at++) {
				wide want = at == a ? b : at == b ? a : at;
				bool mapped = at > 0 || (at == 0 && zero);

				if (at < 0 || at >= UINT32_MAX)
					continue;
				if ((id_map_outside(text, (uint32_t)at, &got) == 0) != mapped ||
				    (mapped && got != want))
					fail_msg("%u and %u, at %u:\n%s", a, b, (uint32_t)at, text);
			}
	}
}

/* ---- files ------------------------------------------------------------------------------------ */

/* Numbers of a file may have more than 32 bits. */
static const char *const written[] = {"0",
				      "1",
				      "65535",
				      "65536",
				      "2147483647",
				      "2147483648",
				      "4294967293",
				      "4294967294",
				      "4294967295",
				      "4294967296",
				      "4294967297",
				      "18446744073709551615",
				      "18446744073709551616",
				      "-1",
				      "+1",
				      "01",
				      "",
				      " 1",
				      "0x1"};

/* Whether it is a number of 32 bits as files have it. */
static bool is_u32(const char *s, wide *ret)
{
	size_t n = strspn(s, "0123456789");

	if (n == 0 || s[n] || n > 10 || (s[0] == '0' && n > 1))
		return false;
	*ret = (wide)strtoull(s, NULL, 10);
	return *ret <= UINT32_MAX;
}

static void lines_are_ranges_as_in_128_bits(void **state)
{
	size_t good = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(written) * COUNT(written); i++) {
		const char *start = written[i / COUNT(written)], *count = written[i % COUNT(written)];
		struct id_range got;
		char line[64];
		struct err e;
		wide s, c;
		bool want = is_u32(start, &s) && is_u32(count, &c) && c > 0 && s + c <= UINT32_MAX;
		int n;

		snprintf(line, sizeof(line), "alice:%s:%s\n", start, count);
		n = subid_parse(line, strlen(line), "f", "alice", 1000, &got, 1, &e);
		if (n != (want ? 1 : -EINVAL))
			fail_msg("%s: %d", line, n);
		if (want && (got.start != s || got.count != c))
			fail_msg("%s: %u:%u", line, got.start, got.count);
		good += want;
	}
	assert_true(good > 20 && good < 200);
}

/* ---- ids rules --------------------------------------------------------------------------------- */

/* What the parser takes before it asks whether the rule is right. */
static bool could_be_parsed(const struct ids_rule *r)
{
	return r->base && r->size && r->uid_min && r->uid_max && r->base <= IDS_RULE_LAST &&
	       r->size <= IDS_RULE_LAST && r->uid_min != UINT32_MAX;
}

static void rule_gives_what_it_does_in_128_bits(const struct ids_rule *r)
{
	for (size_t i = 0; i < EDGES * 3; i++) {
		uint32_t uid = edge[i / 3] + (uint32_t)(i % 3) - 1;
		struct span want = {0, 0};
		struct id_range got = {7, 7};
		int said = ids_rule_range(r, uid, &got);

		if (said != reference_rule_range(r, uid, &want) ||
		    (said == 0 && (got.start != want.first || (wide)got.start + got.count - 1 != want.last)))
			fail_msg("base %u size %u uids %u to %u: uid %u: %d, %u:%u", r->base, r->size,
				 r->uid_min, r->uid_max, uid, said, got.start, got.count);
	}
}

enum { RULES = 2000 };

/* All rules at the edges; those without a mistake are kept. */
static size_t make_rules(struct ids_rule *good)
{
	size_t n = 0;

	for (size_t i = 0; i < (size_t)PAIRS * PAIRS; i++) {
		const struct id_range ids = pair(i / PAIRS), uids = pair(i % PAIRS);
		const struct ids_rule r = {ids.start, ids.count, uids.start, uids.count};
		enum ids_rule_word word = IDS_RULE_WORD_COUNT;
		char text[512];

		rule_gives_what_it_does_in_128_bits(&r);
		if (!could_be_parsed(&r))
			continue;
		if (ids_rule_mistake(&r, &word, text, sizeof(text)) != reference_rule_wrong(&r))
			fail_msg("base %u size %u uids %u to %u", r.base, r.size, r.uid_min, r.uid_max);
		if (reference_rule_wrong(&r))
			continue;
		assert_true(n < RULES);
		good[n++] = r;
	}
	return n;
}

static void rules_are_right_and_apart_as_in_128_bits(void **state)
{
	static struct ids_rule good[RULES];
	size_t n = make_rules(good), apart = 0;

	(void)state;
	assert_true(n > 100);
	for (size_t i = 0; i < n; i++) {
		struct span uids, ids;

		reference_rule(&good[i], &uids, &ids);
		assert_true(ids_rule_last_uid(&good[i]) == uids.last);
		assert_true(ids_rule_region(&good[i]).start == ids.first);
		assert_true((wide)ids.first + ids_rule_region(&good[i]).count - 1 == ids.last);
		for (size_t k = 0; k < n; k++) {
			enum ids_rule_word word = IDS_RULE_WORD_COUNT;
			char text[512];
			bool conflict =
				ids_rule_conflict(&good[i], &good[k], "p:2", &word, text, sizeof(text));

			if (conflict != reference_rules_conflict(&good[i], &good[k]))
				fail_msg("%u %u %u-%u and %u %u %u-%u: %s", good[i].base, good[i].size,
					 good[i].uid_min, good[i].uid_max, good[k].base, good[k].size,
					 good[k].uid_min, good[k].uid_max, conflict ? text : "apart");
			apart += !conflict;
		}
	}
	assert_true(apart > 100);
}

/* ---- a rule beside the lines of others ------------------------------------------------------------- */

static char path[] = "/tmp/croft-all-ids-XXXXXX";

static int make_file(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd < 0 || fchmod(fd, 0644) < 0 || close(fd) < 0 ? -1 : 0;
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

static void fill(const struct id_range *r)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	fprintf(f, "bob:%u:%u\n", r->start, r->count);
	assert_int_equal(fclose(f), 0);
}

static void a_computed_range_meets_no_line_as_in_128_bits(void **state)
{
	static const struct ids_rule ids = {65536, 65536, 1, IDS_RULE_NO_MAX};
	static const uint32_t uid[] = {1, 2, 32767, 32768, 65534};
	const struct policy_rule rule = {.action = POLICY_IDS_RULE, .ids = &ids, .file = "p", .line = 2};
	const struct policy p = {.rule = &rule, .nrules = 1};
	static struct subordinate got;

	(void)state;
	for (size_t i = 0; i < PAIRS * COUNT(uid); i++) {
		const struct id_range line = pair(i / COUNT(uid));
		const struct policy_caller c = {.uid = uid[i % COUNT(uid)], .name = "alice"};
		struct span want = {0, 0};
		int r = reference_rule_range(&ids, c.uid, &want), said;
		struct err e;

		fill(&line);
		/* a malformed line of somebody else's is passed over */
		if (r == 0 && id_range_valid(line.start, line.count) &&
		    spans_meet(want, span_of(line.start, line.count)))
			r = -EEXIST;
		if (getuid() != 0)
			r = -EPERM; /* only root's files are believed */
		said = policy_subordinate(path, &p, &c, &got, &e);
		if (said != r || got.n != (r == 0))
			fail_msg("uid %u beside %u:%u: %d, not %d", c.uid, line.start, line.count, said, r);
		if (r == 0)
			assert_true(got.range[0].start == want.first && got.range[0].count == ids.size);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_are_valid_hold_and_overlap_as_in_128_bits),
		cmocka_unit_test(layouts_map_what_they_do_in_128_bits),
		cmocka_unit_test(exchanges_change_two_ids_and_no_other),
		cmocka_unit_test(lines_are_ranges_as_in_128_bits),
		cmocka_unit_test(rules_are_right_and_apart_as_in_128_bits),
		cmocka_unit_test_setup_teardown(a_computed_range_meets_no_line_as_in_128_bits, make_file,
						remove_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
