/* Running another program and taking what it says. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/fd.h"
#include "frontend/spawn.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { SIZE = 1 << 16, NUMBER = 9 };

static char out[SIZE], errors[SIZE];
static struct err e;

static struct spawn shell(const char *script)
{
	static char sh[] = "sh", dash_c[] = "-c", *argv[] = {sh, dash_c, NULL, NULL};

	argv[2] = (char *)(uintptr_t)script;
	memset(out, 'x', sizeof(out));
	memset(errors, 'x', sizeof(errors));
	memset(&e, 0, sizeof(e));
	return (struct spawn){.path = "/bin/sh",
			      .argv = argv,
			      .fd = -1,
			      .out = out,
			      .out_size = sizeof(out),
			      .errors = errors,
			      .errors_size = sizeof(errors)};
}

static int open_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void status_and_both_streams_come_back(void **state)
{
	static const struct {
		const char *script;
		int status;
		const char *out, *errors;
		const char *why;
	} row[] = {
		{"exit 0", 0, "", "", "silent"},
		{"exit 7", 7, "", "", "a status"},
		{"exit 255", 255, "", "", "the last status"},
		{"echo a; echo b >&2; echo c", 0, "a\nc\n", "b\n", "both streams"},
		{"printf 'a\\0b'", 0, "a", "", "text ends at a NUL"},
		{"kill -KILL $$", 128 + SIGKILL, "", "", "killed"},
		{"echo a; kill -TERM $$", 128 + SIGTERM, "a\n", "", "what it said before it was killed"},
		{"read x; echo \"$?$x\"", 0, "1\n", "", "standard input is empty"},
		{"exec >&-; exec 2>&-; exit 3", 3, "", "", "it closes its streams"},
		{"echo $0", 0, "sh\n", "", "its own argv"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		struct spawn s = shell(row[i].script);
		int before = open_fds(), r = spawn_run(&s, &e);

		if (r != row[i].status || strcmp(out, row[i].out) != 0 || strcmp(errors, row[i].errors) != 0)
			fail_msg("%s: %d %s: out %s, errors %s", row[i].why, r, e.msg, out, errors);
		assert_int_equal(open_fds(), before);
	}
}

static void streams_that_are_not_asked_for_go_nowhere_or_to_ours(void **state)
{
	struct spawn s =
		shell("echo lost; [ \"$(readlink /proc/self/fd/2)\" = \"$(readlink /proc/$PPID/fd/2)\" ]");

	(void)state;
	s.out = NULL;
	s.errors = NULL;
	assert_int_equal(spawn_run(&s, &e), 0);
	assert_int_equal(out[0], 'x');
	s = shell("[ /proc/$$/fd/1 -ef /dev/null ] && echo null >&2");
	s.out = NULL;
	assert_int_equal(spawn_run(&s, &e), 0);
	assert_string_equal(errors, "null\n");
}

static void a_program_is_looked_up_in_path(void **state)
{
	struct spawn s = shell("exit 5");

	(void)state;
	s.path = "sh";
	assert_int_equal(spawn_run(&s, &e), 5);
}

static void a_program_that_is_not_there_is_enoent(void **state)
{
	static const struct {
		const char *path;
		int code;
		const char *msg;
	} row[] = {
		{"/nowhere/program\n", ENOENT, "start /nowhere/program\\n: No such file or directory"},
		{"croft-no-such-program", ENOENT, "start croft-no-such-program: No such file or directory"},
		{"/dev/null", EACCES, "start /dev/null: Permission denied"},
		{"/bin/sh/x", ENOTDIR, "start /bin/sh/x: Not a directory"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		struct spawn s = shell("exit 5");
		int before = open_fds();

		s.path = row[i].path;
		assert_int_equal(spawn_run(&s, &e), -row[i].code);
		assert_string_equal(e.msg, row[i].msg);
		assert_int_equal(open_fds(), before);
	}
}

static void output_that_fits_exactly_is_fine_and_one_byte_more_is_not(void **state)
{
	struct spawn s = shell("printf 1234567");

	(void)state;
	s.out_size = 8;
	assert_int_equal(spawn_run(&s, &e), 0);
	assert_string_equal(out, "1234567");
	assert_int_equal(out[8], 'x');
	s = shell("printf 12345678; exit 3");
	s.out_size = 8;
	assert_int_equal(spawn_run(&s, &e), -EFBIG);
	assert_string_equal(e.msg, "/bin/sh printed more than was expected");
	assert_string_equal(out, "1234567");
	assert_int_equal(out[8], 'x');
}

static void errors_that_do_not_fit_are_cut(void **state)
{
	struct spawn s = shell("echo 123456789 >&2; echo done; exit 4");

	(void)state;
	s.errors_size = 5;
	assert_int_equal(spawn_run(&s, &e), 4);
	assert_string_equal(errors, "1234");
	assert_int_equal(errors[5], 'x');
	assert_string_equal(out, "done\n");
}

/* More than a pipe holds, on both at once: neither blocks the other. */
static void many_bytes_on_both_streams_do_not_block(void **state)
{
	struct spawn s =
		shell("i=0; while [ $i -lt 3000 ]; do echo 0123456789012345678901234567890123456789 >&2;"
		      " echo 0123456789012345678901234567890123456789; i=$((i + 1)); done; exit 6");

	(void)state;
	assert_int_equal(spawn_run(&s, &e), -EFBIG);
	assert_int_equal(strlen(out), SIZE - 1);
	assert_int_equal(strlen(errors), SIZE - 1);
	s = shell("i=0; while [ $i -lt 1400 ]; do echo 0123456789012345678901234567890123456789 >&2;"
		  " echo 0123456789012345678901234567890123456789; i=$((i + 1)); done; exit 6");
	assert_int_equal(spawn_run(&s, &e), 6);
	assert_int_equal(strlen(out), 1400 * 41);
	assert_memory_equal(out, errors, 1400 * 41 + 1);
}

