/*
 * Which process croft-idmap writes the maps of: one change of a good target at a time, and the sentence that
 * refuses it. No privilege is used: as root the tests become another user first.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/nsfs.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/fd.h"
#include "helper/idmap/target.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { SOMEBODY = 54321, SKIP = 77 };

static struct err e;

/* ---- a kernel whose calls fail, or answer otherwise (-Wl,--wrap) ---- */

static struct {
	bool armed;
	int calls, fail;    /* the fail-th call fails */
	int error;          /* with this, or EIO */
	int call, answer;   /* the call-th says this, and is made all the same */
	const char *status; /* what is read there */
} k;

static bool fails(void)
{
	if (!k.armed || ++k.calls != k.fail)
		return false;
	errno = k.error ? k.error : EIO;
	return true;
}

static int answer(int r)
{
	return k.armed && k.calls == k.call ? k.answer : r;
}

int __wrap_fstat(int fd, struct stat *ret);
int __wrap_stat(const char *path, struct stat *ret);
int __wrap_fstatfs(int fd, struct statfs *ret);
int __wrap_ioctl(int fd, unsigned long what, ...);
ssize_t __wrap_read(int fd, void *buf, size_t size);
int __wrap_openat(int dir, const char *path, int flags, ...);
int __wrap_fd_openat2(int dir, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve);
int __real_fstat(int fd, struct stat *ret);
int __real_stat(const char *path, struct stat *ret);
int __real_fstatfs(int fd, struct statfs *ret);
int __real_ioctl(int fd, unsigned long what, ...);
ssize_t __real_read(int fd, void *buf, size_t size);
int __real_openat(int dir, const char *path, int flags, ...);
int __real_fd_openat2(int dir, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve);

int __wrap_fstat(int fd, struct stat *ret)
{
	return fails() ? -1 : __real_fstat(fd, ret);
}

int __wrap_stat(const char *path, struct stat *ret)
{
	return fails() ? -1 : __real_stat(path, ret);
}

int __wrap_fstatfs(int fd, struct statfs *ret)
{
	int r;

	if (fails())
		return -1;
	r = __real_fstatfs(fd, ret);
	ret->f_type = answer((int)ret->f_type);
	return r;
}

int __wrap_ioctl(int fd, unsigned long what, ...)
{
	va_list ap;
	uid_t *owner;
	int r;

	va_start(ap, what);
	owner = va_arg(ap, uid_t *);
	va_end(ap);
	if (fails())
		return -1;
	if (what != NS_GET_OWNER_UID)
		return answer(__real_ioctl(fd, what));
	r = __real_ioctl(fd, what, owner);
	*owner = (uid_t)answer((int)*owner);
	return r;
}

ssize_t __wrap_read(int fd, void *buf, size_t size)
{
	ssize_t n;

	if (fails())
		return -1;
	n = __real_read(fd, buf, size);
	if (!k.armed || !k.status || n < 5 || memcmp(buf, "Name:", 5))
		return n;
	assert_true(strlen(k.status) <= size);
	memcpy(buf, k.status, strlen(k.status));
	return (ssize_t)strlen(k.status);
}

int __wrap_openat(int dir, const char *path, int flags, ...)
{
	return fails() ? -1 : __real_openat(dir, path, flags);
}

int __wrap_fd_openat2(int dir, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve)
{
	return fails() ? -1 : __real_fd_openat2(dir, path, flags, mode, resolve);
}

/* ---- what a target does: status of the child when it could not ---- */

static int put(const char *path, const char *text)
{
	fd_auto int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : 1;
}

static int map_ids(const char *file, unsigned id)
{
	char line[32];

	snprintf(line, sizeof(line), "0 %u 1", id);
	return put(file, line);
}

static int nothing(void)
{
	return 0;
}

static int user_namespace(void)
{
	return unshare(CLONE_NEWUSER) < 0 ? SKIP : 0;
}

static int denies_setgroups(void)
{
	return user_namespace() || put("/proc/self/setgroups", "deny");
}

static int maps_uids(void)
{
	unsigned uid = geteuid();

	return user_namespace() || map_ids("/proc/self/uid_map", uid);
}

static int maps_gids(void)
{
	unsigned gid = getegid();

	return denies_setgroups() || map_ids("/proc/self/gid_map", gid);
}

static int maps_both(void)
{
	unsigned uid = geteuid();

	return maps_gids() || map_ids("/proc/self/uid_map", uid);
}

