/* Subordinate ids computed from a uid: the edges, against a second way to compute them; and whose line wins.
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

#include "policy/ids_rule.h"
#include "policy/subordinate.h"

#define COUNT(a)   (sizeof(a) / sizeof((a)[0]))
#define NO_MAX     IDS_RULE_NO_MAX
#define LAST       IDS_RULE_LAST
#define TWO_TO_31  2147483648u
#define HIGHEST_ID 4294967294u

static void the_edges_of_a_rule(void **state)
{
	static const struct {
		const char *why;
		struct ids_rule rule; /* base, size, uid-min, uid-max */
		uint32_t uid;
		int want;
		struct id_range range;
	} row[] = {
		{"uid-min itself", {1000000000, 65536, 10000, NO_MAX}, 10000, 0, {1000000000, 65536}},
		{"the next one", {1000000000, 65536, 10000, NO_MAX}, 10001, 0, {1000065536, 65536}},
		{"one below uid-min", {1000000000, 65536, 10000, NO_MAX}, 9999, -ENOENT, {0}},
		{"the last that fits", {1000000000, 65536, 10000, NO_MAX}, 60276, 0, {4294887936, 65536}},
		{"one beyond", {1000000000, 65536, 10000, NO_MAX}, 60277, -ERANGE, {0}},
		{"far beyond", {1000000000, 65536, 10000, NO_MAX}, HIGHEST_ID, -ERANGE, {0}},
		{"a product that is 0 in 32 bits", {1000000000, 65536, 10000, NO_MAX}, 75536, -ERANGE, {0}},
		{"a sum that is small in 32 bits", {TWO_TO_31, TWO_TO_31 - 2, 1, NO_MAX}, 2, -ERANGE, {0}},
		{"root", {1000, 10, 1, NO_MAX}, 0, -ENOENT, {0}},
		{"root, whatever the rule says", {1000, 10, 0, NO_MAX}, 0, -ENOENT, {0}},
		{"no uid at all", {1000, 10, 1, NO_MAX}, UINT32_MAX, -ENOENT, {0}},
		{"uid-max itself", {1000000, 10, 500, 600}, 600, 0, {1001000, 10}},
		{"one beyond uid-max", {1000000, 10, 500, 600}, 601, -ENOENT, {0}},
		{"uid-max is uid-min", {1000000, 10, 500, 500}, 500, 0, {1000000, 10}},
		{"size 1", {100000, 1, 1000, NO_MAX}, 1007, 0, {100007, 1}},
		{"size 1 to the last id", {LAST - 4, 1, 1000, NO_MAX}, 1004, 0, {LAST, 1}},
		{"size 1 beyond the last id", {LAST - 4, 1, 1000, NO_MAX}, 1005, -ERANGE, {0}},
		{"ends at the last id", {LAST - 65535, 65536, 1, NO_MAX}, 1, 0, {LAST - 65535, 65536}},
		{"would end one beyond", {LAST - 65534, 65536, 1, NO_MAX}, 1, -ERANGE, {0}},
		{"all ids there are", {1, LAST, 1, NO_MAX}, 1, 0, {1, LAST}},
		{"all ids and one", {1, LAST + 1, 1, NO_MAX}, 1, -ERANGE, {0}},
		{"all ids, the second user", {1, LAST, 1, NO_MAX}, 2, -ERANGE, {0}},
		{"the highest uid", {1000, 65536, HIGHEST_ID - 1, NO_MAX}, HIGHEST_ID, 0, {66536, 65536}},
		{"no size", {1000, 0, 1, NO_MAX}, 1, -ERANGE, {0}},
		{"base 0", {0, 10, 1, NO_MAX}, 1, -ERANGE, {0}},
		{"base beyond the last id", {LAST + 1, 1, 1, NO_MAX}, 1, -ERANGE, {0}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		struct id_range got = {7, 7};
		int r = ids_rule_range(&row[i].rule, row[i].uid, &got);

		if (r != row[i].want)
			fail_msg("%s: %d, not %d", row[i].why, r, row[i].want);
		if (r < 0) /* untouched */
			assert_true(got.start == 7 && got.count == 7);
		else if (got.start != row[i].range.start || got.count != row[i].range.count)
			fail_msg("%s: %u:%u", row[i].why, got.start, got.count);
	}
}

