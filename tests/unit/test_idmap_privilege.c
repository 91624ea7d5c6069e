/*
 * How a privileged program reduces itself, on a kernel that is played here (-Wl,--wrap): each call of it
 * fails in turn, or does something else than it says, which no real kernel does for a test.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/caps.h"
#include "common/helper_exit.h"
#include "helper/shared/privilege.h"

#define COUNT(a)  (sizeof(a) / sizeof((a)[0]))
#define WHOLE_MAP "         0          0 4294967295\n"

enum { CALLER = 1000, GROUP = 1001, OTHER = 7, SUID_DUMPABLE = 2 };
enum { EFFECTIVE = 1, PERMITTED = 2, INHERITABLE = 4, AMBIENT = 8 };

static const struct privilege wanted = {
	.caps = CAP_BIT(CAP_SETUID) | CAP_BIT(CAP_SETGID),
	.all = "the two",
	.any = "one of the two",
	.setcap = "two+p",
	.root = "who may not",
};
static const uint64_t everything = (CAP_BIT(41) - 1);

/* The kernel. */
static struct {
	uid_t u[3], g[3];
	struct caps c;
	bool ambient, keepcaps, no_new_privs, nosuid, no_user_namespaces;
	int dumpable;
	uint64_t bounding;
	const char *uid_map, *status; /* files of /proc/self; NULL: there is none */
	int map_error;
	bool no_proc;  /* what is at /proc is of another type */
	int lie_caps;  /* which sets capset(2) does not change */
	int lie_id;    /* which id becomes OTHER: 1-3 user, 4-6 group */
	bool way_back; /* uid 0 can be had again */
	bool stays_dumpable;
	bool exe_unknown; /* readlink(2) of /proc/self/exe fails */
	int calls, fail;  /* the fail-th call fails */
} k;

static struct err e;

static bool fails(int code)
{
	if (++k.calls != k.fail)
		return false;
	errno = code;
	return true;
}

static int no(int code)
{
	errno = code;
	return -1;
}

int __wrap_prctl(int what, ...);
int __wrap_setresuid(uid_t r, uid_t e, uid_t s);
int __wrap_setresgid(gid_t r, gid_t e, gid_t s);
int __wrap_getresuid(uid_t *r, uid_t *e, uid_t *s);
int __wrap_getresgid(gid_t *r, gid_t *e, gid_t *s);
uid_t __wrap_getuid(void);
uid_t __wrap_geteuid(void);
gid_t __wrap_getgid(void);
gid_t __wrap_getegid(void);
int __wrap_caps_get(struct caps *ret);
int __wrap_caps_set(const struct caps *c);
int __wrap_open(const char *path, int flags, ...);
int __wrap_access(const char *path, int mode);
int __wrap_fstatfs(int fd, struct statfs *ret);
int __wrap_statvfs(const char *path, struct statvfs *ret);
ssize_t __wrap_readlink(const char *path, char *buf, size_t size);
int __real_open(const char *path, int flags, ...);

int __wrap_prctl(int what, ...)
{
	unsigned long arg[4];
	va_list ap;

	va_start(ap, what);
	for (int i = 0; i < 4; i++)
		arg[i] = (unsigned long)va_arg(ap, int);
	va_end(ap);
	if (what != PR_CAPBSET_READ && fails(EIO))
		return -1;
	/* prctl(2): arguments that are not used are 0 */
	if (arg[2] || arg[3] || (arg[1] && what != PR_CAP_AMBIENT))
		return no(EINVAL);
	switch (what) {
	case PR_SET_DUMPABLE:
		k.dumpable = k.stays_dumpable ? 1 : (int)arg[0];
		return 0;
	case PR_GET_DUMPABLE:
		return arg[0] ? no(EINVAL) : k.dumpable;
	case PR_SET_KEEPCAPS:
		k.keepcaps = arg[0];
		return arg[0] > 1 ? no(EINVAL) : 0;
	case PR_GET_NO_NEW_PRIVS:
		return arg[0] ? no(EINVAL) : k.no_new_privs;
	case PR_CAPBSET_READ:
		return arg[0] > 40 ? no(EINVAL) : (int)((k.bounding >> arg[0]) & 1);
	case PR_CAP_AMBIENT:
		if (arg[0] != PR_CAP_AMBIENT_CLEAR_ALL || arg[1])
			return no(EINVAL);
		k.ambient = false;
		return 0;
	}
	return no(EINVAL);
}

