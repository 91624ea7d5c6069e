/*
 * What a privileged program leaves behind at its start, and the writing of maps, on a kernel that is played
 * here
 * (-Wl,--wrap): in which order it is asked, and what is said when a call fails.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/caps.h"
#include "common/fd.h"
#include "common/helper_exit.h"
#include "helper/idmap/write.h"
#include "helper/shared/start.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { FD = 100 };

/* The kernel. log: what it was asked for, a word each. */
static struct {
	char log[2000];
	int dumpable;
	bool stays_dumpable;
	struct rlimit limit[RLIMIT_NLIMITS];
	bool running[3];                    /* timers */
	char action[_NSIG], pending[_NSIG]; /* I ignored, D default, C caught */
	bool blocked;
	mode_t mask;
	uint64_t effective;
	bool wrong_namespace;
	bool part; /* write(2) takes this much of it: */
	ssize_t written;
	int calls, fail; /* the fail-th call fails */
	bool all_fail;   /* and all behind it */
} k;

static struct err e;

__attribute__((format(printf, 1, 2))) static void say(const char *fmt, ...)
{
	const size_t n = strlen(k.log);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(k.log + n, sizeof(k.log) - n, fmt, ap);
	va_end(ap);
}

static bool fails(int code)
{
	k.calls++;
	if (!k.fail || (k.all_fail ? k.calls < k.fail : k.calls != k.fail))
		return false;
	errno = code;
	return true;
}

int __wrap_prctl(int what, ...);
int __wrap_setrlimit(int which, const struct rlimit *l);
int __wrap_getrlimit(int which, struct rlimit *ret);
int __wrap_setitimer(int which, const struct itimerval *new, struct itimerval *old);
void (*__wrap_signal(int s, void (*action)(int)))(int);
int __wrap_sigprocmask(int how, const sigset_t *new, sigset_t *old);
mode_t __wrap_umask(mode_t mask);
int __wrap_fd_fill_std(void);
int __wrap_fd_close_range_but(unsigned first, unsigned last, const int *keep, size_t n);
int __wrap_target_open(const struct target *t, const char *name, int flags, struct err *err);
int __wrap_target_same_namespace(const struct target *t, struct err *err);
int __wrap_privilege_effective(const struct privilege *w, uint64_t cap_bit, struct err *err);
ssize_t __wrap_write(int fd, const void *buf, size_t n);
ssize_t __real_write(int fd, const void *buf, size_t n);

int __wrap_prctl(int what, ...)
{
	unsigned long arg[4];
	va_list ap;

	va_start(ap, what);
	for (int i = 0; i < 4; i++)
		arg[i] = (unsigned long)va_arg(ap, int);
	va_end(ap);
	if (fails(EIO))
		return -1;
	/* prctl(2): arguments that are not used are 0 */
	assert_int_equal(arg[1] | arg[2] | arg[3], 0);
	assert_int_equal(arg[0], 0);
	if (what == PR_SET_DUMPABLE) {
		k.dumpable = k.stays_dumpable;
		return 0;
	}
	assert_int_equal(what, PR_GET_DUMPABLE);
	return k.dumpable;
}

int __wrap_setrlimit(int which, const struct rlimit *l)
{
	if (fails(EPERM))
		return -1;
	assert_true(l->rlim_cur <= l->rlim_max && l->rlim_max <= k.limit[which].rlim_max);
	k.limit[which] = *l;
	return 0;
}

int __wrap_getrlimit(int which, struct rlimit *ret)
{
	if (fails(EFAULT))
		return -1;
	*ret = k.limit[which];
	return 0;
}

int __wrap_setitimer(int which, const struct itimerval *new, struct itimerval *old)
{
	assert_null(old);
	k.running[which] = new->it_value.tv_sec || new->it_value.tv_usec;
	assert_int_equal(new->it_interval.tv_sec | new->it_interval.tv_usec, 0);
	return 0;
}

void (*__wrap_signal(int s, void (*action)(int)))(int)
{
	assert_in_range(s, 1, _NSIG - 1);
	if (action == SIG_IGN)
		k.pending[s] = 0;
	k.action[s] = action == SIG_IGN ? 'I' : action == SIG_DFL ? 'D' : 'C';
	return SIG_DFL;
}

int __wrap_sigprocmask(int how, const sigset_t *new, sigset_t *old)
{
	assert_int_equal(how, SIG_SETMASK);
	assert_null(old);
	k.blocked = false;
	for (int s = 1; s < _NSIG; s++) {
		k.blocked = k.blocked || sigismember(new, s) == 1;
		assert_int_equal(k.pending[s], 0); /* what is pending would come now */
	}
	return 0;
}

mode_t __wrap_umask(mode_t mask)
{
	k.mask = mask;
	return 0;
}

int __wrap_fd_fill_std(void)
{
	say("fill ");
	return fails(EMFILE) ? -EMFILE : 0;
}

