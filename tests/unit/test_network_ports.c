/* The user-mode network: addresses, ports that can be listened on, the directory that removes itself. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/fd.h"
#include "frontend/network.h"

static struct err e;

/* --- addresses ----------------------------------------------------------------------------------------- */

static void what_is_an_address(void **state)
{
	static const char *const good[] = {"127.0.0.1", "0.0.0.0", "198.51.100.1",
					   "::1",       "::",      "2001:db8::1"};
	static const char *const bad[] = {"",          "1.2.3",     "1.2.3.4.5", "256.0.0.1",
					  "localhost", "1.2.3.4/x", "[::1]",     ":"};
	struct sockaddr_storage at;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (network_parse(good[i], 1, &at) == 0)
			fail_msg("%s", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (network_parse(bad[i], 1, &at) != 0)
			fail_msg("%s", bad[i]);
}

static void what_is_the_hosts_own(void **state)
{
	(void)state;
	assert_true(network_is_local("127.0.0.1"));
	assert_true(network_is_local("127.0.0.53"));
	assert_true(network_is_local("0.0.0.0"));
	/* addresses for documentation: RFC 5737, RFC 3849 */
	assert_false(network_is_local("203.0.113.77"));
	assert_false(network_is_local("2001:db8::77"));
	assert_false(network_is_local("no address"));
}

/* --- ports ---------------------------------------------------------------------------------------------- */

static int check(enum network_program which, const char *address, uint32_t host_port, uint32_t protocol)
{
	const struct plan_port port = {
		.protocol = protocol, .host_port = host_port, .port = 80, .address = address};
	const struct plan p = {.ports = {.item = &port, .count = 1}};
	const struct network_tool tool = {.which = which};

	memset(&e, 0, sizeof(e));
	return network_ports_check(&p, &tool, &e);
}

/* A socket on a free port of 127.0.0.1, which goes into *ret. */
static int occupy(int type, uint32_t *ret)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0 && bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 1), 0);
	*ret = ntohs(sin.sin_port);
	return fd;
}

static void a_port_is_free_or_its_number_is_in_the_message(void **state)
{
	static const struct {
		int type;
		uint32_t protocol;
		const char *word;
	} row[] = {{SOCK_STREAM, PLAN_TCP, "tcp"}, {SOCK_DGRAM, PLAN_UDP, "udp"}};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		char expected[64];
		uint32_t port;
		int fd = occupy(row[i].type, &port);

		assert_int_equal(check(NETWORK_PASTA, "127.0.0.1", port, row[i].protocol), -EADDRINUSE);
		snprintf(expected, sizeof(expected), "publish port %u/%s of the host on 127.0.0.1: ", port,
			 row[i].word);
		assert_memory_equal(e.msg, expected, strlen(expected));
		assert_non_null(strstr(e.hint, "ss -ltunp"));
		/* of the other protocol it is another port */
		assert_int_equal(check(NETWORK_PASTA, "127.0.0.1", port, row[!i].protocol), 0);
		close(fd);
		assert_int_equal(check(NETWORK_PASTA, "127.0.0.1", port, row[i].protocol), 0);
	}
}

static void what_cannot_be_listened_on_is_said(void **state)
{
	(void)state;
	assert_int_equal(check(NETWORK_PASTA, "203.0.113.77", 8080, PLAN_TCP), -EADDRNOTAVAIL);
	assert_int_equal(check(NETWORK_PASTA, "1.2.3", 8080, PLAN_TCP), -EINVAL);
	assert_string_equal(e.msg, "publish port 8080/tcp of the host: 1.2.3 is no IPv4 or IPv6 address");
}

static void what_slirp4netns_cannot_do_is_said_before(void **state)
{
	uint32_t port;

	(void)state;
	close(occupy(SOCK_DGRAM, &port));
	assert_int_equal(check(NETWORK_PASTA, "127.0.0.1", port, PLAN_UDP), 0);
	assert_int_equal(check(NETWORK_SLIRP4NETNS, "127.0.0.1", port, PLAN_UDP), -EAFNOSUPPORT);
	assert_int_equal(check(NETWORK_SLIRP4NETNS, "0.0.0.0", port, PLAN_UDP), 0);
	assert_int_equal(check(NETWORK_SLIRP4NETNS, "127.0.0.1", port, PLAN_TCP), 0);
	assert_int_equal(check(NETWORK_SLIRP4NETNS, "::1", port, PLAN_TCP), -EAFNOSUPPORT);
}

/* --- the directory -------------------------------------------------------------------------------------- */

static bool is_there(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static void put_a_socket(const struct network_dir *dir)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	network_socket_path(dir, at.sun_path, sizeof(at.sun_path));
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	close(fd);
}

static void it_is_the_users_alone_and_goes_with_its_socket(void **state)
{
	struct network_dir dir = {.sweeper = -1, .sock = -1};
	struct stat st;

	(void)state;
	assert_int_equal(network_dir_make(&dir, &e), 0);
	assert_int_equal(lstat(dir.path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(st.st_uid, geteuid());
	put_a_socket(&dir);
	network_dir_remove(&dir);
	assert_false(is_there(dir.path));
	network_dir_remove(&dir); /* once more does nothing */
}

/* In a process of its own, which tells the path and waits to be killed. */
static void make_and_wait(int tell)
{
	struct network_dir dir = {.sweeper = -1, .sock = -1};
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL); /* as the supervisor has it */
	if (network_dir_make(&dir, &e) == 0) {
		put_a_socket(&dir);
		fd_write_all(tell, dir.path, sizeof(dir.path));
	}
	for (;;)
		sigsuspend(&all);
}

static void it_goes_when_its_maker_is_killed(void **state)
{
	const struct timespec pause = {.tv_nsec = 10000000};
	char path[sizeof(((struct network_dir *)0)->path)];
	int pair[2];
	pid_t pid;

	(void)state;
	assert_int_equal(pipe2(pair, 0), 0); /* NOLINT(android-cloexec-pipe2) */
	pid = fork();
	if (pid == 0)
		make_and_wait(pair[1]);
	close(pair[1]);
	assert_int_equal(read(pair[0], path, sizeof(path)), sizeof(path));
	assert_true(is_there(path));
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	for (int i = 0; i < 500 && is_there(path); i++)
		nanosleep(&pause, NULL);
	assert_false(is_there(path));
	close(pair[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_an_address),
		cmocka_unit_test(what_is_the_hosts_own),
		cmocka_unit_test(a_port_is_free_or_its_number_is_in_the_message),
		cmocka_unit_test(what_cannot_be_listened_on_is_said),
		cmocka_unit_test(what_slirp4netns_cannot_do_is_said_before),
		cmocka_unit_test(it_is_the_users_alone_and_goes_with_its_socket),
		cmocka_unit_test(it_goes_when_its_maker_is_killed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