static int goes_deeper(void)
{
	return maps_both() || unshare(CLONE_NEWUSER) < 0;
}

static int is_not_dumpable(void)
{
	return user_namespace() || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0;
}

static int ends(void)
{
	int r = user_namespace();

	if (r == 0)
		_exit(0);
	return r;
}

/* ---- a target ---- */

struct process {
	pid_t pid;
	int go;  /* a byte: the second act */
	int did; /* a byte: what an act returned */
};

static uint8_t wait_for(int fd)
{
	uint8_t byte = 0;

	return read(fd, &byte, 1) == 1 ? byte : 0; /* 0: it ended */
}

static struct process start(int (*act)(void), int (*then)(void))
{
	struct process p;
	int go[2], did[2], r;

	assert_int_equal(pipe2(go, O_CLOEXEC), 0);
	assert_int_equal(pipe2(did, O_CLOEXEC), 0);
	p = (struct process){.pid = fork(), .go = go[1], .did = did[0]};
	if (p.pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		fd_close(go[1]);
		for (int i = 0; i < 2; i++) {
			uint8_t said = (uint8_t)(i == 0 ? act() : then());

			if (write(did[1], &said, 1) != 1 || wait_for(go[0]) == 0)
				break;
		}
		_exit(0);
	}
	assert_true(p.pid > 0);
	fd_close(go[0]);
	fd_close(did[1]);
	r = wait_for(p.did);
	if (r == SKIP) {
		print_message("no user namespaces here\n");
		skip();
	}
	assert_int_equal(r, 0);
	return p;
}

static void stop(struct process *p)
{
	fd_close(p->go);
	fd_close(p->did);
	kill(p->pid, SIGKILL);
	assert_int_equal(waitpid(p->pid, NULL, 0), p->pid);
}

static int open_proc(const struct process *p, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)p->pid, name);
	return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* A namespace of one in which it is denied inherits that. */
static bool setgroups_denied_here(void)
{
	fd_auto int fd = open("/proc/self/setgroups", O_RDONLY | O_CLOEXEC);
	char text[16] = "";

	assert_true(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0);
	return strcmp(text, "allow\n") != 0;
}

/* ---- tests ---- */

static void a_good_target_is_described(void **state)
{
	struct process p = start(user_namespace, nothing);
	fd_auto int fd = open_proc(&p, "");
	struct target t = {.fd = -1};
	char path[64];
	struct stat st;

	(void)state;
	assert_int_equal(target_check(fd, geteuid(), &t, &e), 0);
	snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)p.pid);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(t.fd, fd);
	assert_int_equal(t.pid, p.pid);
	assert_int_equal(t.ns_dev, st.st_dev);
	assert_int_equal(t.ns_ino, st.st_ino);
	assert_int_equal(t.setgroups_denied, setgroups_denied_here());
	assert_int_equal(target_same_namespace(&t, &e), 0);
	stop(&p);
}

static void it_is_said_when_setgroups_is_denied_already(void **state)
{
	struct process p = start(denies_setgroups, nothing);
	fd_auto int fd = open_proc(&p, "");
	struct target t;

	(void)state;
	assert_int_equal(target_check(fd, geteuid(), &t, &e), 0);
	assert_true(t.setgroups_denied);
	stop(&p);
}

