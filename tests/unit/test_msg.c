/* Messages between the two ends of a start. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/fd.h"
#include "sandbox/msg.h"
#include "tests/reference/rights.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { NOT_SET = -77 };

static int ours, theirs;

static int set_up(void **state)
{
	int pair[2];

	(void)state;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	ours = pair[0];
	theirs = pair[1];
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fd_close(ours);
	fd_close(theirs);
	return 0;
}

/* How many descriptors are open. */
static int open_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static struct err an_error(void)
{
	struct err e;

	memset(&e, 0, sizeof(e));
	err_set(&e, ENOSPC, "mount /x: it is full");
	err_hint(&e, "make room");
	err_status(&e, EXIT_NOT_FOUND);
	return e;
}

static void an_error_arrives_whole(void **state)
{
	struct err e = an_error();
	struct msg m;
	int fd = NOT_SET;

	(void)state;
	assert_int_equal(msg_send(theirs, MSG_ERROR, &e, -1), 0);
	assert_int_equal(msg_receive(ours, 0, &m, &fd), 1);
	assert_int_equal(m.type, MSG_ERROR);
	assert_memory_equal(&m.err, &e, sizeof(e));
	assert_int_equal(fd, -1);
}

static void every_type_arrives_in_order(void **state)
{
	static const enum msg_type type[] = {MSG_GO,    MSG_NOTE,    MSG_TERMINAL, MSG_ERROR,   MSG_STOPPED,
					     MSG_CHILD, MSG_MADE,    MSG_ROOT,     MSG_MOUNTS,  MSG_EXEC,
					     MSG_ENDED, MSG_SESSION, MSG_FD,       MSG_REQUEST, MSG_SIGNAL,
					     MSG_STOP,  MSG_WAIT,    MSG_ATTACH};
	struct err e = an_error();
	struct msg m;
	int fd;

	(void)state;
	for (size_t i = 0; i < COUNT(type); i++) {
		bool sentence = type[i] == MSG_NOTE || type[i] == MSG_ERROR || type[i] == MSG_ENDED ||
				type[i] == MSG_SIGNAL;

		assert_int_equal(msg_send(theirs, type[i], sentence ? &e : NULL, -1), 0);
	}
	for (size_t i = 0; i < COUNT(type); i++) {
		assert_int_equal(msg_receive(ours, 0, &m, &fd), 1);
		assert_int_equal(m.type, type[i]);
		assert_int_equal(fd, -1);
	}
}

static void a_descriptor_is_passed_and_closes_on_exec(void **state)
{
	struct stat a, b;
	struct msg m;
	int p[2], fd, before;

	(void)state;
	assert_int_equal(pipe2(p, 0), 0);
	before = open_fds();
	assert_int_equal(msg_send(theirs, MSG_TERMINAL, NULL, p[0]), 0);
	assert_int_equal(open_fds(), before);
	assert_int_equal(msg_receive(ours, 0, &m, &fd), 1);
	assert_true(fd >= 0 && fd != p[0]);
	assert_int_equal(fstat(fd, &a) | fstat(p[0], &b), 0);
	assert_true(a.st_ino == b.st_ino && a.st_dev == b.st_dev);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	fd_close(fd);
	fd_close(p[0]);
	fd_close(p[1]);
}

static void nothing_there_is_eagain_and_the_end_is_zero(void **state)
{
	struct msg m;
	int fd = NOT_SET;

	(void)state;
	assert_int_equal(msg_receive(ours, MSG_DONTWAIT, &m, &fd), -EAGAIN);
	assert_int_equal(msg_send(theirs, MSG_GO, NULL, -1), 0);
	fd_close(theirs);
	theirs = -1;
	assert_int_equal(msg_receive(ours, 0, &m, &fd), 1);
	assert_int_equal(fd, -1);
	fd = NOT_SET;
	assert_int_equal(msg_receive(ours, 0, &m, &fd), 0);
	assert_int_equal(msg_receive(ours, MSG_DONTWAIT, &m, &fd), 0);
	assert_int_equal(fd, NOT_SET);
}

/* The kernel then says ECONNRESET first. */
static void what_was_sent_before_the_end_arrives_though_ours_was_not_read(void **state)
{
	struct err e = {.code = ESTALE, .msg = "why"};
	struct msg m;
	int fd = NOT_SET;

	(void)state;
	assert_int_equal(msg_send(ours, MSG_GO, NULL, -1), 0);
	assert_int_equal(msg_send(theirs, MSG_ERROR, &e, -1), 0);
	fd_close(theirs);
	theirs = -1;
	assert_int_equal(msg_receive(ours, MSG_DONTWAIT, &m, &fd), 1);
	assert_int_equal(m.type, MSG_ERROR);
	assert_string_equal(m.err.msg, "why");
	assert_int_equal(msg_receive(ours, MSG_DONTWAIT, &m, &fd), 0);
}