static bool one_of(const uid_t id[3], uid_t x)
{
	return x == (uid_t)-1 || x == id[0] || x == id[1] || x == id[2];
}

static int set_ids(uid_t id[3], const uid_t to[3], uint64_t cap, int lie)
{
	const bool may = k.c.effective & cap;

	for (int i = 0; i < 3; i++)
		if (!may && !one_of(id, to[i]))
			return no(EPERM);
	for (int i = 0; i < 3; i++) {
		if (to[i] == (uid_t)-1)
			continue;
		if (id[i] != to[i])
			k.dumpable = SUID_DUMPABLE;
		id[i] = lie == i + 1 ? OTHER : to[i];
	}
	return 0;
}

int __wrap_setresuid(uid_t r, uid_t eff, uid_t s)
{
	const uid_t to[3] = {r, eff, s};
	const bool was_root = !k.u[0] || !k.u[1] || !k.u[2];

	if (fails(EAGAIN))
		return -1;
	if (k.way_back && r == (uid_t)-1 && eff == 0 && s == (uid_t)-1) {
		k.u[1] = 0;
		return 0;
	}
	if (set_ids(k.u, to, CAP_BIT(CAP_SETUID), k.lie_id) < 0)
		return -1;
	if (was_root && k.u[0] && k.u[1] && k.u[2]) { /* capabilities(7) */
		if (!k.keepcaps)
			k.c.permitted = 0;
		k.c.effective = 0;
		k.ambient = false;
	}
	return 0;
}

int __wrap_setresgid(gid_t r, gid_t eff, gid_t s)
{
	const gid_t to[3] = {r, eff, s};

	if (fails(EAGAIN))
		return -1;
	return set_ids(k.g, to, CAP_BIT(CAP_SETGID), k.lie_id - 3);
}

int __wrap_getresuid(uid_t *r, uid_t *eff, uid_t *s)
{
	if (fails(EFAULT))
		return -1;
	*r = k.u[0];
	*eff = k.u[1];
	*s = k.u[2];
	return 0;
}

int __wrap_getresgid(gid_t *r, gid_t *eff, gid_t *s)
{
	if (fails(EFAULT))
		return -1;
	*r = k.g[0];
	*eff = k.g[1];
	*s = k.g[2];
	return 0;
}

uid_t __wrap_getuid(void)
{
	return k.u[0];
}

uid_t __wrap_geteuid(void)
{
	return k.u[1];
}

gid_t __wrap_getgid(void)
{
	return k.g[0];
}

gid_t __wrap_getegid(void)
{
	return k.g[1];
}

int __wrap_caps_get(struct caps *ret)
{
	if (fails(EINVAL))
		return -errno;
	*ret = k.c;
	return 0;
}

int __wrap_caps_set(const struct caps *c)
{
	if (fails(EPERM) || c->permitted & ~k.c.permitted || c->effective & ~c->permitted)
		return -EPERM;
	if (!(k.lie_caps & EFFECTIVE))
		k.c.effective = c->effective;
	if (!(k.lie_caps & PERMITTED))
		k.c.permitted = c->permitted;
	if (!(k.lie_caps & INHERITABLE))
		k.c.inheritable = c->inheritable;
	return 0;
}

/* A file of /proc: a pipe with its text in it. */
int __wrap_open(const char *path, int flags, ...)
{
	const char *text = !strcmp(path, "/proc/self/uid_map")  ? k.uid_map
			   : !strcmp(path, "/proc/self/status") ? k.status
								: NULL;
	int fd[2];

	if (!text && strncmp(path, "/proc/self/", 11))
		return __real_open(path, flags);
	if (fails(EACCES))
		return -1;
	if (k.map_error && text == k.uid_map)
		return no(k.map_error);
	if (!text)
		return no(ENOENT);
	if (!strcmp(text, "directory"))
		return __real_open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(pipe(fd), 0);
	assert_int_equal(write(fd[1], text, strlen(text)), strlen(text));
	close(fd[1]);
	return fd[0];
}