/* The n-th user has the n-th part, as far as it ends at LAST: counted in doubles, which are exact to 2^53. */
static int by_hand(const struct ids_rule *r, uint32_t uid, double *ret)
{
	*ret = (double)r->base + ((double)uid - r->uid_min) * r->size;
	if (uid < r->uid_min || uid > r->uid_max)
		return -ENOENT;
	return *ret + r->size - 1 > (double)LAST ? -ERANGE : 0;
}

static void every_rule_agrees_with_one_computed_by_hand(void **state)
{
	static const uint32_t base[] = {1, 65536, 100000, TWO_TO_31 - 1, TWO_TO_31, LAST - 65536, LAST},
			      size[] = {1, 2, 1000, 65535, 65536, 65537, TWO_TO_31, LAST},
			      min[] = {1, 1000, 10000, TWO_TO_31, HIGHEST_ID},
			      more[] = {0, 1, 2, 999, 65535, 65536, 65537, TWO_TO_31, UINT32_MAX - 1};
	unsigned n = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(base) * COUNT(size) * COUNT(min) * COUNT(more); i++) {
		const struct ids_rule r = {base[i % COUNT(base)], size[i / COUNT(base) % COUNT(size)],
					   min[i / COUNT(base) / COUNT(size) % COUNT(min)], NO_MAX};
		uint64_t uid = (uint64_t)r.uid_min + more[i / COUNT(base) / COUNT(size) / COUNT(min)];
		struct id_range got;
		double start;
		int want;

		if (uid > HIGHEST_ID)
			continue;
		want = by_hand(&r, (uint32_t)uid, &start);
		assert_int_equal(ids_rule_range(&r, (uint32_t)uid, &got), want);
		if (want == 0) {
			assert_true((double)got.start == start && got.count == r.size);
			assert_true(id_range_valid(got.start, got.count));
			n++;
		}
	}
	assert_true(n > 100);
}

/* The region is what all users get together, the last uid the last that gets something. */
static void the_region_holds_all_ranges_and_no_more(void **state)
{
	static const struct ids_rule rule[] = {
		{1000000000, 65536, 10000, NO_MAX},
		{100000, 65536, 1000, 1099},
		{LAST, 1, 5, NO_MAX},
		{LAST - 9, 3, 5, NO_MAX},
		{1, LAST, 7, NO_MAX},
		{1, 1, HIGHEST_ID, NO_MAX},
		{TWO_TO_31, 7, 100, 100},
		{1000000, 65536, 4294960000, NO_MAX},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rule); i++) {
		const struct ids_rule *r = &rule[i];
		uint32_t last = ids_rule_last_uid(r);
		struct id_range region = ids_rule_region(r), uids = ids_rule_uids(r), x;

		assert_int_equal(ids_rule_range(r, r->uid_min, &x), 0);
		assert_int_equal(x.start, region.start);
		assert_int_equal(uids.start, r->uid_min);
		assert_int_equal(uids.start + (uids.count - 1), last);
		assert_int_equal(ids_rule_range(r, last, &x), 0);
		assert_int_equal(x.start + (x.count - 1), region.start + (region.count - 1));
		assert_true(region.start + (region.count - 1) <= LAST);
		if (last < HIGHEST_ID)
			assert_true(ids_rule_range(r, last + 1, &x) < 0);
	}
	assert_int_equal(ids_rule_last_uid(&rule[0]), 60276);
	assert_int_equal(ids_rule_last_uid(&rule[3]), 7);
}