static void a_descriptor_is_passed_under_its_number_and_no_other_is(void **state)
{
	struct spawn s;
	fd_auto int other = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int p[2];

	(void)state;
	for (int same = 0; same < 2; same++) {
		assert_int_equal(pipe2(p, O_CLOEXEC), 0);
		assert_int_equal(write(p[1], "text\n", 5), 5);
		fd_close(p[1]);
		s = shell("cat <&9; [ -e /proc/$$/fd/9 ] || echo no 9; for i in 3 4 5 6 7 8 20; do "
			  "[ ! -e /proc/$$/fd/$i ] || readlink /proc/$$/fd/$i; done");
		s.fd = same ? fcntl(p[0], F_DUPFD_CLOEXEC, NUMBER) : p[0];
		s.fd_as = same ? s.fd : NUMBER;
		if (same)
			assert_int_equal(s.fd, NUMBER);
		assert_int_equal(spawn_run(&s, &e), 0);
		assert_non_null(strstr(out, "text\n"));
		assert_null(strstr(out, "no 9"));
		assert_null(strstr(out, "/dev/null"));
		assert_null(strstr(out, "pipe:"));
		if (same)
			fd_close(s.fd);
		fd_close(p[0]);
	}
}

static void its_signal_mask_is_empty(void **state)
{
	struct spawn s =
		shell("while read -r n v; do [ \"$n\" != SigBlk: ] || echo \"$v\"; done </proc/$$/status");
	sigset_t all, old;

	(void)state;
	sigfillset(&all);
	assert_int_equal(sigprocmask(SIG_BLOCK, &all, &old), 0);
	assert_int_equal(spawn_run(&s, &e), 0);
	assert_int_equal(sigprocmask(SIG_SETMASK, &old, NULL), 0);
	assert_string_equal(out, "0000000000000000\n");
}

static void got_signal(int sig)
{
	(void)sig;
}

static void signals_meanwhile_disturb_nothing(void **state)
{
	struct sigaction sa = {.sa_handler = got_signal}, old; /* no SA_RESTART */
	struct spawn s = shell("i=0; while [ $i -lt 200 ]; do kill -USR1 $PPID; echo x; i=$((i + 1)); done");

	(void)state;
	assert_int_equal(sigaction(SIGUSR1, &sa, &old), 0);
	assert_int_equal(spawn_run(&s, &e), 0);
	assert_int_equal(sigaction(SIGUSR1, &old, NULL), 0);
	assert_int_equal(strlen(out), 400);
}

static void output_may_hold_nuls_where_its_length_is_asked_for(void **state)
{
	struct spawn s = shell("printf 'a\\0b\\0'");
	size_t length = 99;

	(void)state;
	s.out_length = &length;
	assert_int_equal(spawn_run(&s, &e), 0);
	assert_int_equal(length, 4);
	assert_memory_equal(out, "a\0b\0", 5);
}

static void what_one_of_our_programs_said_becomes_the_sentence(void **state)
{
	static const struct {
		const char *said, *msg, *hint;
	} row[] = {
		{"croft-x: it is broken\n", "it is broken", ""},
		{"croft-x: it is broken\ncroft-x: hint: mend it\n", "it is broken", "mend it"},
		{"croft-x: it is broken\ncroft-x: hint: mend it\ncroft-x: and more\n", "it is broken",
		 "mend it"},
		{"croft-x: it is broken\ncroft-x: mend it\n", "it is broken", ""},
		{"ld.so: no library\n", "ld.so: no library", ""},
		{"croft-xyz: it\tis", "croft-xyz: it\\tis", ""},
		{"", "croft-x ended with status 9 and said nothing", ""},
		{"\n", "croft-x ended with status 9 and said nothing", ""},
		{"croft-x: ", "croft-x ended with status 9 and said nothing", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		char text[128];

		memset(&e, 0, sizeof(e));
		snprintf(text, sizeof(text), "%s", row[i].said);
		assert_int_equal(spawn_sentence("croft-x", text, 9, &e), -EPERM);
		assert_string_equal(e.msg, row[i].msg);
		assert_string_equal(e.hint, row[i].hint);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(status_and_both_streams_come_back),
		cmocka_unit_test(streams_that_are_not_asked_for_go_nowhere_or_to_ours),
		cmocka_unit_test(a_program_is_looked_up_in_path),
		cmocka_unit_test(a_program_that_is_not_there_is_enoent),
		cmocka_unit_test(output_that_fits_exactly_is_fine_and_one_byte_more_is_not),
		cmocka_unit_test(errors_that_do_not_fit_are_cut),
		cmocka_unit_test(output_may_hold_nuls_where_its_length_is_asked_for),
		cmocka_unit_test(what_one_of_our_programs_said_becomes_the_sentence),
		cmocka_unit_test(many_bytes_on_both_streams_do_not_block),
		cmocka_unit_test(a_descriptor_is_passed_under_its_number_and_no_other_is),
		cmocka_unit_test(its_signal_mask_is_empty),
		cmocka_unit_test(signals_meanwhile_disturb_nothing),
	};

	/* A folder in PATH that may not be searched makes what is missing EACCES. */
	if (setenv("PATH", "/usr/bin:/bin", 1) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
