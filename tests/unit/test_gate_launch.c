/*
 * What croft-gate does when everything is decided, on a kernel that is played here (-Wl,--wrap): which
 * process is made with which privilege, and what becomes of it when something fails behind that.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/caps.h"
#include "common/fd.h"
#include "common/helper_exit.h"
#include "helper/gate/launch.h"
#include "helper/shared/privilege.h"
#include "sandbox/admin.h"
#include "sandbox/msg.h"

enum { SOCK = 7, PIDFD = 90, FLAGS = CLONE_NEWNS | CLONE_NEWPID };

static const uint64_t permitted = CAP_BIT(CAP_SYS_ADMIN);

static struct {
	char log[200];
	long pid;       /* what clone3(2) answers */
	int error;      /* with which it fails */
	int pidfd;      /* what it has filled in */
	int drop, send; /* what these answer */
	bool raised;
} k;

static struct err e;
static const struct plan plan;
static const struct sandbox_hooks hooks;
static jmp_buf child;

static void say(const char *word)
{
	const size_t n = strlen(k.log);

	snprintf(k.log + n, sizeof(k.log) - n, "%s ", word);
}

unsigned long __wrap_sandbox_clone_flags(const struct plan *p);
noreturn void __wrap_sandbox_child(const struct plan *p, const struct sandbox_hooks *h, int sock);
void __wrap_admin_borrow(uint64_t caps);
void __wrap_admin_raise(void);
long __wrap_admin_lower(long result);
int __wrap_privilege_drop(struct err *err);
int __wrap_msg_send(int sock, enum msg_type type, const struct err *err, int fd);
long __wrap_syscall(long number, ...);

unsigned long __wrap_sandbox_clone_flags(const struct plan *p)
{
	assert_ptr_equal(p, &plan);
	return FLAGS;
}

noreturn void __wrap_sandbox_child(const struct plan *p, const struct sandbox_hooks *h, int sock)
{
	assert_ptr_equal(p, &plan);
	assert_ptr_equal(h, &hooks);
	assert_int_equal(sock, SOCK);
	say("child");
	longjmp(child, 1);
}

void __wrap_admin_borrow(uint64_t caps)
{
	assert_int_equal(caps, permitted);
	say("borrow");
}

void __wrap_admin_raise(void)
{
	k.raised = true;
}

long __wrap_admin_lower(long result)
{
	k.raised = false;
	return result;
}

int __wrap_privilege_drop(struct err *err)
{
	say("drop");
	return k.drop ? err_status(err, (err_set(err, -k.drop, "drop: no"), HELPER_FAILED)) : 0;
}

int __wrap_msg_send(int sock, enum msg_type type, const struct err *err, int fd)
{
	assert_int_equal(sock, SOCK);
	assert_int_equal(type, MSG_CHILD);
	assert_null(err);
	assert_int_equal(fd, PIDFD);
	say("send");
	return k.send;
}

long __wrap_syscall(long number, ...)
{
	va_list ap;
	long answer = 0;

	va_start(ap, number);
	if (number == SYS_clone3) {
		const struct clone_args *a = va_arg(ap, const struct clone_args *);

		assert_int_equal(va_arg(ap, size_t), sizeof(*a));
		assert_int_equal(a->flags, FLAGS | CLONE_PARENT | CLONE_PIDFD);
		assert_int_equal(a->exit_signal | a->stack | a->tls | a->set_tid_size | a->cgroup, 0);
		assert_true(k.raised);
		if (k.pidfd >= 0)
			*(int *)(uintptr_t)a->pidfd =
				k.pidfd; /* NOLINT(performance-no-int-to-ptr): as the kernel does */
		say("clone");
		errno = k.error;
		answer = k.pid;
	} else {
		assert_int_equal(number, SYS_pidfd_send_signal);
		assert_false(k.raised);
		assert_int_equal(va_arg(ap, int), k.pidfd);
		assert_int_equal(va_arg(ap, int), SIGKILL);
		assert_null(va_arg(ap, void *));
		assert_int_equal(va_arg(ap, int), 0);
		say("kill");
	}
	va_end(ap);
	return answer;
}

static int run(long pid, int error, int pidfd)
{
	k.log[0] = '\0';
	k.pid = pid;
	k.error = error;
	k.pidfd = pidfd < 0 ? pidfd : dup3(STDERR_FILENO, pidfd, O_CLOEXEC);
	e = (struct err){0};
	return launch(&plan, &hooks, permitted, SOCK, &e);
}

static void a_child_is_made_with_privilege_and_handed_over_without(void **state)
{
	(void)state;
	k.drop = k.send = 0;
	assert_int_equal(run(1234, 0, PIDFD), 0);
	assert_string_equal(k.log, "borrow clone drop send ");
	assert_int_equal(fcntl(PIDFD, F_GETFD), -1);
	assert_int_equal(run(1, 0, PIDFD), 0);
	if (setjmp(child) == 0) {
		run(0, 0, -1);
		fail_msg("the child has come back");
	}
	assert_string_equal(k.log, "borrow clone child ");
}

static void what_fails_is_said(void **state)
{
	(void)state;
	assert_int_equal(run(-1, ENOSPC, -1), -ENOSPC);
	assert_string_equal(k.log, "borrow clone ");
	assert_string_equal(e.msg, "create the namespaces of the sandbox: No space left on device");
	assert_int_equal(e.status, HELPER_FAILED);
	assert_int_equal(run(-1, EPERM, PIDFD), -EPERM); /* made, but the capability could not be lowered */
	assert_string_equal(k.log, "borrow clone kill ");
	assert_int_equal(run(-1, EPERM, 0), -EPERM);
	assert_string_equal(k.log, "borrow clone kill ");
	k.drop = -EPERM;
	assert_int_equal(run(1234, 0, PIDFD), -EPERM);
	assert_string_equal(k.log, "borrow clone drop ");
	assert_string_equal(e.msg, "drop: no");
	k.drop = 0;
	k.send = -EPIPE;
	assert_int_equal(run(1234, 0, PIDFD), -EPIPE);
	assert_string_equal(e.msg, "hand the sandbox over: Broken pipe");
	assert_int_equal(e.code, EPIPE);
	k.send = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_child_is_made_with_privilege_and_handed_over_without),
		cmocka_unit_test(what_fails_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