static void sending_to_nobody_is_an_error_and_no_signal(void **state)
{
	(void)state;
	fd_close(theirs);
	theirs = -1;
	signal(SIGPIPE, SIG_DFL);
	assert_int_equal(msg_send(ours, MSG_GO, NULL, -1), -EPIPE);
	assert_int_equal(msg_send(-1, MSG_GO, NULL, -1), -EBADF);
	assert_int_equal(msg_receive(-1, 0, &(struct msg){0}, &(int){0}), -EBADF);
}

/* Sends n bytes with nfds copies of descriptor 0. */
static void send_raw(const void *b, size_t n, size_t nfds)
{
	assert_int_equal(rights_send(theirs, b, n, 0, nfds), n);
}

static struct msg message(uint32_t type, int code)
{
	struct msg m = {.type = type, .err = an_error()};

	m.err.code = code;
	return m;
}

static void what_is_no_message_is_refused_and_leaves_no_descriptor(void **state)
{
	const struct {
		struct msg m;
		size_t size, nfds;
		const char *why;
	} row[] = {
		{message(MSG_GO, 1), 1, 0, "a part of the type"},
		{message(MSG_GO, 1), 3, 0, "most of the type"},
		{message(MSG_GO, 1), 5, 0, "the type and a byte"},
		{message(MSG_GO, 1), sizeof(struct msg) - 1, 0, "a byte is missing"},
		{message(MSG_ERROR, 1), 100, 1, "a part of an error, with a descriptor"},
		{message(MSG_ERROR, 1), sizeof(struct msg) + 1, 0, "a byte too many"},
		{message(MSG_ERROR, 1), sizeof(struct msg) + 500, 1, "many bytes too many"},
		{message(0, 1), 4, 0, "no type"},
		{message(MSG_LAST + 1, 1), 4, 0, "an unknown type"},
		{message(UINT32_MAX, 1), 4, 1, "an unknown type, with a descriptor"},
		{message(MSG_ERROR, 1), 4, 0, "an error without its sentence"},
		{message(MSG_NOTE, 1), 4, 0, "a note without its sentence"},
		{message(MSG_ENDED, 1), 4, 0, "an end without how"},
		{message(MSG_GO, 1), sizeof(struct msg), 0, "a sentence where none belongs"},
		{message(MSG_ERROR, 0), sizeof(struct msg), 0, "an error that is none"},
		{message(MSG_ERROR, -5), sizeof(struct msg), 0, "an error that would read as a descriptor"},
		{message(MSG_TERMINAL, 1), 4, 2, "two descriptors"},
		{message(MSG_TERMINAL, 1), 4, 3, "three descriptors"},
		{message(MSG_TERMINAL, 1), 4, RIGHTS_MAX, "many descriptors"},
	};
	struct {
		struct msg m;
		char more[512];
	} sent;

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		int before = open_fds(), fd = NOT_SET, r;
		struct msg m;

		memset(&sent, 'x', sizeof(sent));
		sent.m = row[i].m;
		send_raw(&sent, row[i].size, row[i].nfds);
		r = msg_receive(ours, 0, &m, &fd);
		if (r != -EBADMSG || fd != NOT_SET || open_fds() != before)
			fail_msg("%s: %d, descriptor %d, %d more open", row[i].why, r, fd,
				 open_fds() - before);
	}
	send_raw(&sent, 0, 1);
	assert_int_equal(msg_receive(ours, MSG_DONTWAIT, &sent.m, &(int){0}), 0);
	assert_int_equal(msg_send(theirs, MSG_GO, NULL, -1), 0);
	assert_int_equal(msg_receive(ours, 0, &sent.m, &(int){0}), 1);
}

static void an_empty_packet_leaves_no_descriptor(void **state)
{
	int before = open_fds(), fd = NOT_SET;
	struct msg m;

	(void)state;
	send_raw("", 0, 1);
	assert_int_equal(msg_receive(ours, 0, &m, &fd), 0);
	assert_int_equal(fd, NOT_SET);
	assert_int_equal(open_fds(), before);
}

static void text_without_its_terminator_gets_one(void **state)
{
	struct msg sent, m;
	int fd;

	(void)state;
	memset(&sent, 'x', sizeof(sent));
	sent.type = MSG_ERROR;
	sent.err.code = EIO;
	send_raw(&sent, sizeof(sent), 0);
	assert_int_equal(msg_receive(ours, 0, &m, &fd), 1);
	assert_int_equal(strnlen(m.err.msg, ERR_MSG_MAX), ERR_MSG_MAX - 1);
	assert_int_equal(strnlen(m.err.hint, ERR_HINT_MAX), ERR_HINT_MAX - 1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(an_error_arrives_whole),
		TEST(every_type_arrives_in_order),
		TEST(a_descriptor_is_passed_and_closes_on_exec),
		TEST(nothing_there_is_eagain_and_the_end_is_zero),
		TEST(what_was_sent_before_the_end_arrives_though_ours_was_not_read),
		TEST(sending_to_nobody_is_an_error_and_no_signal),
		TEST(what_is_no_message_is_refused_and_leaves_no_descriptor),
		TEST(an_empty_packet_leaves_no_descriptor),
		TEST(text_without_its_terminator_gets_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