static void a_rule_by_itself_is_consistent(void **state)
{
	static const struct {
		struct ids_rule rule;
		const char *want; /* NULL: nothing */
		enum ids_rule_word word;
	} row[] = {
		{{1000000000, 65536, 10000, NO_MAX}, NULL, 0},
		{{LAST, 1, 10000, NO_MAX}, NULL, 0},
		{{LAST, 2, 10000, NO_MAX}, "expected at most 1 ids", IDS_RULE_SIZE},
		{{LAST - 9, 11, 10000, NO_MAX}, "expected at most 10 ids", IDS_RULE_SIZE},
		{{1000000, 10, 500, 499}, "not below uid-min, 500", IDS_RULE_UID_MAX},
		{{1000000000, 65536, 10000, 60276}, NULL, 0},
		{{1000000000, 65536, 10000, 60277}, "expected at most 60276", IDS_RULE_UID_MAX},
		{{100000, 65536, 10000, NO_MAX}, NULL, 0},
		{{10000, 10, 10000, 10000}, "hold uids that it is for", IDS_RULE_BASE},
		{{9991, 10, 10000, 10000}, "hold uids that it is for", IDS_RULE_BASE},
		{{9990, 10, 10000, 10000}, NULL, 0},
		{{10001, 10, 10000, 10000}, NULL, 0},
		{{10001, 10, 10000, 10001}, "hold uids that it is for", IDS_RULE_BASE},
		{{100, 10, 10000, NO_MAX}, "hold uids that it is for", IDS_RULE_BASE},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		enum ids_rule_word word = IDS_RULE_WORD_COUNT;
		char text[512];
		bool bad = ids_rule_mistake(&row[i].rule, &word, text, sizeof(text));

		if (bad != (row[i].want != NULL))
			fail_msg("row %zu: %s", i, bad ? text : "no mistake");
		if (bad && row[i].want && (word != row[i].word || !strstr(text, row[i].want)))
			fail_msg("row %zu: word %d: %s", i, (int)word, text);
	}
}

static void two_rules_never_meet(void **state)
{
	static const struct ids_rule first = {1000000, 1000, 5000, 5999}; /* ids up to 1999999 */
	static const struct {
		struct ids_rule rule;
		const char *want;
		enum ids_rule_word word;
	} row[] = {
		{{2000000, 1000, 6000, 6999}, NULL, 0},
		{{999000, 1000, 4999, 4999}, NULL, 0},
		{{2000000, 1000, 5999, 6999}, "p:2 is for uid 5999 too", IDS_RULE_UID_MIN},
		{{2000000, 1000, 1, NO_MAX}, "p:2 is for uid 5000 too", IDS_RULE_UID_MIN},
		{{2000000, 1000, 5500, 5500}, "p:2 is for uid 5500 too", IDS_RULE_UID_MIN},
		{{1999999, 1000, 6000, 6999}, "overlap those of p:2, 1000000 to 1999999", IDS_RULE_BASE},
		{{1, 999999, 4000, 4000}, "this rule hold uids that p:2 is for", IDS_RULE_BASE},
		{{1500000, 1, 6000, 6000}, "overlap those of p:2", IDS_RULE_BASE},
		{{5999, 1, 6000, 6000}, "this rule hold uids that p:2 is for", IDS_RULE_BASE},
		{{6001, 1, 6000, 6000}, NULL, 0},
		{{3000000, 1, 1500000, 1500000}, "p:2 hold uids that this rule is for", IDS_RULE_BASE},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		enum ids_rule_word word = IDS_RULE_WORD_COUNT;
		char text[512];
		bool bad = ids_rule_conflict(&row[i].rule, &first, "p:2", &word, text, sizeof(text));

		if (bad != (row[i].want != NULL))
			fail_msg("row %zu: %s", i, bad ? text : "no conflict");
		if (bad && row[i].want && (word != row[i].word || !strstr(text, row[i].want)))
			fail_msg("row %zu: word %d: %s", i, (int)word, text);
		assert_int_equal(bad,
				 ids_rule_conflict(&first, &row[i].rule, "p:3", &word, text, sizeof(text)));
	}
}

/* ---- with a file ---- */

static const struct ids_rule low = {1000000, 1000, 5000, 5999}, high = {3000000000, 65536, 6000, NO_MAX};
static const struct policy_rule rules[] = {
	{.action = POLICY_ALLOW, .kind = POLICY_IDS, .value = "subordinate", .file = "p", .line = 2},
	{.action = POLICY_IDS_RULE, .ids = &low, .file = "p", .line = 3},
	{.action = POLICY_IDS_RULE, .ids = &high, .file = "p", .line = 4},
};
static const struct policy policy = {.rule = rules, .nrules = COUNT(rules)};

static int ask(const char *text, const char *name, uint32_t uid, struct subordinate *ret, struct err *e)
{
	char path[] = "/tmp/croft-ids-rule-XXXXXX";
	const struct policy_caller c = {.uid = uid, .gid = uid, .name = name};
	int fd = mkstemp(path), r;

	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, 0644), 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	e->hint[0] = '\0';
	r = policy_subordinate(path, &policy, &c, ret, e);
	unlink(path);
	return r;
}