int __wrap_access(const char *path, int mode)
{
	assert_string_equal(path, "/proc/self/ns/mnt");
	(void)mode;
	return k.no_user_namespaces ? 0 : no(ENOENT);
}

int __wrap_fstatfs(int fd, struct statfs *ret)
{
	(void)fd;
	if (fails(EIO))
		return -1;
	memset(ret, 0, sizeof(*ret));
	ret->f_type = k.no_proc ? TMPFS_MAGIC : PROC_SUPER_MAGIC;
	return 0;
}

int __wrap_statvfs(const char *path, struct statvfs *ret)
{
	assert_string_equal(path, "/proc/self/exe");
	memset(ret, 0xff, sizeof(*ret));
	if (fails(EIO))
		return -1;
	ret->f_flag = ST_RDONLY | ST_NODEV | (k.nosuid ? ST_NOSUID : 0);
	return 0;
}

ssize_t __wrap_readlink(const char *path, char *buf, size_t size)
{
	static const char exe[] = "/opt/program";

	assert_string_equal(path, "/proc/self/exe");
	assert_int_equal(size, 4095); /* room for the end of the string, in PATH_MAX */
	if (k.exe_unknown)
		return no(ENOENT);
	memcpy(buf, exe, sizeof(exe) - 1);
	return sizeof(exe) - 1;
}

/* ---- how it is started ---- */

static void with_file_capabilities(void)
{
	memset(&k, 0, sizeof(k));
	for (int i = 0; i < 3; i++) {
		k.u[i] = CALLER;
		k.g[i] = GROUP;
	}
	k.c = (struct caps){.effective = wanted.caps, .permitted = wanted.caps, .inheritable = CAP_BIT(0)};
	k.ambient = true;
	k.bounding = everything;
	k.uid_map = WHOLE_MAP;
	k.status = "Name:\tx\nTracerPid:\t0\nUid:\t1\n";
	k.dumpable = 1;
	memset(&e, 0, sizeof(e));
}

static void with_setuid(void)
{
	with_file_capabilities();
	k.u[1] = k.u[2] = 0;
	k.c = (struct caps){.effective = everything, .permitted = everything, .inheritable = 0};
}

static void (*const start[])(void) = {with_file_capabilities, with_setuid};

static void assert_reduced(void)
{
	for (int i = 0; i < 3; i++) {
		assert_int_equal(k.u[i], CALLER);
		assert_int_equal(k.g[i], GROUP);
	}
	assert_int_equal(k.c.effective, 0);
	assert_int_equal(k.c.permitted, wanted.caps);
	assert_int_equal(k.c.inheritable, 0);
	assert_false(k.ambient);
	assert_false(k.keepcaps);
	assert_int_equal(k.dumpable, 0);
}

static void assert_says(int r, int code, int status, const char *msg, const char *hint)
{
	assert_int_equal(r, -code);
	assert_int_equal(e.code, code);
	assert_string_equal(e.msg, msg);
	assert_int_equal(e.status, status);
	assert_string_equal(e.hint, hint);
}

/* ---- reduce ---- */

static void from_file_capabilities_and_from_setuid_the_same_is_left(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(start); i++) {
		start[i]();
		assert_int_equal(privilege_reduce(&wanted, &e), 0);
		assert_reduced();
		assert_int_equal(e.code, 0);
	}
	with_setuid(); /* and set-group-ID, which no installation is */
	k.g[1] = k.g[2] = 5;
	assert_int_equal(privilege_reduce(&wanted, &e), 0);
	assert_reduced();
}

