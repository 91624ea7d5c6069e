/*
 * spawn.h - starts commands by posix_spawn(3) and waits by wait4(2), for the programs that measure. A failure
 * is said on standard error and ends the program with status 1.
 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static void die(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

/* Nanoseconds. */
static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void no_input_or_output(posix_spawn_file_actions_t *ret)
{
	errno = posix_spawn_file_actions_init(ret);
	if (!errno)
		errno = posix_spawn_file_actions_addopen(ret, 0, "/dev/null", O_RDONLY, 0);
	if (!errno)
		errno = posix_spawn_file_actions_addopen(ret, 1, "/dev/null", O_WRONLY, 0);
	if (errno)
		die("set up");
}

static pid_t start(char *const argv[], const posix_spawn_file_actions_t *files)
{
	pid_t pid;

	if (!argv[0]) {
		errno = EINVAL;
		die("a command without words");
	}
	errno = posix_spawn(&pid, argv[0], files, NULL, argv, environ);
	if (errno)
		die(argv[0]);
	return pid;
}

/* pid -1: any child. Returns its status as wait(2) has it. */
static int wait_for(pid_t pid, struct rusage *ret)
{
	int status;

	if (wait4(pid, &status, 0, ret) < 0)
		die("wait");
	return status;
}

static void need_success(const char *command, int status)
{
	if (status == 0)
		return;
	fprintf(stderr, "%s: ended with %s %d\n", command, WIFEXITED(status) ? "status" : "signal",
		WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
	exit(1);
}
