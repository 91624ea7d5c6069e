/* Strict numbers, quoting, and paths as components. */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/text.h"

static const char *const not_numbers[] = {"",    " ",    "+1", "-1",   "-0", " 1", "1 ",
					  "1\n", "0x10", "00", "01",   "1a", "a1", "1.",
					  "1e3", "1_",   "١",  "\xb1", "--", "1-", "nan"};
enum { NOT_NUMBERS = sizeof(not_numbers) / sizeof(not_numbers[0]) };

static void what_is_not_a_plain_decimal_number_is_refused(void **state)
{
	uint32_t v = 42;
	uint64_t w = 42;

	(void)state;
	for (size_t i = 0; i < NOT_NUMBERS; i++)
		if (text_u32(not_numbers[i], &v) != -EINVAL || text_u64(not_numbers[i], &w) != -EINVAL ||
		    text_id(not_numbers[i], &v) != -EINVAL)
			fail_msg("%s", not_numbers[i]);
	assert_int_equal(v, 42);
	assert_int_equal(w, 42);
}

/* Each number around a power of two, written by printf: taken when it fits, -ERANGE when not. */
static void numbers_are_taken_up_to_their_last_value_and_not_beyond(void **state)
{
	(void)state;
	for (int bit = 0; bit < 64; bit++)
		for (int d = -2; d <= 2; d++) {
			uint64_t n = (UINT64_C(1) << bit) + (uint64_t)(int64_t)d, got64 = 7;
			uint32_t got32 = 7, id = 7;
			char text[32];

			snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
			assert_int_equal(text_u64(text, &got64), 0);
			assert_true(got64 == n);
			assert_int_equal(text_u32(text, &got32), n <= UINT32_MAX ? 0 : -ERANGE);
			assert_int_equal(got32, n <= UINT32_MAX ? (uint32_t)n : 7);
			assert_int_equal(text_id(text, &id), n < UINT32_MAX ? 0 : -ERANGE);
			assert_int_equal(id, n < UINT32_MAX ? (uint32_t)n : 7);
		}
}

static void numbers_beyond_64_bits_do_not_wrap(void **state)
{
	static const char *const large[] = {"18446744073709551616", "18446744073709551617",
					    "99999999999999999999", "184467440737095516150",
					    "100000000000000000000000000000000000001"};
	uint64_t v = 42;
	uint32_t u = 42;

	(void)state;
	assert_int_equal(text_u64("18446744073709551615", &v), 0);
	assert_true(v == UINT64_MAX);
	v = 42;
	for (size_t i = 0; i < sizeof(large) / sizeof(large[0]); i++) {
		assert_int_equal(text_u64(large[i], &v), -ERANGE);
		assert_int_equal(text_u32(large[i], &u), -ERANGE);
	}
	assert_int_equal(v, 42);
	assert_int_equal(u, 42);
}

static void a_number_in_the_middle_of_a_text_ends_where_it_is_told(void **state)
{
	uint32_t v = 0;

	(void)state;
	assert_int_equal(text_u32n("12345:6", 5, &v), 0);
	assert_int_equal(v, 12345);
	assert_int_equal(text_u32n("12345:6", 6, &v), -EINVAL);
	assert_int_equal(text_u32n("12345:6", 0, &v), -EINVAL);
	assert_int_equal(text_u32n("1\0002", 3, &v), -EINVAL);
}