int __wrap_fd_close_range_but(unsigned first, unsigned last, const int *keep, size_t n)
{
	say("close %u-%u but", first, last);
	for (size_t i = 0; i < n; i++)
		say(" %d", keep[i]);
	return fails(ENOMEM) ? -ENOMEM : 0;
}

int __wrap_target_open(const struct target *t, const char *name, int flags, struct err *err)
{
	assert_int_equal(t->fd, 77);
	assert_int_equal(flags, O_WRONLY);
	say("open %s; ", name);
	if (fails(EACCES))
		return err_set(err, EACCES, "open: no");
	return dup3(STDERR_FILENO, FD, O_CLOEXEC);
}

int __wrap_target_same_namespace(const struct target *t, struct err *err)
{
	assert_int_equal(t->fd, 77);
	say("same; ");
	return fails(EPERM) ? err_set(err, EPERM, "namespace: no") : 0;
}

int __wrap_privilege_effective(const struct privilege *w, uint64_t cap_bit, struct err *err)
{
	assert_int_equal(w->caps, CAP_BIT(CAP_SETUID) | CAP_BIT(CAP_SETGID));
	say("%s; ", cap_bit == CAP_BIT(CAP_SETUID)   ? "setuid"
		    : cap_bit == CAP_BIT(CAP_SETGID) ? "setgid"
		    : cap_bit                        ? "other"
						     : "none");
	return fails(EPERM) ? err_set(err, EPERM, "%s: no", cap_bit ? "raise" : "lower") : 0;
}

ssize_t __wrap_write(int fd, const void *buf, size_t n)
{
	if (fd != FD)
		return __real_write(fd, buf, n);
	say("write %.*s; ", (int)n, (const char *)buf);
	return fails(EINVAL) ? -1 : k.part ? k.written : (ssize_t)n;
}

static void fresh(void)
{
	memset(&k, 0, sizeof(k));
	memset(&e, 0, sizeof(e));
	k.dumpable = 1;
	memset(k.running, true, sizeof(k.running));
	memset(k.action, 'C', sizeof(k.action));
	memset(k.pending, 1, sizeof(k.pending));
	k.pending[0] = 0;
	k.blocked = true;
	for (size_t i = 0; i < COUNT(k.limit); i++)
		k.limit[i] = (struct rlimit){.rlim_cur = 10 + i, .rlim_max = 1000 + i};
}

static void assert_says(int r, int code, const char *msg)
{
	assert_int_equal(r, -code);
	assert_int_equal(e.code, code);
	assert_string_equal(e.msg, msg);
	assert_int_equal(e.status, HELPER_FAILED);
}

/* ---- start ---- */

static void nothing_of_the_callers_is_left(void **state)
{
	char one[] = "A=b", *some[] = {one, NULL}, **before = environ;

	(void)state;
	fresh();
	environ = some;
	assert_int_equal(start_clean(&e), 0);
	assert_null(environ);
	environ = before;
	assert_int_equal(k.dumpable, 0);
	assert_false(k.running[ITIMER_REAL] || k.running[ITIMER_VIRTUAL] || k.running[ITIMER_PROF]);
	for (int s = 1; s < _NSIG; s++) {
		assert_int_equal(k.action[s], s == SIGPIPE || s == SIGXFSZ ? 'I' : 'D');
		assert_int_equal(k.pending[s], 0);
	}
	assert_false(k.blocked);
	assert_int_equal(k.mask, 077);
}

static void a_memory_that_could_be_read_is_an_error(void **state)
{
	char **before = environ;

	(void)state;
	for (int fail = 1; fail <= 2; fail++) {
		fresh();
		k.fail = fail;
		assert_says(start_clean(&e), EIO, "become not dumpable: Input/output error");
		assert_null(environ); /* it is left behind all the same, since something will be said */
		environ = before;
		assert_int_equal(k.action[SIGXFSZ], 'I');
		assert_int_equal(k.mask, 077);
	}
	fresh();
	k.stays_dumpable = true;
	errno = EPERM;
	assert_says(start_clean(&e), EPERM, "become not dumpable: Operation not permitted");
	environ = before;
}

static void soft_limits_are_as_high_as_they_may_be(void **state)
{
	static const int raised[] = {RLIMIT_AS,     RLIMIT_CPU,   RLIMIT_DATA,   RLIMIT_FSIZE,
				     RLIMIT_NOFILE, RLIMIT_STACK, RLIMIT_MEMLOCK};

	(void)state;
	fresh();
	assert_int_equal(start_limits(&e), 0);
	assert_int_equal(k.limit[RLIMIT_CORE].rlim_cur, 0);
	assert_int_equal(k.limit[RLIMIT_CORE].rlim_max, 0);
	for (size_t i = 0; i < COUNT(raised); i++) {
		assert_int_equal(k.limit[raised[i]].rlim_cur, 1000 + raised[i]);
		assert_int_equal(k.limit[raised[i]].rlim_max, 1000 + raised[i]);
	}
	assert_int_equal(k.calls, 1 + 2 * COUNT(raised));
	for (int fail = 1; fail <= 1 + 2 * (int)COUNT(raised); fail++) {
		fresh();
		k.fail = fail;
		if (fail == 1)
			assert_says(start_limits(&e), EPERM,
				    "switch core files off: Operation not permitted");
		else if (fail % 2 == 0)
			assert_says(start_limits(&e), EFAULT, "read a resource limit: Bad address");
		else
			assert_says(start_limits(&e), EPERM,
				    "raise a resource limit: Operation not permitted");
		assert_int_equal(k.calls, fail);
	}
}

