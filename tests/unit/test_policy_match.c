/* Patterns of paths: tables, and a second, naive implementation over every short pattern and path. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "policy/match.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const gid_t groups[] = {100, 200};
static const struct policy_caller alice = {
	.uid = 1000, .gid = 1001, .groups = groups, .ngroups = 2, .name = "alice", .home = "/home/alice"};

static void a_pattern_covers_by_components(void **state)
{
	static const struct {
		const char *pattern;
		const char *path;
		enum pattern_match want;
		const char *why;
	} row[] = {
		{"/scratch/**", "/scratch", PATTERN_HERE, "** is the directory itself, too"},
		{"/scratch/**", "/scratch/a/b", PATTERN_HERE, "and everything below"},
		{"/scratch/**", "/scratch2", PATTERN_NO,
		 "CVE-2026-48785: a prefix of the string is not enough"},
		{"/scratch", "/scratch2", PATTERN_NO, "the same without **"},
		{"/scratch", "/scratch/a", PATTERN_NO, "an exact pattern does not cover what is below"},
		{"/scratch2/**", "/scratch", PATTERN_NO, "nor the other way round"},
		{"/scratch/%u/**", "/scratch/alice/x", PATTERN_HERE, "%u is the name"},
		{"/scratch/%u/**", "/scratch/alicex", PATTERN_NO, "%u is a whole component"},
		{"/scratch/%u/**", "/scratch/alic", PATTERN_NO, "%u is all of the component"},
		{"/s/%U", "/s/1000", PATTERN_HERE, "%U is the uid"},
		{"/s/%U", "/s/10001", PATTERN_NO, "CVE-2021-3995: 1000 is not 10001"},
		{"/s/%U", "/s/01000", PATTERN_NO, "no leading zeros"},
		{"/s/%U", "/s/4294968296", PATTERN_NO, "no wrapping at 2^32"},
		{"/s/%g", "/s/1001", PATTERN_HERE, "%g is the primary gid"},
		{"/s/%g", "/s/100", PATTERN_NO, "%g is no supplementary group"},
		{"%h", "/home/alice", PATTERN_HERE, "%h is the home directory"},
		{"%h", "/home/alice/x", PATTERN_NO, "%h alone is exact"},
		{"%h/**", "/home/alice/x/y", PATTERN_HERE, "below home"},
		{"%h/**", "/home/alice2", PATTERN_NO, "the home of somebody else"},
		{"%h/**", "/home", PATTERN_BELOW, "home lies below"},
		{"%h/.ssh/**", "/home/alice", PATTERN_BELOW, ".ssh lies below home"},
		{"%h/.ssh/**", "/", PATTERN_BELOW, "everything lies below /"},
		{"%h/.ssh/**", "/home/bob", PATTERN_NO, "but not below the home of bob"},
		{"/home/*/secret", "/home", PATTERN_BELOW, "wildcards on the way"},
		{"/home/*/secret", "/home/x", PATTERN_BELOW, "the wildcard itself"},
		{"/home/*/secret", "/home/x/secret", PATTERN_HERE, "* is any component"},
		{"/home/*/secret", "/home/x/y/secret", PATTERN_NO, "* is one component"},
		{"/a/*", "/a", PATTERN_BELOW, "* is not no component"},
		{"/a/*", "/a/b", PATTERN_HERE, "* at the end"},
		{"/a/*", "/a/b/c", PATTERN_NO, "* at the end is one component"},
		{"/", "/", PATTERN_HERE, "the top alone"},
		{"/", "/a", PATTERN_NO, "the top alone covers nothing below"},
		{"/**", "/", PATTERN_HERE, "everything"},
		{"/**", "/a/b/c", PATTERN_HERE, "everything below"},
		{"/a%%b", "/a%b", PATTERN_HERE, "%% is a percent sign"},
		{"/a%%b", "/a%%b", PATTERN_NO, "%% is one percent sign"},
		{"/%%u", "/%u", PATTERN_HERE, "no placeholder behind %%"},
		{"/%%", "/alice", PATTERN_NO, "%% is no name"},
		{"/a?[b]", "/a?[b]", PATTERN_HERE, "? and [ are ordinary"},
		{"/a?", "/ab", PATTERN_NO, "? stands for nothing else"},
		{"/a b\n", "/a b\n", PATTERN_HERE, "blanks and newlines"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++)
		if (pattern_match(row[i].pattern, &alice, false, row[i].path) != row[i].want)
			fail_msg("%s against %s: %s", row[i].pattern, row[i].path, row[i].why);
}

