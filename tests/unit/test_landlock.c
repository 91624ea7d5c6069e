/* Each case runs in a process of its own: what Landlock takes away does not come back. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/caps.h"
#include "common/rmtree.h"
#include "sandbox/landlock.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static char base[64];

static int set_up(void **state)
{
	char sub[80];

	(void)state;
	strcpy(base, "/tmp/croft-landlock.XXXXXX");
	if (!mkdtemp(base))
		return -1;
	for (const char *name = "abc"; *name; name++) {
		snprintf(sub, sizeof(sub), "%s/%c", base, *name);
		if (mkdir(sub, 0755) < 0)
			return -1;
	}
	return 0;
}

static int tear_down(void **state)
{
	struct err e;
	int dir, r;

	(void)state;
	dir = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);
	r = dir < 0 ? -1 : rm_tree(dir, base + strlen("/tmp/"), &e);
	close(dir);
	return r;
}

static const char *at(const char *name)
{
	static char path[4][128];
	static int next;

	next = (next + 1) % 4;
	snprintf(path[next], sizeof(path[next]), "%s/%s", base, name);
	return path[next];
}

/* What the process says after it was restricted: errno of each try, 0 for success. */
enum { READ_A, WRITE_A, WRITE_B, MAKE_C, MOVE, TRIES };

static int as_errno(int r)
{
	int code = r < 0 ? errno : 0;

	if (r >= 0)
		close(r);
	return code;
}

static void try_all(int said[TRIES])
{
	said[READ_A] = as_errno(open(at("a"), O_RDONLY | O_DIRECTORY));
	said[WRITE_A] = as_errno(open(at("a/file"), O_WRONLY | O_CREAT, 0600));
	said[WRITE_B] = as_errno(open(at("b/file"), O_WRONLY | O_CREAT, 0600));
	said[MAKE_C] = mkdir(at("c/made"), 0700) < 0 ? errno : 0;
	said[MOVE] = rename(at("a/file"), at("a/moved")) < 0 ? errno : 0;
}

static int confined(const struct plan *p, int said[TRIES])
{
	int pipes[2], status;
	pid_t pid;

	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct err e = {0};
		int r[TRIES + 1] = {0};

		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		r[TRIES] = landlock_confine(p, &e);
		if (r[TRIES] == 0)
			try_all(r);
		_exit(write(pipes[1], r, sizeof(r)) != sizeof(r));
	}
	close(pipes[1]);
	{
		int r[TRIES + 1];

		assert_int_equal(read(pipes[0], r, sizeof(r)), sizeof(r));
		memcpy(said, r, TRIES * sizeof(*r));
		status = r[TRIES];
	}
	close(pipes[0]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	return status;
}

/* Whether the kernel has that version. Where it has not, what needs it is refused by name. */
static bool has(int abi, const struct plan *needs, const char *message)
{
	struct err e = {0};

	if (landlock_abi() >= abi)
		return true;
	assert_int_equal(landlock_confine(needs, &e), -ENOSYS);
	assert_non_null(strstr(e.msg, message));
	return false;
}

static bool has_files(void)
{
	const struct plan needs = {.landlock = PLAN_LANDLOCK_REQUIRED};

	return has(2, &needs, "--landlock required");
}

static bool has_ports(void)
{
	const struct plan needs = {.tcp = PLAN_TCP_BIND};

	return has(4, &needs, "--tcp-bind");
}

static void a_read_only_root_lets_write_where_the_plan_does(void **state)
{
	const struct plan_op op[] = {
		{.kind = OP_VOLUME, .target = at("a"), .source = "/x", .text = ""},
		{.kind = OP_VOLUME, .target = at("b"), .source = "/x", .text = "", .flags = OPF_READ_ONLY},
		{.kind = OP_TMPFS, .target = at("c"), .source = "", .text = ""},
		{.kind = OP_VOLUME, .target = at("gone"), .source = "/x", .text = ""},
	};
	struct plan p = {.root_read_only = 1, .ops = {.item = op, .count = COUNT(op)}};
	int said[TRIES];

	(void)state;
	if (!has_files())
		return;
	assert_int_equal(confined(&p, said), 0);
	assert_int_equal(said[READ_A], 0);
	assert_int_equal(said[WRITE_A], 0);
	assert_int_equal(said[WRITE_B], EACCES);
	assert_int_equal(said[MAKE_C], 0);
	assert_int_equal(said[MOVE], 0);
	/* The control: the same without the wall. */
	p.landlock = PLAN_LANDLOCK_OFF;
	assert_int_equal(confined(&p, said), 0);
	assert_int_equal(said[WRITE_B], 0);
}

