/* --status-fd: the lines, and a reader who does not read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/fd.h"
#include "frontend/report.h"

static struct report r; /* large */
static struct plan plan;
static int reader;
static char got[3 * REPORT_BUFFER];

static int set_up_fds(int to_read, int to_write)
{
	memset(&r, 0, sizeof(r));
	plan = (struct plan){
		.map = PLAN_MAP_SELF, .root_kind = PLAN_ROOT_DIR, .root = "/r", .timeout_ms = 1500};
	reader = to_read;
	fcntl(reader, F_SETFL, O_NONBLOCK);
	report_start(&r, to_write);
	r.plan = &plan;
	return 0;
}

static int set_up(void **state)
{
	int p[2];

	(void)state;
	return pipe2(p, O_CLOEXEC) < 0 ? -1 : set_up_fds(p[0], p[1]);
}

static int set_up_socket(void **state)
{
	int p[2];

	(void)state;
	return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, p) < 0 ? -1 : set_up_fds(p[0], p[1]);
}

static int tear_down(void **state)
{
	(void)state;
	fd_close(reader);
	fd_close(r.fd);
	fd_close(r.exec);
	return 0;
}

/* What the reader gets now, behind what it got before. */
static const char *read_more(void)
{
	size_t used = strlen(got);
	ssize_t n;

	while ((n = read(reader, got + used, sizeof(got) - 1 - used)) > 0)
		used += (size_t)n;
	got[used] = '\0';
	return got;
}

static const char *read_now(void)
{
	got[0] = '\0';
	return read_more();
}

/* The pipe or socket takes nothing any more. */
static void fill(void)
{
	const int flags = fcntl(r.fd, F_GETFL);
	char byte[1] = {'.'};

	fcntl(r.fd, F_SETFL, flags | O_NONBLOCK);
	while (write(r.fd, byte, 1) == 1)
		continue;
	assert_int_equal(errno, EAGAIN);
	fcntl(r.fd, F_SETFL, flags);
}

static void a_phase_is_a_line_and_each_comes_once(void **state)
{
	const struct err fine = {0};

	(void)state;
	report_done(&r, REPORT_POLICY);
	assert_string_equal(read_now(), "{\"phase\": \"policy\"}\n");
	report_done(&r, REPORT_IMAGE);
	assert_string_equal(read_now(), "{\"phase\": \"ids\", \"map\": \"self\", \"gate\": false}\n"
					"{\"phase\": \"image\", \"root\": \"/r\"}\n");
	report_done(&r, REPORT_IMAGE);
	assert_string_equal(read_now(), "");
	report_done(&r, REPORT_EXEC);
	assert_string_equal(read_now(), "{\"phase\": \"mounts\"}\n{\"phase\": \"exec\"}\n");
	report_time_limit(&r);
	report_memory(&r, 0);
	report_memory(&r, 3);
	assert_string_equal(read_now(), "{\"phase\": \"time-limit\", \"milliseconds\": 1500}\n"
					"{\"phase\": \"out-of-memory\", \"killed\": 3}\n");
	report_first(&r, CLD_KILLED, SIGKILL);
	report_end(&r, 124, &fine);
	assert_string_equal(read_now(), "{\"phase\": \"exit\", \"signal\": 9, \"status\": 124}\n");
	assert_int_equal(r.fd, -1);
}

static void init_knows_better_how_the_command_ended(void **state)
{
	const struct err fine = {0};
	struct msg m = {.type = MSG_ENDED, .err = {.code = SIGTERM, .status = 128 + SIGTERM}};
	int fd = -1;

	(void)state;
	r.next = REPORT_PHASES;
	assert_true(report_message(&r, &m, &fd));
	report_first(&r, CLD_EXITED, 128 + SIGTERM);
	report_end(&r, 128 + SIGTERM, &fine);
	assert_string_equal(read_now(), "{\"phase\": \"exit\", \"signal\": 15, \"status\": 143}\n");
}