static void what_is_not_known_covers_nothing_when_allowing_and_anything_when_denying(void **state)
{
	static const struct {
		const char *name;
		const char *home;
		const char *pattern;
		const char *path;
		enum pattern_match allow;
		enum pattern_match deny;
		const char *why;
	} row[] = {
		{NULL, "/h", "/s/%u", "/s/x", PATTERN_NO, PATTERN_HERE, "no name"},
		{"", "/h", "/s/%u", "/s/x", PATTERN_NO, PATTERN_HERE, "an empty name"},
		{"a/../b", "/h", "/s/%u/**", "/s/b", PATTERN_NO, PATTERN_HERE, "a name with slashes"},
		{"a/b", "/h", "/s/%u/**", "/s/a/b", PATTERN_NO, PATTERN_HERE, "a name of two components"},
		{"..", "/h", "/s/%u/**", "/s/x", PATTERN_NO, PATTERN_HERE, "a name that climbs"},
		{".", "/h", "/s/%u/**", "/s", PATTERN_BELOW, PATTERN_BELOW,
		 "a name that stays: nothing here"},
		{"%u", "/h", "/s/%u", "/s/%u", PATTERN_HERE, PATTERN_HERE, "a name is taken literally"},
		{"*", "/h", "/s/%u", "/s/x", PATTERN_NO, PATTERN_NO, "a name is no wildcard"},
		{"x", NULL, "%h/**", "/srv", PATTERN_NO, PATTERN_HERE, "no home"},
		{"x", "", "%h/**", "/srv", PATTERN_NO, PATTERN_HERE, "an empty home"},
		{"x", "home/x", "%h/**", "/home/x", PATTERN_NO, PATTERN_HERE, "a relative home"},
		{"x", "/home/../etc", "%h/**", "/etc", PATTERN_NO, PATTERN_HERE, "a home that climbs"},
		{"x", "/home/./x", "%h/**", "/home/x", PATTERN_NO, PATTERN_HERE, "a home with a dot"},
		{"x", "/", "%h/**", "/srv", PATTERN_NO, PATTERN_HERE, "home /: everything is below it"},
		{"x", "//", "%h/**", "/srv", PATTERN_NO, PATTERN_HERE, "home / in another spelling"},
		{"x", "/", "%h/.ssh", "/.ssh", PATTERN_NO, PATTERN_HERE, "home /: its .ssh is denied"},
		{"x", "/", "%h/.ssh", "/srv", PATTERN_NO, PATTERN_NO, "home /: not everything is .ssh"},
		{"x", "/nonexistent", "%h/**", "/srv", PATTERN_NO, PATTERN_NO, "a home that is not there"},
		{"x", "/home//x/", "%h/**", "/home/x/y", PATTERN_HERE, PATTERN_HERE,
		 "more slashes than needed"},
		{"x", "/home/*", "%h/**", "/home/y", PATTERN_NO, PATTERN_NO, "a home is no pattern"},
		{"x", "/home/%u", "%h/**", "/home/x", PATTERN_NO, PATTERN_NO, "a home has no placeholders"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		const struct policy_caller c = {.uid = 7, .gid = 7, .name = row[i].name, .home = row[i].home};

		if (pattern_match(row[i].pattern, &c, false, row[i].path) != row[i].allow)
			fail_msg("allow %s against %s: %s", row[i].pattern, row[i].path, row[i].why);
		if (pattern_match(row[i].pattern, &c, true, row[i].path) != row[i].deny)
			fail_msg("deny %s against %s: %s", row[i].pattern, row[i].path, row[i].why);
	}
}

static void a_pattern_that_is_not_well_formed_says_where(void **state)
{
	static const struct {
		const char *pattern;
		size_t at; /* of the mistake */
		const char *want;
	} row[] = {
		{"", 0, "absolute"},     {"a", 0, "absolute"},        {"./a", 0, "absolute"},
		{"~/a", 0, "absolute"},  {"%u/a", 0, "absolute"},     {"--bind=/:/x", 0, "absolute"},
		{"//", 1, "a name"},     {"/a//b", 3, "a name"},      {"/a/", 3, "no slash at the end"},
		{"/.", 1, "without ."},  {"/a/../b", 3, "without ."}, {"/a/..", 3, "without ."},
		{"/a*", 2, "* or **"},   {"/*a", 1, "* or **"},       {"/a/***", 3, "* or **"},
		{"/**/a", 1, "** only"}, {"/a%", 2, "%% for"},        {"/%x", 1, "%u, %U, %g, %h or %%"},
		{"/a%u", 2, "whole"},    {"/%ub", 1, "whole"},        {"/%u%U", 1, "whole"},
		{"/%h", 1, "beginning"}, {"/a/%h/b", 3, "beginning"}, {"%hx", 2, "behind %h"},
		{"%h/", 3, "no slash"},  {"%h%h", 2, "behind %h"},    {"%h/../x", 3, "without ."},
		{"/%%%", 3, "%% for"},
	};
	static const char *const good[] = {"/",        "/**",         "/*",        "/*/a/**",   "%h",
					   "%h/**",    "%h/%u",       "/%u/%U/%g", "/%%",       "/a%%u%%",
					   "/.../..a", "/a\nb c\"\\", "/?[a]",     "/\xc3\xa4", "/\xff"};
	char longest[PATTERN_MAX + 1];
	size_t at;

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		const char *mistake = pattern_mistake(row[i].pattern, &at);

		if (!mistake || at != row[i].at || !strstr(mistake, row[i].want))
			fail_msg("%s: %s at %zu, not %s at %zu", row[i].pattern,
				 mistake ? mistake : "no mistake", at, row[i].want, row[i].at);
	}
	for (size_t i = 0; i < COUNT(good); i++)
		if (pattern_mistake(good[i], &at))
			fail_msg("%s: %s", good[i], pattern_mistake(good[i], &at));
	memset(longest, 'a', sizeof(longest));
	longest[0] = '/';
	longest[PATTERN_MAX - 1] = '\0';
	assert_null(pattern_mistake(longest, &at));
	longest[PATTERN_MAX - 1] = 'a';
	longest[PATTERN_MAX] = '\0';
	assert_non_null(pattern_mistake(longest, &at));
}

