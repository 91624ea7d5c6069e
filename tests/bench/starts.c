/*
 * Usage: starts ROUNDS COMMAND ARGUMENT... ';' COMMAND ARGUMENT... ';' ...
 * Starts each command once a round, in turn, by posix_spawn(3), and waits by wait4(2). Prints a line a start:
 * number of the command, nanoseconds until it has ended, user and system microseconds of all its processes.
 * A command that does not end with status 0 ends all.
 *
 * What a command leaves running (bubblewrap its first process inside, podman its monitor) becomes a child
 * here (PR_SET_CHILD_SUBREAPER), and its end is waited for, beside the time: it takes no part in the next
 * start.
 *
 * Its own memory is small, and everything it needs is there before the first start: only the command is
 * measured. The commands get /dev/null as standard input and output.
 */
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "spawn.h"

enum { COMMANDS_MAX = 64, ROUNDS_MAX = 100000, SECONDS_MAX = 3600 };

struct start {
	long long nanoseconds;
	long user, system; /* microseconds */
};

static long microseconds(const struct timeval *t)
{
	return t->tv_sec * 1000000L + t->tv_usec;
}

static void start_once(char *const argv[], const posix_spawn_file_actions_t *files, struct start *ret)
{
	long long begin = now();
	pid_t pid = start(argv, files);
	struct rusage used;

	need_success(argv[0], wait_for(pid, &used));
	ret->nanoseconds = now() - begin;
	do {
		ret->user += microseconds(&used.ru_utime);
		ret->system += microseconds(&used.ru_stime);
	} while (wait4(-1, NULL, 0, &used) > 0);
	if (errno != ECHILD)
		die("wait for what a command has left");
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
	/* A command that leaves a process for good would be waited for for ever. */
	alarm(SECONDS_MAX);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		die("set up");
	no_input_or_output(&files);
	for (int r = 0; r < rounds; r++)
		for (int i = 0; i < n; i++)
			start_once(command[i], &files, &all[r * n + i]);
	for (int i = 0; i < rounds * n; i++)
		printf("%d %lld %ld %ld\n", i % n, all[i].nanoseconds, all[i].user, all[i].system);
	return 0;
}
