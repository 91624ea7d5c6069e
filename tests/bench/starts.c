/*
 * Usage: starts ROUNDS COMMAND ARGUMENT... ';' COMMAND ARGUMENT... ';' ...
 * Starts each command once a round, in turn, by posix_spawn(3), and waits by wait4(2). Prints a line a start:
 * number of the command, nanoseconds, user and system microseconds of it and all that it has waited for.
 * A command that does not end with status 0 ends all.
 *
 * Its own memory is small, and everything it needs is there before the first start: only the command is
 * measured. The commands get /dev/null as standard input and output.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

enum { COMMANDS_MAX = 64, ROUNDS_MAX = 100000 };

struct start {
	long long nanoseconds;
	long user, system; /* microseconds */
};

static void die(const char *what)
{
	fprintf(stderr, "starts: %s: %s\n", what, strerror(errno));
	exit(1);
}

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static long microseconds(const struct timeval *t)
{
	return t->tv_sec * 1000000L + t->tv_usec;
}

static void start_once(char *const argv[], const posix_spawn_file_actions_t *files, struct start *ret)
{
	long long begin = now();
	struct rusage used;
	int status;
	pid_t pid;

	errno = posix_spawn(&pid, argv[0], files, NULL, argv, environ);
	if (errno)
		die(argv[0]);
	if (wait4(pid, &status, 0, &used) != pid)
		die("wait");
	ret->nanoseconds = now() - begin;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		fprintf(stderr, "starts: %s: ended with status %#x\n", argv[0], (unsigned)status);
		exit(1);
	}
	ret->user = microseconds(&used.ru_utime);
	ret->system = microseconds(&used.ru_stime);
}

/* Cuts the arguments at each ";". Returns how many commands there are. */
static int commands(char *argv[], char **ret[COMMANDS_MAX])
{
	int n = 0;

	for (char **a = argv; *a; a++) {
		if (n == COMMANDS_MAX) {
			errno = E2BIG;
			die("commands");
		}
		ret[n++] = a;
		while (*a && strcmp(*a, ";") != 0)
			a++;
		if (!*a)
			break;
		*a = NULL;
	}
	return n;
}

int main(int argc, char *argv[])
{
	char **command[COMMANDS_MAX];
	int rounds = argc > 2 ? atoi(argv[1]) : 0;
	int n = rounds > 0 && rounds <= ROUNDS_MAX ? commands(argv + 2, command) : 0;
	size_t size = (size_t)rounds * (size_t)n * sizeof(struct start);
	posix_spawn_file_actions_t files;
	struct start *all;

	if (n == 0) {
		fputs("usage: starts ROUNDS COMMAND ARGUMENT... ';' ...\n", stderr);
		return 2;
	}
	all = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (all == MAP_FAILED)
		die("memory");
	errno = posix_spawn_file_actions_init(&files);
	if (!errno)
		errno = posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	if (!errno)
		errno = posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
	if (errno)
		die("set up");
	for (int r = 0; r < rounds; r++)
		for (int i = 0; i < n; i++)
			start_once(command[i], &files, &all[r * n + i]);
	for (int i = 0; i < rounds * n; i++)
		printf("%d %lld %ld %ld\n", i % n, all[i].nanoseconds, all[i].user, all[i].system);
	return 0;
}
