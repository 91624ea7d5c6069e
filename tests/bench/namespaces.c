/*
 * namespaces ROUNDS: what a process costs that is made in new namespaces and ends at once, from clone(2) to
 * wait4(2). A line each kind: its name and the median in nanoseconds. All kinds in turn, as an ordinary user.
 */
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS_MAX = 10000 };

static const struct {
	const char *name;
	unsigned long flags;
} kind[] = {
	{"none", 0},
	{"user", CLONE_NEWUSER},
	{"mount", CLONE_NEWUSER | CLONE_NEWNS},
	{"pid", CLONE_NEWUSER | CLONE_NEWPID},
	{"uts", CLONE_NEWUSER | CLONE_NEWUTS},
	{"ipc", CLONE_NEWUSER | CLONE_NEWIPC},
	{"network", CLONE_NEWUSER | CLONE_NEWNET},
	{"cgroup", CLONE_NEWUSER | CLONE_NEWCGROUP},
};
enum { KINDS = sizeof(kind) / sizeof(kind[0]) };
static long took[KINDS][ROUNDS_MAX];

static long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000 + t.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
	const long x = *(const long *)a, y = *(const long *)b;

	return (x > y) - (x < y);
}

static long start(unsigned long flags)
{
	long since = now();
	pid_t pid = (pid_t)syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
	int status;

	if (pid < 0) {
		perror("clone");
		exit(1);
	}
	if (pid == 0)
		_exit(0);
	if (waitpid(pid, &status, 0) != pid || status != 0) {
		fputs("the process failed\n", stderr);
		exit(1);
	}
	return now() - since;
}

int main(int argc, char **argv)
{
	long rounds = argc == 2 ? strtol(argv[1], NULL, 10) : 0;

	if (rounds < 1 || rounds > ROUNDS_MAX) {
		fputs("usage: namespaces ROUNDS\n", stderr);
		return 2;
	}
	for (long i = 0; i < rounds; i++)
		for (size_t k = 0; k < KINDS; k++)
			took[k][i] = start(kind[k].flags);
	for (size_t k = 0; k < KINDS; k++) {
		qsort(took[k], (size_t)rounds, sizeof(took[k][0]), by_size);
		printf("%s %ld\n", kind[k].name, took[k][rounds / 2]);
	}
	return 0;
}