/* In the order in which it asks the kernel: what is said when that fails. */
static const char *const step[] = {
	"read capabilities: Invalid argument",
	"clear the ambient capabilities: Input/output error",
	"set capabilities: Operation not permitted",
	"set capabilities: Invalid argument",
	"read /proc/self/uid_map: Permission denied",
	"read /proc/self/uid_map: Input/output error",
	"keep capabilities: Input/output error",
	"take the caller's ids: Resource temporarily unavailable",
	"take the caller's ids: Resource temporarily unavailable",
	"stop keeping capabilities: Input/output error",
	"read ids back: Bad address",
	"read ids back: Bad address",
	"set capabilities: Operation not permitted",
	"set capabilities: Invalid argument",
	NULL, /* the try to be root again */
	"stay not dumpable: Operation not permitted",
	"stay not dumpable: Operation not permitted",
};

static void each_call_that_fails_is_said(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(start); i++) {
		start[i]();
		assert_int_equal(privilege_reduce(&wanted, &e), 0);
		assert_int_equal(k.calls, COUNT(step));
		for (size_t n = 0; n < COUNT(step); n++) {
			int r;

			start[i]();
			k.fail = (int)n + 1;
			r = privilege_reduce(&wanted, &e);
			if (step[n]) {
				assert_true(r < 0);
				assert_int_equal(e.code, -r);
				assert_string_equal(e.msg, step[n]);
				assert_int_equal(e.status, HELPER_FAILED);
			} else {
				assert_int_equal(r, 0);
			}
			assert_int_equal(k.calls, step[n] ? n + 1 : COUNT(step));
		}
	}
}

static void what_the_kernel_did_otherwise_is_noticed(void **state)
{
	(void)state;
	for (int sets = EFFECTIVE; sets <= INHERITABLE; sets <<= 1) {
		with_setuid();
		k.c.inheritable = CAP_BIT(0);
		k.lie_caps = sets;
		assert_says(privilege_reduce(&wanted, &e), EPERM, HELPER_FAILED,
			    "read capabilities back: Operation not permitted", "");
	}
	for (int id = 1; id <= 6; id++) {
		with_setuid();
		k.lie_id = id;
		assert_says(privilege_reduce(&wanted, &e), EPERM, HELPER_FAILED,
			    "take the caller's ids: Operation not permitted", "");
	}
	with_setuid();
	k.way_back = true;
	assert_says(privilege_reduce(&wanted, &e), EPERM, HELPER_FAILED,
		    "give up uid 0: it could be had again: Operation not permitted", "");
	with_setuid();
	k.stays_dumpable = true;
	assert_says(privilege_reduce(&wanted, &e), EPERM, HELPER_FAILED,
		    "stay not dumpable: Operation not permitted", "");
}

static void a_caller_who_is_root_is_refused(void **state)
{
	(void)state;
	with_file_capabilities();
	memset(k.u, 0, sizeof(k.u));
	k.c.permitted = k.c.effective = everything;
	assert_says(privilege_reduce(&wanted, &e), EPERM, HELPER_REFUSED, "the caller is root, who may not",
		    "start it as an ordinary user");
	assert_int_equal(k.c.permitted, everything);
	k.uid_map = "0 1000 1\n";
	assert_says(privilege_reduce(&wanted, &e), EPERM, HELPER_REFUSED,
		    "this is a user namespace, and only in the host's own does privilege mean anything",
		    "start it outside; inside a user namespace use the ids mapped there");
}

/* ---- the host's own user namespace ---- */

static void only_the_map_of_everybody_is_the_hosts(void **state)
{
	static const char *const other[] = {
		"",
		"\n",
		"0",
		"0\n",
		"0 0\n",
		"0 0",
		"0 0 4294967295",
		"0 0 4294967295 \n",
		"0 0 4294967295\n1 1 1\n",
		"0 0 4294967294\n",
		"0 0 429496729\n",
		"0 0 42949672950\n",
		"1 0 4294967295\n",
		"0 1 4294967295\n",
		"0 4294967295\n",
		"4294967295\n",
		"         0       1000          1\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(other); i++) {
		with_file_capabilities();
		k.uid_map = other[i];
		assert_says(privilege_reduce(&wanted, &e), EPERM, HELPER_REFUSED,
			    "this is a user namespace, and only in the host's own does privilege mean "
			    "anything",
			    "start it outside; inside a user namespace use the ids mapped there");
	}
}