static void each_wrong_target_has_a_sentence(void **state)
{
	static const struct {
		int (*act)(void);
		uid_t add; /* to the caller's uid */
		int want;
		const char *says;
		const char *hint;
	} row[] = {
		{user_namespace, 1, -EPERM, "the target process belongs to uid ", ""},
		{nothing, 0, -EPERM, "the target process has no user namespace of its own", ""},
		{goes_deeper, 0, -EPERM,
		 "the user namespace of the target process was made inside another one", ""},
		{is_not_dumpable, 0, -EACCES,
		 "the target process is not dumpable, so its files belong to uid ",
		 "it must not have run a program the caller cannot read"},
		{maps_uids, 0, -EPERM, "uid_map of the target process is written already", ""},
		{maps_gids, 0, -EPERM, "gid_map of the target process is written already", ""},
		{maps_both, 0, -EPERM, "uid_map of the target process is written already", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		struct process p;

		if (row[i].act == is_not_dumpable && geteuid() == 0)
			continue; /* its files are root's either way */
		p = start(row[i].act, nothing);
		fd_auto int fd = open_proc(&p, "");
		struct target t = {.fd = -1};

		e = (struct err){0};
		if (target_check(fd, geteuid() + row[i].add, &t, &e) != row[i].want ||
		    !strstr(e.msg, row[i].says) || !strstr(e.hint, row[i].hint))
			fail_msg("\"%s\" was expected: %s (%s)", row[i].says, e.msg, e.hint);
		assert_int_equal(t.fd, -1);
		stop(&p);
	}
}

static void what_is_no_directory_of_a_process_is_refused(void **state)
{
	static const struct {
		const char *path;
		int want;
		const char *says;
	} row[] = {
		{"/", -ENOTDIR, "is not a directory /proc/PID"},
		{"/proc/self/status", -ENOTDIR, "is not a directory /proc/PID"},
		{"/proc", -ESRCH, "the target process is gone, or descriptor "},
		{"/proc/self/fd", -ESRCH, "the target process is gone, or descriptor "},
	};
	struct target t;

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		fd_auto int fd = open(row[i].path, O_PATH | O_CLOEXEC);

		assert_true(fd >= 0);
		assert_int_equal(target_check(fd, geteuid(), &t, &e), row[i].want);
		if (!strstr(e.msg, row[i].says))
			fail_msg("%s: \"%s\" was expected: %s", row[i].path, row[i].says, e.msg);
	}
	assert_int_equal(target_check(999, geteuid(), &t, &e), -EBADF);
	assert_string_equal(e.msg, "descriptor 999 is not open");
}

struct thread {
	int dir;
	int ready[2], end[2];
};

static void *wait_in_thread(void *ctx)
{
	struct thread *t = ctx;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/task/%d", (int)gettid());
	t->dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	fd_close(t->ready[1]);
	wait_for(t->end[0]);
	return NULL;
}

static void a_thread_is_no_process(void **state)
{
	struct thread thread = {.dir = -1};
	struct target t;
	pthread_t id;

	(void)state;
	assert_int_equal(pipe2(thread.ready, O_CLOEXEC), 0);
	assert_int_equal(pipe2(thread.end, O_CLOEXEC), 0);
	assert_int_equal(pthread_create(&id, NULL, wait_in_thread, &thread), 0);
	wait_for(thread.ready[0]);
	assert_true(thread.dir >= 0);
	assert_int_equal(target_check(thread.dir, geteuid(), &t, &e), -ENOTDIR);
	assert_non_null(strstr(e.msg, " is a thread, not a process"));
	fd_close(thread.end[1]);
	assert_int_equal(pthread_join(id, NULL), 0);
	fd_close(thread.ready[0]);
	fd_close(thread.end[0]);
	fd_close(thread.dir);
}

static void a_process_that_has_ended_is_refused(void **state)
{
	struct process p = start(user_namespace, ends);
	fd_auto int fd = open_proc(&p, "");
	const char go = 1;
	struct target t;
	siginfo_t info;

	(void)state;
	assert_int_equal(write(p.go, &go, 1), 1);
	kill(p.pid, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)p.pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(target_check(fd, geteuid(), &t, &e), -ESRCH);
	assert_string_equal(e.msg, "the target process has ended and waits to be collected");
	stop(&p);
	assert_int_equal(target_check(fd, geteuid(), &t, &e), -ESRCH);
	assert_non_null(strstr(e.msg, "the target process is gone, or descriptor "));
	t.fd = fd;
	assert_int_equal(target_same_namespace(&t, &e), -ESRCH);
	assert_string_equal(e.msg, "the target process is gone");
}

static void a_target_that_changes_its_namespace_meanwhile_is_noticed(void **state)
{
	struct process p = start(user_namespace, maps_both);
	fd_auto int fd = open_proc(&p, "");
	const char go = 1;
	struct target t;

	(void)state;
	assert_int_equal(target_check(fd, geteuid(), &t, &e), 0);
	t.ns_ino++;
	assert_int_equal(target_same_namespace(&t, &e), -EPERM);
	assert_string_equal(e.msg, "the target process changed its user namespace meanwhile");
	t.ns_ino--;
	t.ns_dev++;
	assert_int_equal(target_same_namespace(&t, &e), -EPERM);
	t.ns_dev--;
	assert_int_equal(target_same_namespace(&t, &e), 0);
	assert_int_equal(write(p.go, &go, 1), 1); /* it has no ids in a namespace without a map: this fails */
	assert_int_not_equal(wait_for(p.did), 0);
	stop(&p);
}

