#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/fd.h"
#include "frontend/out.h"

/* Runs f in a child whose standard output is fd; its return value is its exit status. */
static int with_output(int fd, int (*f)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(dup2(fd, STDOUT_FILENO) < 0 ? 99 : f());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* What f writes to standard output. */
static ssize_t output_of(int (*f)(void), char *buf, size_t size)
{
	fd_auto int fd = memfd_create("out", MFD_CLOEXEC);
	ssize_t n;

	assert_int_equal(with_output(fd, f), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	n = fd_read_all(fd, buf, size - 1);
	assert_true(n >= 0);
	buf[n] = '\0';
	return n;
}

static int flush(void)
{
	struct err e = {0};

	return out_flush(&e) == 0 ? 0 : 1;
}

static int say_a_line(void)
{
	out("%s %d\n", "line", 1);
	return flush();
}

static int say_without_flush(void)
{
	out("lost");
	return 0;
}

static void text_comes_with_the_flush(void **state)
{
	char buf[64];

	(void)state;
	output_of(say_a_line, buf, sizeof(buf));
	assert_string_equal(buf, "line 1\n");
	output_of(say_without_flush, buf, sizeof(buf));
	assert_string_equal(buf, "");
}

enum { LINES = 20000 };

static int say_much(void)
{
	for (int i = 0; i < LINES; i++)
		out("%07d\n", i);
	return flush();
}

static void more_than_the_buffer_keeps_its_order(void **state)
{
	static char buf[LINES * 8 + 1];

	(void)state;
	assert_int_equal(output_of(say_much, buf, sizeof(buf)), LINES * 8);
	for (int i = 0; i < LINES; i++) {
		char line[16];

		snprintf(line, sizeof(line), "%07d\n", i);
		assert_memory_equal(buf + i * 8, line, 8);
	}
}

static int full_disk(void)
{
	struct err e = {0};

	out("text");
	return out_flush(&e) == -ENOSPC && strstr(e.msg, "write standard output: No space") ? 0 : 1;
}

static int full_disk_long_ago(void)
{
	struct err e = {0};
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	for (int i = 0; i < LINES; i++)
		out("%07d\n", i);
	if (dup2(null, STDOUT_FILENO) < 0)
		return 2;
	return out_flush(&e) == -ENOSPC ? 0 : 1;
}

static void a_full_disk_is_noticed_early_or_late(void **state)
{
	fd_auto int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(with_output(full, full_disk), 0);
	assert_int_equal(with_output(full, full_disk_long_ago), 0);
}

static int too_long(void)
{
	static char text[9000];
	struct err e = {0};

	memset(text, 'x', sizeof(text) - 1);
	out("%s", text);
	return out_flush(&e) == -EOVERFLOW ? 0 : 1;
}

static void text_that_is_cut_is_an_error(void **state)
{
	fd_auto int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(with_output(null, too_long), 0);
}

static int say_json(void)
{
	out_json_string("plain");
	out_json_string("");
	out_json_string("\"\\/\n\t\x01\x7f");
	out_json_string("\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80");
	out_json_string("\xff\xc3 \xed\xa0\x80");
	return flush();
}

static void json_strings_are_quoted_and_valid_utf8(void **state)
{
	char buf[512];

	(void)state;
	output_of(say_json, buf, sizeof(buf));
	assert_string_equal(buf, "\"plain\"\"\"\"\\\"\\\\/\\u000a\\u0009\\u0001\\u007f\""
				 "\"\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80\""
				 "\"\\ufffd\\ufffd \\ufffd\\ufffd\\ufffd\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_comes_with_the_flush),
		cmocka_unit_test(more_than_the_buffer_keeps_its_order),
		cmocka_unit_test(a_full_disk_is_noticed_early_or_late),
		cmocka_unit_test(text_that_is_cut_is_an_error),
		cmocka_unit_test(json_strings_are_quoted_and_valid_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
