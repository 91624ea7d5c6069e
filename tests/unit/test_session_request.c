/* What croft exec asks a sandbox for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "sandbox/session_request.h"

static char memory[1 << 20], text[1 << 16];
static struct arena a;

static int set_up(void **state)
{
	(void)state;
	a = (struct arena){.base = memory, .size = sizeof(memory)};
	return 0;
}

static struct plan_strings strings(const char *const *item)
{
	struct plan_strings s = {.item = item};

	while (item[s.count])
		s.count++;
	return s;
}
#define STRINGS(...) strings((const char *const[]){__VA_ARGS__, NULL})

static void assert_strings(const struct plan_strings *got, const struct plan_strings *want)
{
	assert_int_equal(got->count, want->count);
	for (uint32_t i = 0; i < want->count; i++)
		assert_string_equal(got->item[i], want->item[i]);
	assert_null(got->item[got->count]);
}

static void what_is_written_is_read_back(void **state)
{
	const struct request q = {.tty = PLAN_TTY_STDIN | PLAN_TTY_STDERR,
				  .cwd = "/a b",
				  .argv = STRINGS("sh", "", "-c", "a=b\n"),
				  .env = STRINGS("X=", "Y=1=2")};
	struct request r;
	struct err e;
	long n = request_encode(&q, text, sizeof(text));

	(void)state;
	assert_true(n > 0);
	assert_int_equal(request_decode(text, (size_t)n, &a, &r, &e), 0);
	assert_int_equal(r.tty, q.tty);
	assert_string_equal(r.cwd, q.cwd);
	assert_strings(&r.argv, &q.argv);
	assert_strings(&r.env, &q.env);
}

static void what_does_not_fit_is_not_written(void **state)
{
	const struct request q = {.cwd = "", .argv = STRINGS("true"), .env = STRINGS("X=1")};
	long n = request_encode(&q, text, sizeof(text));

	(void)state;
	for (size_t size = 0; size < (size_t)n; size++) {
		char *small = malloc(size + 1); /* so that a byte beyond is found */

		assert_non_null(small);
		assert_int_equal(request_encode(&q, small, size), -E2BIG);
		free(small);
	}
	assert_int_equal(request_encode(&q, text, (size_t)n), n);
}

static void a_bad_request_is_refused(void **state)
{
#define TEXT(s) s, sizeof(s) - 1
	static const struct {
		const char *s;
		size_t n;
		const char *why;
	} row[] = {
		{TEXT(""), "nothing"},
		{TEXT("croft-exec 1\0"), "no terminal flags"},
		{TEXT("croft-exec 1\0000\0"), "no directory"},
		{TEXT("croft-exec 1\0000\0\0"), "no count"},
		{TEXT("croft-exec 1\0000\0\0000\0"), "no command"},
		{TEXT("croft-exec 2\0000\0\0001\0true\0"), "another version"},
		{TEXT("croft-exec 1\0008\0\0001\0true\0"), "a flag that there is not"},
		{TEXT("croft-exec 1\000x\0\0001\0true\0"), "flags that are no number"},
		{TEXT("croft-exec 1\0000\0a\0001\0true\0"), "a relative directory"},
		{TEXT("croft-exec 1\0000\0/a/..\0001\0true\0"), "one that leads up"},
		{TEXT("croft-exec 1\0000\0\0002\0true\0"), "a word less than promised"},
		{TEXT("croft-exec 1\0000\0\0004294967295\0true\0"), "a count beyond all"},
		{TEXT("croft-exec 1\0000\0\0001\0true\0X\0"), "a variable without a value"},
		{TEXT("croft-exec 1\0000\0\0001\0true\0=x\0"), "one without a name"},
		{TEXT("croft-exec 1\0000\0\0001\0true"), "no end"},
	};
	static const char good[] = "croft-exec 1\0007\0/\0001\0true\0X=1";
	struct request r = {.tty = 77};
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		set_up(NULL);
		if (request_decode(row[i].s, row[i].n, &a, &r, &e) != -EINVAL || r.tty != 77)
			fail_msg("not refused: %s", row[i].why);
		assert_true(e.msg[0] != '\0');
	}
	set_up(NULL);
	assert_int_equal(request_decode(good, sizeof(good), &a, &r, &e), 0);
	for (size_t n = 0; n < sizeof(good) - 4; n++) /* cut short anywhere before the variable */
		assert_true(request_decode(good, n, &a, &r, &e) < 0 || good[n - 1] == '\0');
}

static void memory_that_does_not_suffice_is_said(void **state)
{
	static const char good[] = "croft-exec 1\0007\0/\0001\0true\0X=1";
	struct request r;
	struct err e;

	(void)state;
	for (size_t size = 0; size < 32; size++) {
		a = (struct arena){.base = memory, .size = size};
		assert_int_equal(request_decode(good, sizeof(good), &a, &r, &e), -E2BIG);
	}
}

static void nothing_of_the_plan_changes_but_the_command(void **state)
{
	const struct plan p = {.cwd = "/home",
			       .uid = 5,
			       .caps = 3,
			       .report = 1,
			       .serve = 1,
			       .tty = PLAN_TTY_ALL,
			       .keep_fds = {.item = (const uint32_t[]){7}, .count = 1},
			       .argv = STRINGS("first"),
			       .env = STRINGS("A=1", "AB=2", "C=3")};
	struct request q = {.cwd = "", .argv = STRINGS("second", "word"), .env = STRINGS("A=9", "D=4")};
	const struct plan_strings env = STRINGS("AB=2", "C=3", "A=9", "D=4");
	struct plan want = p, got;
	struct err e;

	(void)state;
	assert_int_equal(request_plan(&p, &q, &a, &got, &e), 0);
	assert_strings(&got.argv, &q.argv);
	assert_strings(&got.env, &env);
	want.argv = got.argv;
	want.env = got.env;
	want.keep_fds.count = want.tty = want.report = 0;
	assert_memory_equal(&got, &want, sizeof(got));
	q.cwd = "/x";
	assert_int_equal(request_plan(&p, &q, &a, &got, &e), 0);
	assert_string_equal(got.cwd, "/x");
	assert_int_equal(got.cwd_asked, 1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, set_up)
	const struct CMUnitTest tests[] = {
		TEST(what_is_written_is_read_back),
		TEST(what_does_not_fit_is_not_written),
		TEST(a_bad_request_is_refused),
		TEST(memory_that_does_not_suffice_is_said),
		TEST(nothing_of_the_plan_changes_but_the_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