static void a_failure_says_during_what(void **state)
{
	struct err e = {0};

	(void)state;
	report_done(&r, REPORT_IDS);
	read_now();
	err_set(&e, ENOENT, "volume \"a\"\n: no");
	report_end(&r, -ENOENT, &e);
	assert_string_equal(read_now(), "{\"phase\": \"error\", \"during\": \"image\", \"message\": \"volume "
					"\\\"a\\\"\\u000a: no\", \"status\": 125}\n");
}

static void other_messages_are_left_alone(void **state)
{
	struct msg m = {.type = MSG_NOTE};
	int fd = -1;

	(void)state;
	assert_false(report_message(&r, &m, &fd));
}

static void what_is_not_read_is_kept_and_offered_again(void **state)
{
	const struct err fine = {0};

	(void)state;
	fill();
	report_done(&r, REPORT_EXEC); /* must not wait */
	assert_null(strstr(read_now(), "policy"));
	report_end(&r, 0, &fine);
	read_more();
	for (int i = 0; i < REPORT_PHASES; i++) {
		static const char *const word[] = {"policy", "ids", "image", "mounts", "exec"};
		char phase[40];

		snprintf(phase, sizeof(phase), "{\"phase\": \"%s\"", word[i]);
		assert_non_null(strstr(got, phase));
	}
	assert_non_null(strstr(got, "{\"phase\": \"exit\", \"code\": 0, \"status\": 0}\n"));
}

static void who_never_reads_holds_nothing_up(void **state)
{
	const struct err fine = {0};

	(void)state;
	fill();
	for (int i = 0; i < REPORT_BUFFER; i++)
		report_time_limit(&r);
	assert_true(r.lost);
	report_end(&r, 0, &fine);
	assert_int_equal(r.fd, -1);
}

static void that_something_was_lost_is_said(void **state)
{
	const struct err fine = {0};

	(void)state;
	fill();
	for (int i = 0; i < REPORT_BUFFER; i++)
		report_time_limit(&r);
	read_now();
	report_end(&r, 0, &fine);
	read_more();
	assert_non_null(strstr(got, "\"status\": 0, \"lost\": true}\n"));
}

static void a_reader_who_is_gone_is_no_error(void **state)
{
	const struct err fine = {0};

	(void)state;
	fd_close(TAKE_FD(reader));
	report_done(&r, REPORT_EXEC);
	assert_int_equal(r.fd, -1);
	report_end(&r, 0, &fine);
}

static void without_a_descriptor_nothing_happens(void **state)
{
	const struct err fine = {0};

	(void)state;
	report_start(&r, -1);
	report_done(&r, REPORT_EXEC);
	report_time_limit(&r);
	report_memory(&r, 1);
	report_end(&r, 0, &fine);
	assert_int_equal(r.used, 0);
}

static void what_cannot_be_written_to_is_refused(void **state)
{
	struct err e = {0};
	int p[2];

	(void)state;
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	assert_int_equal(report_check(p[1], &e), 0);
	assert_int_equal(report_check(p[0], &e), -EBADF);
	assert_non_null(strstr(e.msg, "is not open for writing"));
	fd_close(p[0]);
	assert_int_equal(report_check(p[0], &e), -EBADF);
	assert_non_null(strstr(e.msg, "Bad file descriptor"));
	fd_close(p[1]);
}

int main(void)
{
#define PIPE(f)   cmocka_unit_test_setup_teardown(f, set_up, tear_down)
#define SOCKET(f) cmocka_unit_test_setup_teardown(f, set_up_socket, tear_down)
	const struct CMUnitTest tests[] = {
		PIPE(a_phase_is_a_line_and_each_comes_once),
		PIPE(init_knows_better_how_the_command_ended),
		PIPE(a_failure_says_during_what),
		PIPE(other_messages_are_left_alone),
		PIPE(what_is_not_read_is_kept_and_offered_again),
		SOCKET(what_is_not_read_is_kept_and_offered_again),
		PIPE(who_never_reads_holds_nothing_up),
		SOCKET(who_never_reads_holds_nothing_up),
		PIPE(that_something_was_lost_is_said),
		PIPE(a_reader_who_is_gone_is_no_error),
		SOCKET(a_reader_who_is_gone_is_no_error),
		PIPE(without_a_descriptor_nothing_happens),
		PIPE(what_cannot_be_written_to_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