static void only_clean_absolute_paths_are_clean(void **state)
{
	static const char *const clean[] = {"/", "/a", "/a/b", "/a/...", "/.a/b.", "/a b/\n"};
	static const char *const unclean[] = {"",     "a",    "a/b",     "//",      "//a", "/a//b", "/a/",
					      "/a/.", "/./a", "/a/../b", "/a/b/..", "..",  "-v",    "/.."};

	(void)state;
	for (size_t i = 0; i < COUNT(clean); i++)
		if (!path_is_clean(clean[i]))
			fail_msg("%s is clean", clean[i]);
	for (size_t i = 0; i < COUNT(unclean); i++)
		if (path_is_clean(unclean[i]))
			fail_msg("%s is not clean", unclean[i]);
}

/* ---- every short pattern against every short path ---- */

static const char *const pattern_part[] = {"a", "b", "*", "%u", "**"};
static const char *const path_part[] = {"a", "b", "alice", "aa"};
enum { DEEP = 3, PATTERNS = 1 + 4 + 16 + 64, PATHS = 1 + 4 + 16 + 64 };

struct parts {
	const char *part[DEEP + 1];
	size_t n;
	bool tail; /* ends in ** */
	char text[64];
};

static void join(struct parts *p)
{
	size_t used = 0;

	p->text[0] = '\0';
	for (size_t i = 0; i < p->n; i++)
		used += (size_t)snprintf(p->text + used, sizeof(p->text) - used, "/%s", p->part[i]);
	if (p->tail)
		used += (size_t)snprintf(p->text + used, sizeof(p->text) - used, "/**");
	if (used == 0)
		snprintf(p->text, sizeof(p->text), "/");
}

/* The number-th sequence of up to DEEP parts out of four. */
static void make(struct parts *p, size_t number, const char *const *part, bool tail)
{
	*p = (struct parts){.tail = tail};
	for (size_t width = 1; number >= width; width *= 4) {
		number -= width;
		p->n++;
	}
	for (size_t i = 0; i < p->n; i++, number /= 4)
		p->part[i] = part[number % 4];
	join(p);
}

static bool part_fits(const char *pattern, const char *s)
{
	if (!strcmp(pattern, "*"))
		return true;
	return !strcmp(strcmp(pattern, "%u") ? pattern : "alice", s);
}

static enum pattern_match naive(const struct parts *pattern, const struct parts *path)
{
	size_t both = pattern->n < path->n ? pattern->n : path->n;

	for (size_t i = 0; i < both; i++)
		if (!part_fits(pattern->part[i], path->part[i]))
			return PATTERN_NO;
	if (path->n < pattern->n)
		return PATTERN_BELOW;
	return path->n == pattern->n || pattern->tail ? PATTERN_HERE : PATTERN_NO;
}

static void every_short_pattern_agrees_with_the_naive_matcher(void **state)
{
	size_t here = 0, below = 0;

	(void)state;
	for (size_t i = 0; i < 2 * PATTERNS; i++) {
		struct parts pattern, path;

		make(&pattern, i / 2, pattern_part, i % 2);
		for (size_t j = 0; j < PATHS; j++) {
			enum pattern_match got;

			make(&path, j, path_part, false);
			got = pattern_match(pattern.text, &alice, false, path.text);
			if (got != naive(&pattern, &path))
				fail_msg("%s against %s is %d", pattern.text, path.text, (int)got);
			here += got == PATTERN_HERE;
			below += got == PATTERN_BELOW;
		}
	}
	assert_true(here > 100 && below > 100);
}