static void a_map_that_cannot_be_read_is_an_error(void **state)
{
	(void)state;
	with_file_capabilities();
	k.no_user_namespaces = true;
	k.uid_map = NULL;
	assert_int_equal(privilege_reduce(&wanted, &e), 0);

	with_file_capabilities();
	k.uid_map = NULL;
	assert_says(privilege_reduce(&wanted, &e), ENOENT, HELPER_FAILED,
		    "read /proc/self/uid_map: No such file or directory", "");
	with_file_capabilities();
	k.no_user_namespaces = true;
	k.map_error = EACCES;
	assert_says(privilege_reduce(&wanted, &e), EACCES, HELPER_FAILED,
		    "read /proc/self/uid_map: Permission denied", "");
	with_file_capabilities();
	k.no_proc = true;
	assert_says(privilege_reduce(&wanted, &e), EINVAL, HELPER_FAILED,
		    "read /proc/self/uid_map: Invalid argument", "");
	with_file_capabilities();
	k.uid_map = "directory";
	assert_says(privilege_reduce(&wanted, &e), EISDIR, HELPER_FAILED,
		    "read /proc/self/uid_map: Is a directory", "");
}

/* ---- why there is no privilege ---- */

#define NO_PRIVILEGE                                                                                         \
	"it has no privilege: its file capabilities are missing, or the caller shares his working "          \
	"directory "                                                                                         \
	"with another process (CLONE_FS)"
#define NOSUID "/opt/program lies on a file system mounted nosuid, so it has no privilege"

static void explain(const char *msg, const char *hint)
{
	assert_says(privilege_reduce(&wanted, &e), EPERM, HELPER_NO_PRIVILEGE, msg, hint);
}

static void without_capabilities(void)
{
	with_file_capabilities();
	memset(&k.c, 0, sizeof(k.c));
}

static void what_takes_privilege_away_is_named(void **state)
{
	static const struct privilege first = {.caps = CAP_BIT(CAP_CHOWN), .any = "the first"};

	(void)state;
	without_capabilities();
	explain(NO_PRIVILEGE, "as root: setcap two+p /opt/program");
	k.bounding &= ~CAP_BIT(CAP_SETGID);
	explain("the bounding set of the caller lacks one of the two",
		"look at what started it: CapabilityBoundingSet= of systemd, a container");
	k.bounding = wanted.caps;
	explain(NO_PRIVILEGE, "as root: setcap two+p /opt/program");
	assert_says(privilege_reduce(&first, &e), EPERM, HELPER_NO_PRIVILEGE,
		    "the bounding set of the caller lacks the first", e.hint);
	k.bounding = 0;
	k.nosuid = true;
	explain(NOSUID, "install it on a file system mounted without nosuid");
	k.status = "Name:\tx\nTracerPid:\t17\n";
	explain("it is traced, so the kernel gave it no privilege",
		"start the tracer as root (strace -u USER)");
	k.no_new_privs = true;
	explain("no_new_privs is set, so no program gains privilege here",
		"look at what started it: NoNewPrivileges= of systemd, a sandbox, setpriv");
	k.uid_map = "0 1000 1\n";
	assert_says(privilege_reduce(&wanted, &e), EPERM, HELPER_REFUSED,
		    "this is a user namespace, and only in the host's own does privilege mean anything",
		    "start it outside; inside a user namespace use the ids mapped there");
}

static void every_other_set_of_capabilities_is_refused(void **state)
{
	(void)state;
	for (unsigned cap = 0; cap < 2; cap++) {
		with_file_capabilities();
		k.c.permitted = CAP_BIT(cap ? CAP_SETUID : CAP_SETGID);
		explain(NO_PRIVILEGE, "as root: setcap two+p /opt/program");
		with_setuid();
		k.c.permitted &= ~CAP_BIT(cap ? CAP_SETUID : CAP_SETGID);
		explain("it has more capabilities than the two", "as root: setcap two+p /opt/program");
	}
	with_file_capabilities();
	k.c.permitted |= CAP_BIT(CAP_CHOWN);
	explain("it has more capabilities than the two", "as root: setcap two+p /opt/program");
	with_file_capabilities(); /* setuid to somebody else: euid is not what gives them */
	k.u[1] = k.u[2] = 7;
	k.c.permitted = everything;
	explain("it has more capabilities than the two", "as root: setcap two+p /opt/program");
}