static void descriptors_are_put_in_order(void **state)
{
	const int keep[] = {5, 9};

	(void)state;
	fresh();
	assert_int_equal(start_std(&e), 0);
	assert_string_equal(k.log, "fill ");
	fresh();
	assert_int_equal(start_descriptors(keep, 2, &e), 0);
	assert_string_equal(k.log, "fill close 3-4294967295 but 5 9");
	fresh();
	k.fail = 1;
	assert_says(start_descriptors(keep, 2, &e), EMFILE,
		    "put the descriptors in order: Too many open files");
	assert_string_equal(k.log, "fill ");
	fresh();
	k.fail = 2;
	assert_says(start_descriptors(keep, 2, &e), ENOMEM,
		    "put the descriptors in order: Cannot allocate memory");
	fresh();
	k.fail = 1;
	assert_says(start_std(&e), EMFILE, "put the descriptors in order: Too many open files");
}

/* ---- maps ---- */

static const char all[] = "open setgroups; same; write deny; "
			  "setgid; open gid_map; same; write 0 5 1\n; none; "
			  "setuid; open uid_map; same; write 0 6 1\n; none; ";

static int write_both(bool deny)
{
	static struct grant g = {
		.uid = {.text = "0 6 1\n", .len = 6},
		.gid = {.text = "0 5 1\n", .len = 6},
	};
	const struct target t = {.fd = 77};
	int r;

	g.deny_setgroups = deny;
	r = write_maps(&t, &g, &e);
	assert_int_equal(fcntl(FD, F_GETFD), -1); /* nothing stays open */
	return r;
}

static void each_capability_works_for_one_file(void **state)
{
	(void)state;
	fresh();
	assert_int_equal(write_both(true), 0);
	assert_string_equal(k.log, all);
	fresh();
	assert_int_equal(write_both(false), 0);
	assert_string_equal(k.log, strstr(all, "setgid"));
}

static void nothing_is_written_behind_what_failed(void **state)
{
	static const struct {
		int code;
		const char *says;
		const char *last; /* what is asked for last */
	} row[] = {
		{EACCES, "open: no", "open setgroups; "},
		{EPERM, "namespace: no", "open setgroups; same; "},
		{EINVAL, "write setgroups of the target process: Invalid argument", "same; write deny; "},
		{EPERM, "raise: no", "write deny; setgid; none; "},
		{EACCES, "open: no", "setgid; open gid_map; none; "},
		{EPERM, "namespace: no", "setgid; open gid_map; same; none; "},
		{EINVAL, "write gid_map of the target process: Invalid argument", "write 0 5 1\n; none; "},
		{EPERM, "lower: no", "write 0 5 1\n; none; "},
		{EPERM, "raise: no", "none; setuid; none; "},
		{EACCES, "open: no", "setuid; open uid_map; none; "},
		{EPERM, "namespace: no", "setuid; open uid_map; same; none; "},
		{EINVAL, "write uid_map of the target process: Invalid argument", "write 0 6 1\n; none; "},
		{EPERM, "lower: no", "write 0 6 1\n; none; "},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		fresh();
		k.fail = (int)i + 1;
		assert_says(write_both(true), row[i].code, row[i].says);
		assert_true(strlen(k.log) >= strlen(row[i].last));
		assert_string_equal(k.log + strlen(k.log) - strlen(row[i].last), row[i].last);
	}
	fresh();
	k.part = true;
	k.written = 3;
	assert_says(write_both(true), EIO, "write setgroups of the target process: 3 of 4 bytes");
	assert_string_equal(k.log, "open setgroups; same; write deny; ");
	fresh();
	k.part = true;
	assert_says(write_both(true), EIO, "write setgroups of the target process: 0 of 4 bytes");
	fresh(); /* of two that fail the first is told */
	k.fail = 3;
	k.all_fail = true;
	assert_says(write_both(false), EPERM, "namespace: no");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_of_the_callers_is_left),
		cmocka_unit_test(a_memory_that_could_be_read_is_an_error),
		cmocka_unit_test(soft_limits_are_as_high_as_they_may_be),
		cmocka_unit_test(descriptors_are_put_in_order),
		cmocka_unit_test(each_capability_works_for_one_file),
		cmocka_unit_test(nothing_is_written_behind_what_failed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
