/* The error that knows its sentence. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/err.h"

static void an_error_is_its_code_its_sentence_and_nothing_old(void **state)
{
	struct err e = {.code = 1, .status = 9, .hint = "old"};

	(void)state;
	assert_int_equal(err_set(&e, ENOENT, "open %s", "x"), -ENOENT);
	assert_int_equal(e.code, ENOENT);
	assert_int_equal(e.status, 0);
	assert_string_equal(e.msg, "open x");
	assert_string_equal(e.hint, "");
}

static void a_code_that_is_no_error_is_a_bug_and_becomes_one(void **state)
{
	struct err e;

	(void)state;
	assert_int_equal(err_set(&e, 0, "x"), -EINVAL);
	assert_int_equal(err_set(&e, -ENOENT, "x"), -EINVAL);
	errno = 0;
	assert_int_equal(err_sys(&e, "x"), -EINVAL);
}

static void a_failure_without_a_sentence_is_not_taken_for_success(void **state)
{
	struct err e = {0};

	(void)state;
	assert_int_equal(err_status(&e, 1), -EINVAL);
	e = (struct err){0};
	assert_int_equal(err_hint(&e, "x"), -EINVAL);
	e = (struct err){.code = -1};
	assert_int_equal(err_wrap(&e, "x"), -EINVAL);
	assert_int_equal(e.code, EINVAL);
}

static void errno_is_read_before_anything_can_change_it(void **state)
{
	struct err e;

	(void)state;
	errno = EACCES;
	assert_int_equal(err_sys(&e, "open %s", "x"), -EACCES);
	assert_string_equal(e.msg, "open x: Permission denied");
}

static void wrapping_keeps_code_status_and_hint(void **state)
{
	struct err e;

	(void)state;
	err_set(&e, EPERM, "inner");
	assert_int_equal(err_hint(&e, "do %d", 1), -EPERM);
	assert_int_equal(err_status(&e, 126), -EPERM);
	assert_int_equal(err_wrap(&e, "outer %d", 2), -EPERM);
	assert_string_equal(e.msg, "outer 2: inner");
	assert_string_equal(e.hint, "do 1");
	assert_int_equal(err_exit_status(&e), 126);
}

static void without_a_status_the_exit_status_is_croft_itself(void **state)
{
	struct err e;

	(void)state;
	err_set(&e, EPERM, "x");
	assert_int_equal(err_exit_status(&e), EXIT_CROFT);
}

static void sentences_of_any_length_stay_within_the_error(void **state)
{
	static char longer[3 * ERR_MSG_MAX];
	struct err e;

	(void)state;
	memset(longer, 'x', sizeof(longer) - 1);
	err_set(&e, EPERM, "%s", longer);
	assert_int_equal(strlen(e.msg), ERR_MSG_MAX - 1);
	errno = EPERM;
	err_sys(&e, "%s", longer);
	assert_int_equal(strlen(e.msg), ERR_MSG_MAX - 1);
	err_wrap(&e, "%s", longer);
	assert_int_equal(strlen(e.msg), ERR_MSG_MAX - 1);
	err_hint(&e, "%s", longer);
	assert_int_equal(strlen(e.hint), ERR_HINT_MAX - 1);
}

/* What is printed by print() to standard error, as one read from a pipe. */
static const char *printed(void (*print)(const struct err *), const struct err *e)
{
	static char text[8192];
	int p[2], saved = dup(STDERR_FILENO);
	ssize_t n;

	assert_int_equal(pipe(p), 0);
	dup2(p[1], STDERR_FILENO);
	close(p[1]);
	print(e);
	dup2(saved, STDERR_FILENO);
	close(saved);
	n = read(p[0], text, sizeof(text) - 1);
	assert_true(n > 0);
	text[n] = '\0';
	assert_int_equal(read(p[0], text + n, 1), 0);
	close(p[0]);
	return text;
}

static void print(const struct err *e)
{
	err_print(e, "prog");
}

static void note(const struct err *e)
{
	errno = EXDEV;
	note_print("prog", "%s", e->msg);
	assert_int_equal(errno, EXDEV);
}

static void an_error_is_printed_on_one_or_two_lines(void **state)
{
	struct err e;

	(void)state;
	err_set(&e, EPERM, "no");
	assert_string_equal(printed(print, &e), "prog: no\n");
	err_hint(&e, "yes");
	assert_string_equal(printed(print, &e), "prog: no\nprog: hint: yes\n");
}

static void the_longest_error_is_printed_whole(void **state)
{
	static char longer[ERR_MSG_MAX + 1];
	struct err e;
	const char *text;

	(void)state;
	memset(longer, 'x', sizeof(longer) - 1);
	err_set(&e, EPERM, "%s", longer);
	err_hint(&e, "%s", longer);
	text = printed(print, &e);
	assert_int_equal(strlen(text), strlen("prog: \nprog: hint: \n") + ERR_MSG_MAX - 1 + ERR_HINT_MAX - 1);
	assert_int_equal(text[strlen(text) - 1], '\n');
}

static void a_note_ends_in_a_newline_and_keeps_errno(void **state)
{
	struct err e;

	(void)state;
	err_set(&e, EPERM, "look");
	assert_string_equal(printed(note, &e), "prog: look\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_error_is_its_code_its_sentence_and_nothing_old),
		cmocka_unit_test(a_code_that_is_no_error_is_a_bug_and_becomes_one),
		cmocka_unit_test(a_failure_without_a_sentence_is_not_taken_for_success),
		cmocka_unit_test(errno_is_read_before_anything_can_change_it),
		cmocka_unit_test(wrapping_keeps_code_status_and_hint),
		cmocka_unit_test(without_a_status_the_exit_status_is_croft_itself),
		cmocka_unit_test(sentences_of_any_length_stay_within_the_error),
		cmocka_unit_test(an_error_is_printed_on_one_or_two_lines),
		cmocka_unit_test(the_longest_error_is_printed_whole),
		cmocka_unit_test(a_note_ends_in_a_newline_and_keeps_errno),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