/* inner within outer: no path is covered by inner alone. And nothing obvious is overlooked: a pattern is
 * within itself and within itself with a tail. */
static void a_pattern_within_another_covers_no_more(void **state)
{
	size_t within = 0;

	(void)state;
	for (size_t i = 0; i < 2 * PATTERNS; i++) {
		struct parts inner, outer, path;

		make(&inner, i / 2, pattern_part, i % 2);
		assert_true(pattern_within(inner.text, inner.text));
		assert_true(pattern_within(inner.text, "/**"));
		for (size_t j = 0; j < 2 * PATTERNS; j++) {
			make(&outer, j / 2, pattern_part, j % 2);
			if (!pattern_within(inner.text, outer.text))
				continue;
			within++;
			for (size_t k = 0; k < PATHS; k++) {
				make(&path, k, path_part, false);
				if (naive(&inner, &path) == PATTERN_HERE &&
				    naive(&outer, &path) != PATTERN_HERE)
					fail_msg("%s is not within %s: %s", inner.text, outer.text,
						 path.text);
			}
		}
	}
	assert_true(within > 1000);
	assert_true(pattern_within("%h/x", "%h/**"));
	assert_false(pattern_within("%h/x", "/*/*/x"));
	assert_false(pattern_within("/a", "%h/**"));
}

static void nearness_counts_the_common_components(void **state)
{
	(void)state;
	assert_int_equal(pattern_common("/a/b/**", &alice, "/a/b/c/d"), 2);
	assert_int_equal(pattern_common("/a/b", &alice, "/a/c"), 1);
	assert_int_equal(pattern_common("/a", &alice, "/b"), 0);
	assert_int_equal(pattern_common("%h/x/**", &alice, "/home/alice/x"), 3);
	assert_int_equal(pattern_common("%h/x/**", &alice, "/home"), 0);
	assert_int_equal(pattern_common("/**", &alice, "/a"), 0);
}

/* Where a pattern has a place, that is the shortest path it covers. */
static void a_pattern_of_one_place_is_that_path(void **state)
{
	static const struct policy_caller nobody = {.uid = 7},
					  at_root = {.uid = 0, .name = "root", .home = "/"},
					  odd = {.uid = 7, .name = "a/b", .home = "home"};
	static const struct {
		const char *pattern;
		const struct policy_caller *c;
		int want;
		const char *place;
	} row[] = {
		{"/a/b", &alice, 0, "/a/b"},
		{"/a/b/**", &alice, 0, "/a/b"},
		{"/**", &alice, 0, "/"},
		{"/", &alice, 0, "/"},
		{"%h/.ssh/**", &alice, 0, "/home/alice/.ssh"},
		{"%h", &alice, 0, "/home/alice"},
		{"%h/x", &at_root, 0, "/x"},
		{"%h/**", &at_root, 0, "/"},
		{"/srv/%u/%U/%g", &alice, 0, "/srv/alice/1000/1001"},
		{"/a%%b/%%/c%%", &alice, 0, "/a%b/%/c%"},
		{"/a/*/b", &alice, -EINVAL, NULL},
		{"/*", &alice, -EINVAL, NULL},
		{"%h/x", &nobody, -EINVAL, NULL},
		{"/srv/%u", &nobody, -EINVAL, NULL},
		{"%h/x", &odd, -EINVAL, NULL},
		{"/srv/%u", &odd, -EINVAL, NULL},
	};
	char buf[64];

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		assert_int_equal(pattern_place(row[i].pattern, row[i].c, buf, sizeof(buf)), row[i].want);
		assert_int_equal(pattern_is_one(row[i].pattern), strstr(row[i].pattern, "/**") != NULL);
		if (row[i].want < 0)
			continue;
		assert_string_equal(buf, row[i].place);
		assert_int_equal(pattern_match(row[i].pattern, row[i].c, true, buf), PATTERN_HERE);
	}
	for (size_t size = 1; size < sizeof("/home/alice/.ssh"); size++)
		assert_int_equal(pattern_place("%h/.ssh", &alice, buf, size), -ENAMETOOLONG);
	assert_int_equal(pattern_place("%h/.ssh", &alice, buf, sizeof("/home/alice/.ssh")), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pattern_covers_by_components),
		cmocka_unit_test(what_is_not_known_covers_nothing_when_allowing_and_anything_when_denying),
		cmocka_unit_test(a_pattern_that_is_not_well_formed_says_where),
		cmocka_unit_test(only_clean_absolute_paths_are_clean),
		cmocka_unit_test(every_short_pattern_agrees_with_the_naive_matcher),
		cmocka_unit_test(a_pattern_within_another_covers_no_more),
		cmocka_unit_test(nearness_counts_the_common_components),
		cmocka_unit_test(a_pattern_of_one_place_is_that_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