/* For the message only: what cannot be asked is passed over. */
static void what_cannot_be_asked_is_not_the_cause(void **state)
{
	(void)state;
	without_capabilities();
	k.bounding &= ~CAP_BIT(CAP_SETUID);
	k.nosuid = true;
	k.status = NULL;
	explain(NOSUID, "install it on a file system mounted without nosuid");
	k.status = "Name:\tx\n";
	explain(NOSUID, "install it on a file system mounted without nosuid");
	k.calls = 0;
	k.fail = 7; /* capget, open, fstatfs, no_new_privs, open, fstatfs, statvfs */
	explain("the bounding set of the caller lacks one of the two",
		"look at what started it: CapabilityBoundingSet= of systemd, a container");
	without_capabilities();
	k.exe_unknown = true;
	explain(NO_PRIVILEGE, "as root: setcap two+p ''");
}

/* ---- what follows ---- */

static void one_capability_works_at_a_time(void **state)
{
	(void)state;
	with_file_capabilities();
	assert_int_equal(privilege_reduce(&wanted, &e), 0);
	assert_int_equal(privilege_effective(&wanted, CAP_BIT(CAP_SETUID), &e), 0);
	assert_int_equal(k.c.effective, CAP_BIT(CAP_SETUID));
	assert_int_equal(k.c.permitted, wanted.caps);
	assert_int_equal(privilege_effective(&wanted, 0, &e), 0);
	assert_int_equal(k.c.effective, 0);
	assert_says(privilege_effective(&wanted, CAP_BIT(CAP_CHOWN), &e), EPERM, HELPER_FAILED,
		    "set capabilities: Operation not permitted", "");
	k.lie_caps = EFFECTIVE;
	assert_says(privilege_effective(&wanted, CAP_BIT(CAP_SETUID), &e), EPERM, HELPER_FAILED,
		    "read capabilities back: Operation not permitted", "");
}

static void dropped_is_everything(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(start); i++) {
		start[i]();
		k.g[1] = k.g[2] = i ? 5 : GROUP;
		assert_int_equal(privilege_drop(&e), 0);
		for (int n = 0; n < 3; n++) {
			assert_int_equal(k.u[n], CALLER);
			assert_int_equal(k.g[n], GROUP);
		}
		assert_int_equal(k.c.permitted | k.c.effective | k.c.inheritable, 0);
	}
	with_file_capabilities(); /* the group alone is another */
	k.g[1] = 5;
	assert_int_equal(privilege_drop(&e), 0);
	assert_int_equal(k.g[1], GROUP);
	with_setuid();
	k.fail = 1;
	assert_says(privilege_drop(&e), EIO, HELPER_FAILED, "keep capabilities: Input/output error", "");
	assert_int_equal(k.c.permitted, everything);
	with_file_capabilities();
	k.lie_caps = PERMITTED;
	assert_says(privilege_drop(&e), EPERM, HELPER_FAILED,
		    "read capabilities back: Operation not permitted", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(from_file_capabilities_and_from_setuid_the_same_is_left),
		cmocka_unit_test(each_call_that_fails_is_said),
		cmocka_unit_test(what_the_kernel_did_otherwise_is_noticed),
		cmocka_unit_test(a_caller_who_is_root_is_refused),
		cmocka_unit_test(only_the_map_of_everybody_is_the_hosts),
		cmocka_unit_test(a_map_that_cannot_be_read_is_an_error),
		cmocka_unit_test(what_takes_privilege_away_is_named),
		cmocka_unit_test(every_other_set_of_capabilities_is_refused),
		cmocka_unit_test(what_cannot_be_asked_is_not_the_cause),
		cmocka_unit_test(one_capability_works_at_a_time),
		cmocka_unit_test(dropped_is_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