static void sizes_have_a_suffix_of_1024_and_do_not_wrap(void **state)
{
	static const struct {
		const char *text;
		int r;
		uint64_t v;
	} table[] = {
		{"0", 0, 0},
		{"1", 0, 1},
		{"1K", 0, 1024},
		{"3M", 0, 3 << 20},
		{"2G", 0, UINT64_C(2) << 30},
		{"1T", 0, UINT64_C(1) << 40},
		{"18446744073709551615", 0, UINT64_MAX},
		{"18014398509481983K", 0, UINT64_C(18014398509481983) << 10},
		{"18014398509481984K", -ERANGE, 0},
		{"16777216T", -ERANGE, 0},
		{"18446744073709551616", -ERANGE, 0},
		{"", -EINVAL, 0},
		{"K", -EINVAL, 0},
		{"1k", 0, 1024},
		{"3g", 0, UINT64_C(3) << 30},
		{"1kk", -EINVAL, 0},
		{"1KB", -EINVAL, 0},
		{"1 K", -EINVAL, 0},
		{"1.5G", -EINVAL, 0},
		{"-1K", -EINVAL, 0},
		{"01K", -EINVAL, 0},
		{"1P", -EINVAL, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		uint64_t v = 0;

		if (text_size(table[i].text, &v) != table[i].r || v != table[i].v)
			fail_msg("%s: %llu", table[i].text, (unsigned long long)v);
	}
}

static void decimals_are_thousandths_and_at_most_three(void **state)
{
	static const struct {
		const char *text;
		int r;
		uint64_t v;
	} table[] = {
		{"0", 0, 0},
		{"1", 0, 1000},
		{"1.5", 0, 1500},
		{"0.01", 0, 10},
		{"12.345", 0, 12345},
		{"18446744073709550.999", 0, UINT64_C(18446744073709550999)},
		{"18446744073709551", -ERANGE, 0},
		{"1.2345", -EINVAL, 0},
		{"1.", -EINVAL, 0},
		{".5", -EINVAL, 0},
		{"", -EINVAL, 0},
		{"01", -EINVAL, 0},
		{"1.5x", -EINVAL, 0},
		{"1,5", -EINVAL, 0},
		{"-1", -EINVAL, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		uint64_t v = 0;

		if (text_milli(table[i].text, &v) != table[i].r || v != table[i].v)
			fail_msg("%s: %" PRIu64, table[i].text, v);
	}
}

static void durations_are_milliseconds_and_fit_an_int(void **state)
{
	static const struct {
		const char *text;
		int r;
		uint32_t v;
	} table[] = {
		{"0", 0, 0},
		{"10", 0, 10000},
		{"10s", 0, 10000},
		{"250ms", 0, 250},
		{"2m", 0, 120000},
		{"1h", 0, 3600000},
		{"2147483647ms", 0, INT32_MAX},
		{"2147483648ms", -ERANGE, 0},
		{"2147483s", 0, 2147483000},
		{"2147484s", -ERANGE, 0},
		{"597h", -ERANGE, 0},
		{"", -EINVAL, 0},
		{"s", -EINVAL, 0},
		{"1d", -EINVAL, 0},
		{"1 s", -EINVAL, 0},
		{"-1", -EINVAL, 0},
		{"1.5", -EINVAL, 0},
		{"1mss", -EINVAL, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		uint32_t v = 0;

		if (text_duration_ms(table[i].text, &v) != table[i].r || v != table[i].v)
			fail_msg("%s: %u", table[i].text, v);
	}
}

static void modes_are_one_to_four_octal_digits(void **state)
{
	static const char *const bad[] = {"", "8", "0o7", "07778", "10000", "00000x", "-1", "7 ", "000000"};
	uint32_t v = 0;

	(void)state;
	assert_int_equal(text_mode("0", &v), 0);
	assert_int_equal(text_mode("755", &v), 0);
	assert_int_equal(v, 0755);
	assert_int_equal(text_mode("1777", &v), 0);
	assert_int_equal(v, 01777);
	assert_int_equal(text_mode("07777", &v), 0);
	assert_int_equal(v, 07777);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (text_mode(bad[i], &v) != -EINVAL)
			fail_msg("%s", bad[i]);
	assert_int_equal(v, 07777);
}

static void quoted_text_shows_every_byte_that_could_do_harm(void **state)
{
	static const struct {
		const char *text, *want;
	} table[] = {
		{"plain text", "plain text"},
		{"", "''"},
		{NULL, "''"},
		{"a\nb\tc\\d", "a\\nb\\tc\\\\d"},
		{"\033[31m\x7f\r\b", "\\x1b[31m\\x7f\\x0d\\x08"},
		{"%s%n", "%s%n"},
		{"Grüße €𝄞", "Grüße €𝄞"},
		{"\xc2\x85 \xc2\x9b", "\\xc2\\x85 \\xc2\\x9b"},
		{"\xc0\xaf", "\\xc0\\xaf"},
		{"\xe0\x80\xaf", "\\xe0\\x80\\xaf"},
		{"\xed\xa0\x80", "\\xed\\xa0\\x80"},
		{"\xf0\x80\x80\xaf", "\\xf0\\x80\\x80\\xaf"},
		{"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},
		{"\xff\xfe", "\\xff\\xfe"},
		{"cut \xe2\x82", "cut \\xe2\\x82"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(QUOTE(table[i].text), table[i].want) != 0)
			fail_msg("%zu: %s", i, QUOTE(table[i].text));
}

static void long_text_is_cut_and_says_so_for_every_length_and_kind(void **state)
{
	static const char *const unit[] = {"a", "\x01", "€", "𝄞", "\\"};
	static const size_t quoted_len[] = {1, 4, 3, 4, 2};
	static char text[4096];

	(void)state;
	for (size_t u = 0; u < sizeof(unit) / sizeof(unit[0]); u++)
		for (size_t n = 1; n < 900; n++) {
			struct quoted q;
			size_t len;

			text[0] = '\0';
			for (size_t i = 0; i < n; i++)
				memcpy(text + i * strlen(unit[u]), unit[u], strlen(unit[u]) + 1);
			len = strlen(quote(&q, text));
			assert_in_range(len, 1, sizeof(q.s) - 1);
			if (n * quoted_len[u] < sizeof(q.s) - 8)
				assert_int_equal(len, n * quoted_len[u]);
			else if (len != n * quoted_len[u])
				assert_string_equal(q.s + len - 3, "...");
		}
}

static void paths_are_cleaned_without_ever_going_up(void **state)
{
	static const struct {
		const char *path, *want;
	} good[] = {{"/", "/"},           {"//", "/"},
		    {"/./.", "/"},        {"/a", "/a"},
		    {"/a/", "/a"},        {"//a//b/.//c", "/a/b/c"},
		    {"/a/...", "/a/..."}, {"/..a/b..", "/..a/b.."}};
	static const char *const bad[] = {"", "a", "./a", "..", "/..", "/a/..", "/a/../b", "../a", "/a/b/.."};
	char buf[16];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(path_clean(good[i].path, buf, sizeof(buf)), 0);
		assert_string_equal(buf, good[i].want);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (path_clean(bad[i], buf, sizeof(buf)) != -EINVAL)
			fail_msg("%s", bad[i]);
}

static void a_path_that_does_not_fit_is_refused_at_the_last_byte(void **state)
{
	char buf[8];

	(void)state;
	assert_int_equal(path_clean("/a/bcde", buf, 8), 0);
	assert_int_equal(path_clean("/a/bcdef", buf, 8), -ENAMETOOLONG);
	assert_int_equal(path_clean("/a/bcde", buf, 7), -ENAMETOOLONG);
	assert_int_equal(path_clean("/", buf, 2), 0);
	assert_int_equal(path_clean("/", buf, 1), -ENAMETOOLONG);
	assert_int_equal(path_clean("/a", buf, 2), -ENAMETOOLONG);
}

static void a_folder_covers_itself_and_what_is_below_by_components(void **state)
{
	static const struct {
		const char *dir, *path;
		bool covers;
	} table[] = {{"/", "/", true},
		     {"/", "/a", true},
		     {"/a", "/a", true},
		     {"/a", "/a/b/c", true},
		     {"/a", "/ab", false},
		     {"/a", "/", false},
		     {"/a/b", "/a", false},
		     {"/scratch", "/scratch2", false},
		     {"/scratch2", "/scratch", false},
		     {"/a/b", "/a/c/b", false},
		     {"/a", "/b/a", false}};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (path_covers(table[i].dir, table[i].path) != table[i].covers)
			fail_msg("%s %s", table[i].dir, table[i].path);
}

static void components_come_one_after_another(void **state)
{
	const char *p = "//a/bc///d/";
	size_t n = 0;

	(void)state;
	assert_true(text_is(path_next(&p, &n), 1, "a"));
	assert_int_equal(n, 1);
	assert_true(text_is(path_next(&p, &n), 2, "bc"));
	assert_int_equal(n, 2);
	assert_true(text_is(path_next(&p, &n), 1, "d"));
	assert_null(path_next(&p, &n));
	assert_string_equal(path_base("/a/b"), "b");
	assert_string_equal(path_base("b"), "b");
	assert_string_equal(path_base("/a/"), "");
}

static void words_are_compared_whole(void **state)
{
	(void)state;
	assert_true(text_is("abc", 2, "ab"));
	assert_false(text_is("abc", 2, "abc"));
	assert_false(text_is("abc", 3, "ab"));
	assert_true(text_is("", 0, ""));
	assert_true(text_starts("abc", "ab"));
	assert_true(text_starts("abc", ""));
	assert_false(text_starts("ab", "abc"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_a_plain_decimal_number_is_refused),
		cmocka_unit_test(numbers_are_taken_up_to_their_last_value_and_not_beyond),
		cmocka_unit_test(numbers_beyond_64_bits_do_not_wrap),
		cmocka_unit_test(a_number_in_the_middle_of_a_text_ends_where_it_is_told),
		cmocka_unit_test(sizes_have_a_suffix_of_1024_and_do_not_wrap),
		cmocka_unit_test(decimals_are_thousandths_and_at_most_three),
		cmocka_unit_test(durations_are_milliseconds_and_fit_an_int),
		cmocka_unit_test(modes_are_one_to_four_octal_digits),
		cmocka_unit_test(quoted_text_shows_every_byte_that_could_do_harm),
		cmocka_unit_test(long_text_is_cut_and_says_so_for_every_length_and_kind),
		cmocka_unit_test(paths_are_cleaned_without_ever_going_up),
		cmocka_unit_test(a_path_that_does_not_fit_is_refused_at_the_last_byte),
		cmocka_unit_test(a_folder_covers_itself_and_what_is_below_by_components),
		cmocka_unit_test(components_come_one_after_another),
		cmocka_unit_test(words_are_compared_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