static void a_line_of_the_file_wins_and_the_rule_is_for_the_rest(void **state)
{
	static const struct {
		const char *why, *text, *name;
		uint32_t uid;
		int n;
		struct id_range first;
		uint32_t line; /* of the rule; 0: the file */
	} row[] = {
		{"no line", "bob:100000:65536\n", "alice", 5001, 1, {1001000, 1000}, 3},
		{"an empty file", "", "alice", 5001, 1, {1001000, 1000}, 3},
		{"the other rule", "", "alice", 6001, 1, {3000065536, 65536}, 4},
		{"without a name", "", NULL, 5001, 1, {1001000, 1000}, 3},
		{"a line by name", "alice:100000:5\n", "alice", 5001, 1, {100000, 5}, 0},
		{"a line by number", "5001:100000:5\n", "alice", 5001, 1, {100000, 5}, 0},
		{"his own part of the rule, as a line",
		 "alice:1001000:7\n",
		 "alice",
		 5001,
		 1,
		 {1001000, 7},
		 0},
		{"two lines and not the rule", "alice:100:5\n5001:200:5\n", "alice", 5001, 2, {100, 5}, 0},
		{"neither", "bob:100000:65536\n", "alice", 4999, 0, {0, 0}, 0},
		{"others right below and above",
		 "b:1000999:1\nc:1002000:1\n",
		 "alice",
		 5001,
		 1,
		 {1001000, 1000},
		 3},
		{"malformed lines of others",
		 "b:1001000\nb:1001000:5\r\nb:x:1\n",
		 "alice",
		 5001,
		 1,
		 {1001000, 1000},
		 3},
	};

	(void)state;
	if (getuid() != 0)
		skip(); /* only root's files are believed */
	for (size_t i = 0; i < COUNT(row); i++) {
		struct subordinate s = {.n = 9};
		struct err e;

		if (ask(row[i].text, row[i].name, row[i].uid, &s, &e) < 0)
			fail_msg("%s: %s", row[i].why, e.msg);
		if (s.n != row[i].n || (s.rule ? s.rule->line : 0) != row[i].line)
			fail_msg("%s: %d ranges, rule %u", row[i].why, s.n, s.rule ? s.rule->line : 0);
		if (s.n && (s.range[0].start != row[i].first.start || s.range[0].count != row[i].first.count))
			fail_msg("%s: %u:%u", row[i].why, s.range[0].start, s.range[0].count);
	}
}

static void what_is_not_his_alone_or_does_not_fit_is_refused(void **state)
{
	static const struct {
		const char *text;
		uint32_t uid;
		int want;
		const char *message, *hint;
	} row[] = {
		{"bob:1001999:1\n", 5001, -EEXIST,
		 "of the ids rule p:3 overlaps 1001999:1, which is bob's in", "croft policy check"},
		{"bob:1001000:1\n", 5001, -EEXIST, "overlaps 1001000:1", "croft policy check"},
		{"bob:1:4294967293\n", 5001, -EEXIST, "overlaps 1:4294967293", "croft policy check"},
		{"a:1:1\n77:1001500:5\n", 5001, -EEXIST, "which is 77's in", "croft policy check"},
		{"", 25759, -ERANGE, "uid 25759 is too high for the ids rule p:4", "is 25758"},
		{"", HIGHEST_ID, -ERANGE, "would end beyond 4294967293", "need a line in /tmp/"},
		{"alice:x:5\n", 5001, -EINVAL, ":1: the first id is not a number", "subuid(5)"},
	};

	(void)state;
	if (getuid() != 0)
		skip();
	for (size_t i = 0; i < COUNT(row); i++) {
		struct subordinate s;
		struct err e = {.code = 0};

		assert_int_equal(ask(row[i].text, "alice", row[i].uid, &s, &e), row[i].want);
		assert_int_equal(s.n, 0);
		if (!strstr(e.msg, row[i].message) || !strstr(e.hint, row[i].hint))
			fail_msg("row %zu: %s; %s", i, e.msg, e.hint);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_edges_of_a_rule),
		cmocka_unit_test(every_rule_agrees_with_one_computed_by_hand),
		cmocka_unit_test(the_region_holds_all_ranges_and_no_more),
		cmocka_unit_test(a_rule_by_itself_is_consistent),
		cmocka_unit_test(two_rules_never_meet),
		cmocka_unit_test(a_line_of_the_file_wins_and_the_rule_is_for_the_rest),
		cmocka_unit_test(what_is_not_his_alone_or_does_not_fit_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