static void files_of_the_target_are_its_own_and_no_links(void **state)
{
	struct process p = start(user_namespace, nothing);
	fd_auto int dir = open_proc(&p, "");
	fd_auto int fd = -1;
	struct target t = {.fd = dir};
	struct stat st, want;
	char path[64];

	(void)state;
	fd = target_open(&t, "status", O_RDONLY, &e);
	assert_true(fd > 2);
	snprintf(path, sizeof(path), "/proc/%d/status", (int)p.pid);
	assert_int_equal(stat(path, &want), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_ino, want.st_ino);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(target_open(&t, "no-such-file", O_RDONLY, &e), -ESRCH);
	assert_string_equal(e.msg, "the target process is gone");
	assert_int_equal(target_open(&t, "cwd", O_RDONLY, &e), -ELOOP);
	assert_string_equal(e.msg, "cwd of the target process is covered by a mount");
	assert_int_equal(target_open(&t, "../version", O_RDONLY, &e), -EXDEV);
	if (geteuid() != 0) {
		assert_int_equal(target_open(&t, "status", O_WRONLY, &e), -EACCES);
		assert_string_equal(e.msg, "open status of the target process: Permission denied");
	}
	stop(&p);
}

/* In a user and a mount namespace, below which the target's is. */
static int look_below_mounts(const char *covered, int want, const char *says)
{
	char path[64];
	struct process p;
	struct target t;
	int fd, r;

	if (maps_both() || unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return SKIP;
	p = start(user_namespace, nothing);
	fd = open_proc(&p, "");
	if (target_check(fd, geteuid(), &t, &e) != 0)
		return 1;
	snprintf(path, sizeof(path), "/proc/%d/%s", (int)p.pid, covered);
	if (mount(strcmp(covered, "ns") ? "/proc/version" : "/proc/self/ns", path, NULL, MS_BIND, NULL) < 0 &&
	    mount("/dev/null", path, NULL, MS_BIND, NULL) < 0)
		return SKIP;
	r = target_check(fd, geteuid(), &t, &e);
	stop(&p);
	if (r == want && strstr(e.msg, says))
		return 0;
	print_message("%s: %d %s\n", covered, r, e.msg);
	return 2;
}

static void what_a_mount_covers_is_refused(void **state)
{
	static const struct {
		const char *covered;
		const char *says;
	} row[] = {
		{"status", "status of the target process is covered by a mount"},
		{"uid_map", "uid_map of the target process is covered by a mount"},
		{"gid_map", "gid_map of the target process is covered by a mount"},
		{"setgroups", "setgroups of the target process is covered by a mount"},
		{"ns", "ns of the target process is covered by a mount"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		pid_t pid = fork();
		int status;

		if (pid == 0)
			_exit(look_below_mounts(row[i].covered, -EXDEV, row[i].says));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (WIFEXITED(status) && WEXITSTATUS(status) == SKIP)
			skip();
		if (status != 0)
			fail_msg("%s: %d", row[i].covered, status);
	}
}

/* Where a user namespace maps root alone, it stays root. */
static int begin(void **state)
{
	(void)state;
	if (geteuid() != 0 || setgroups(0, NULL) < 0)
		return 0;
	if (setgid(SOMEBODY) < 0 || setuid(SOMEBODY) < 0)
		return -1;
	return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static int checked(int fd, struct target *t)
{
	int r;

	e = (struct err){0};
	k.armed = true;
	k.calls = 0;
	r = target_check(fd, geteuid(), t, &e);
	k.armed = false;
	return r;
}

#define OPEN(name) "open " name " of the target process: Input/output error"
#define LOOK(name) "look at " name " of the target process: Input/output error"
#define COVERED    "ns/user of the target process is covered by a mount"

/* In the order in which the kernel is asked. */
static const char *const step[] = {
	OPEN("the directory"),
	OPEN("the directory"),
	OPEN("status"),
	LOOK("status"),
	OPEN("status"),
	OPEN("the directory"),
	OPEN("uid_map"),
	LOOK("uid_map"),
	OPEN("uid_map"),
	OPEN("ns"),
	LOOK("ns"),
	OPEN("ns/user"),
	COVERED,
	COVERED,
	"look at user namespaces: Input/output error",
	"look at user namespaces: Input/output error",
	"ask for the parent of the target's user namespace: Input/output error",
	"look at the parent of the target's user namespace: Input/output error",
	"ask for the owner of the target's user namespace: Input/output error",
	OPEN("uid_map"),
	LOOK("uid_map"),
	OPEN("uid_map"),
	OPEN("gid_map"),
	LOOK("gid_map"),
	OPEN("gid_map"),
	OPEN("setgroups"),
	LOOK("setgroups"),
	OPEN("setgroups"),
};

static void each_call_that_fails_is_a_refusal(void **state)
{
	struct process p = start(user_namespace, nothing);
	fd_auto int fd = open_proc(&p, "");
	struct target t, good;

	(void)state;
	k.fail = 0;
	assert_int_equal(checked(fd, &good), 0);
	assert_int_equal(k.calls, COUNT(step));
	for (size_t i = 0; i < COUNT(step); i++) {
		t.fd = -1;
		k.fail = (int)i + 1;
		assert_int_equal(checked(fd, &t), step[i] == step[12] ? -EXDEV : -EIO);
		assert_string_equal(e.msg, step[i]);
		assert_string_equal(e.hint, "");
		assert_int_equal(k.calls, k.fail);
		assert_int_equal(t.fd, -1);
	}
	for (k.fail = 1; k.fail <= 6; k.fail++) {
		k.calls = 0;
		k.armed = true;
		assert_true(target_same_namespace(&good, &e) < 0);
		k.armed = false;
	}
	assert_string_equal(e.msg, "look at the target's user namespace: Input/output error");
	k.fail = 12;
	k.error = EACCES;
	assert_int_equal(checked(fd, &t), -EACCES);
	assert_string_equal(e.hint, "its user namespace was made by another user");
	k.fail = 17; /* the parent is none of ours */
	k.error = EPERM;
	assert_int_equal(checked(fd, &t), -EPERM);
	assert_string_equal(e.msg, "the user namespace of the target process was made inside another one");
	k.error = 0;
	k.fail = 0;
	assert_int_equal(target_same_namespace(&good, &e), 0);
	stop(&p);
}

static void what_the_kernel_would_not_answer_is_a_refusal(void **state)
{
	static const struct {
		int call, answer, want;
		const char *says;
	} row[] = {
		{2, 1, -ENOTDIR, "is not a directory /proc/PID"},
		{4, 1, -EXDEV, "status of the target process is covered by a mount"},
		{13, 1, -EXDEV, COVERED},
		{14, CLONE_NEWNET, -EXDEV, COVERED},
		{19, 4711, -EPERM,
		 "the user namespace of the target process belongs to uid 4711, not to the caller"},
	};
	static const char *const status[] = {
		"Name:\tx\nState:\tZ\nTgid:\t5\nPid:\t5\n",
		"Name:\tx\nState:\tX\nTgid:\t5\nPid:\t5\n",
		"Name:\tx\nState:\tS\n",
		"Name:\tx\nState:\tS\nPid:\t0\n",
		"Name:\tx\nState:\tS\nPid:\t1\n",
		"Name:\tx\nState:\tS\nTgid:\t5\n",
		"Name:\tx\nState:\tS\nTgid:\tx\nPid:\t5\n",
		"",
	};
	struct process p = start(user_namespace, nothing);
	fd_auto int fd = open_proc(&p, "");
	struct target t = {.fd = -1};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		k.call = row[i].call;
		k.answer = row[i].answer;
		assert_int_equal(checked(fd, &t), row[i].want);
		assert_non_null(strstr(e.msg, row[i].says));
	}
	k.call = 0;
	for (size_t i = 0; i < COUNT(status); i++) {
		k.status = status[i];
		assert_int_equal(checked(fd, &t), i < 2 ? -ESRCH : -ENOTDIR);
		assert_int_equal(t.fd, -1);
	}
	k.status = NULL;
	stop(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_target_is_described),
		cmocka_unit_test(it_is_said_when_setgroups_is_denied_already),
		cmocka_unit_test(each_wrong_target_has_a_sentence),
		cmocka_unit_test(what_is_no_directory_of_a_process_is_refused),
		cmocka_unit_test(each_call_that_fails_is_a_refusal),
		cmocka_unit_test(what_the_kernel_would_not_answer_is_a_refusal),
		cmocka_unit_test(a_thread_is_no_process),
		cmocka_unit_test(a_process_that_has_ended_is_refused),
		cmocka_unit_test(a_target_that_changes_its_namespace_meanwhile_is_noticed),
		cmocka_unit_test(files_of_the_target_are_its_own_and_no_links),
		cmocka_unit_test(what_a_mount_covers_is_refused),
	};

	return cmocka_run_group_tests(tests, begin, NULL);
}