static void a_writable_root_is_left_as_it_is(void **state)
{
	const struct plan p = {.ops = {.count = 0}};
	int said[TRIES];

	(void)state;
	if (!has_files())
		return;
	assert_int_equal(confined(&p, said), 0);
	for (int i = 0; i < TRIES; i++)
		assert_int_equal(said[i], 0);
}

/* As root of the host or of a user namespace: only Landlock is between it and the mount. */
static int mounts(const struct plan *p)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		struct err e = {0};

		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		if (p && landlock_confine(p, &e) < 0)
			_exit(255);
		/* EINVAL where it is allowed: the directory is no mount point. */
		_exit(mount(NULL, base, NULL, MS_PRIVATE, NULL) < 0 ? errno : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void mounts_cannot_be_changed_unless_the_command_may(void **state)
{
	struct plan p = {.caps = 0};

	(void)state;
	if (!has_files())
		return;
	if (mounts(NULL) == EPERM)
		return; /* without CAP_SYS_ADMIN nothing is to be seen; CI runs as root, too */
	assert_int_equal(mounts(&p), EPERM);
	p.allow_userns = 1;
	assert_int_equal(mounts(&p), mounts(NULL));
	p.landlock = PLAN_LANDLOCK_REQUIRED;
	assert_int_equal(mounts(&p), EPERM);
	p.allow_userns = 0;
	p.landlock = PLAN_LANDLOCK_AUTO;
	p.caps = CAP_BIT(CAP_SYS_ADMIN);
	assert_int_equal(mounts(&p), mounts(NULL));
	p.landlock = PLAN_LANDLOCK_OFF;
	p.caps = 0;
	assert_int_equal(mounts(&p), mounts(NULL));
}

/* errno of bind(2) and connect(2) to a port of the loopback interface. */
static void ports_after(const struct plan *p, uint16_t port, int *ret_bind, int *ret_connect)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
		struct err e = {0};
		int b, c;

		to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		if (landlock_confine(p, &e) < 0)
			_exit(255);
		b = bind(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&to, sizeof(to)) < 0 ? errno : 0;
		c = connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&to, sizeof(to)) < 0 ? errno
												     : 0;
		_exit((b == EACCES) | (c == EACCES) << 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 4);
	*ret_bind = WEXITSTATUS(status) & 1;
	*ret_connect = WEXITSTATUS(status) >> 1;
}

static void ports_are_kept_to_each_kind_alone(void **state)
{
	static const uint32_t port[] = {20022, 20080};
	static const struct {
		struct plan p;
		int no_bind, no_connect; /* to 20080, to 20081 */
		int other_bind, other_connect;
	} row[] = {
		{{.tcp = 0}, 0, 0, 0, 0},
		{{.tcp = PLAN_TCP_BIND, .tcp_bind = {port, 2}}, 0, 0, 1, 0},
		{{.tcp = PLAN_TCP_CONNECT, .tcp_connect = {port, 2}}, 0, 0, 0, 1},
		{{.tcp = PLAN_TCP_ALL, .tcp_connect = {port, 2}}, 1, 0, 1, 1},
		{{.tcp = PLAN_TCP_ALL}, 1, 1, 1, 1},
		{{.tcp = PLAN_TCP_CONNECT, .caps = CAP_BIT(CAP_SYS_ADMIN)}, 0, 1, 0, 1},
	};

	(void)state;
	if (!has_ports())
		return;
	for (size_t i = 0; i < COUNT(row); i++) {
		int b, c;

		ports_after(&row[i].p, 20080, &b, &c);
		if (b != row[i].no_bind || c != row[i].no_connect)
			fail_msg("row %zu: bind %d, connect %d", i, b, c);
		ports_after(&row[i].p, 20081, &b, &c);
		if (b != row[i].other_bind || c != row[i].other_connect)
			fail_msg("row %zu, another port: bind %d, connect %d", i, b, c);
	}
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_read_only_root_lets_write_where_the_plan_does),
		TEST(a_writable_root_is_left_as_it_is),
		TEST(mounts_cannot_be_changed_unless_the_command_may),
		TEST(ports_are_kept_to_each_kind_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
