/*
 * The floor: makes the sandbox that floor.py has written down as system calls, and nothing else. No launcher
 * of the same sandbox can be faster than the kernel is here.
 *
 * Its processes share their memory (CLONE_VM), so that nothing of it is copied; each waits until the next is
 * gone. A failure ends with status 125 and the number of the call as the only message.
 */
#include <linux/sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdnoreturn.h>
#include <sys/socket.h>
#include <time.h>

#include "raw.h"
#include "tests/bench/floor.h"

enum { EXIT_FLOOR = 125, MAPPER = 3, MAPPER_FAR = 4 };

void start_here(void);

static int child_pid; /* of the first process inside, as its parent sees it */

static noreturn void leave(long status)
{
	for (;;)
		raw(__NR_exit_group, status, 0, 0, 0, 0, 0);
}

/* "floor: call 12: errno 1" */
static noreturn void failed(long what, long code)
{
	char line[] = "floor: call 000: errno 000\n";

	for (int i = 0; i < 3; i++, what /= 10)
		line[14 - i] = (char)('0' + what % 10);
	for (int i = 0; i < 3; i++, code /= 10)
		line[25 - i] = (char)('0' + code % 10);
	raw(__NR_write, 2, (long)line, sizeof(line) - 1, 0, 0, 0);
	leave(EXIT_FLOOR);
}

static void need(long result)
{
	if (result < 0)
		failed(0, -result);
}

#ifdef FLOOR_TIMES
/* How long each call took, in nanoseconds, in the order of the lists; written before the command runs. */
static long took[1024], ntook;

static long now(void)
{
	long t[2];

	raw(__NR_clock_gettime, CLOCK_MONOTONIC, (long)t, 0, 0, 0, 0);
	return t[0] * 1000000000 + t[1];
}

static void note(long since)
{
	if (ntook < (long)(sizeof(took) / sizeof(took[0])))
		took[ntook++] = now() - since;
}

static void tell(void)
{
	raw(__NR_write, 1, (long)took, ntook * (long)sizeof(took[0]), 0, 0, 0);
}
#else
static long now(void)
{
	return 0;
}

static void note(long since)
{
	(void)since;
}

static void tell(void)
{
}
#endif

static void run(const struct floor_call *list)
{
	for (long i = 0; list[i].number != FLOOR_END; i++) {
		const long *a = list[i].argument;
		long since = now(), r = raw(list[i].number, a[0], a[1], a[2], a[3], a[4], a[5]);

		note(since);
		if (r < 0 && -r != list[i].may_fail)
			failed(i, -r);
	}
}

static noreturn void wait_for(long pid)
{
	int status = 0;

	need(raw(__NR_wait4, pid, (long)&status, 0, 0, 0, 0));
	leave(status & 0x7f ? 128 + (status & 0x7f) : status >> 8 & 0xff);
}

/* As vfork(2): what runs in the child is a function of its own, so that it leaves our frame alone. */
static long clone_vm(unsigned long namespaces)
{
	return raw(__NR_clone, (long)(CLONE_VM | CLONE_VFORK | CLONE_PARENT_SETTID | SIGCHLD | namespaces), 0,
		   (long)&child_pid, 0, 0, 0);
}

static noreturn __attribute__((noinline)) void command(void)
{
	run(floor_command);
	tell();
	failed(999, -raw(__NR_execve, (long)floor_argv[0], (long)floor_argv, (long)floor_env, 0, 0, 0));
}

/* Says to the mapper who we are, and waits until it has said that it is done. */
static void be_mapped(void)
{
	char done;

	if (!floor_mapper)
		return;
	need(raw(__NR_write, MAPPER, (long)&child_pid, sizeof(child_pid), 0, 0, 0));
	if (raw(__NR_read, MAPPER, (long)&done, 1, 0, 0, 0) != 1)
		failed(0, 0);
	raw(__NR_close, MAPPER, 0, 0, 0, 0, 0);
}

static noreturn __attribute__((noinline)) void inside(void)
{
	long pid;

	be_mapped();
	run(floor_inside);
	pid = clone_vm(0);
	need(pid);
	if (pid == 0)
		command();
	need(raw(__NR_close_range, 0, ~0u, 0, 0, 0, 0));
	wait_for(pid);
}

static noreturn __attribute__((noinline)) void become_mapper(void)
{
	const char *const argv[] = {floor_mapper, NULL};

	need(raw(__NR_dup3, MAPPER_FAR, 0, 0, 0, 0, 0));
	failed(998, -raw(__NR_execve, (long)floor_mapper, (long)argv, (long)floor_env, 0, 0, 0));
}

/* Before the namespaces, so that it starts on another processor while they are made. Returns its number. */
static long start_mapper(void)
{
	int ends[2];
	long pid;

	need(raw(__NR_socketpair, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, (long)ends, 0, 0));
	pid = clone_vm(0);
	need(pid);
	if (pid == 0)
		become_mapper();
	need(raw(__NR_close, MAPPER_FAR, 0, 0, 0, 0, 0));
	return pid;
}

__attribute__((used)) noreturn void start_here(void)
{
	long pid, mapper = 0;

	need(raw(__NR_close_range, 3, ~0u, 0, 0, 0, 0));
	if (floor_mapper)
		mapper = start_mapper();
	pid = clone_vm(floor_namespaces);
	need(pid);
	if (pid == 0)
		inside();
	if (mapper)
		need(raw(__NR_wait4, mapper, 0, 0, 0, 0, 0));
	wait_for(pid);
}
