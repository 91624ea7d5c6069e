#include "frontend/keeper.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fd.h"

static int ascending(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static _Noreturn void keep(int end, const int *fd, size_t n, void (*undo)(void *), void *ctx)
{
	int all[KEEPER_FDS + 1] = {end};
	char byte;
	ssize_t r;

	for (size_t i = 0; i < n; i++)
		all[i + 1] = fd[i];
	qsort(all, n + 1, sizeof(all[0]), ascending);
	prctl(PR_SET_NAME, "croft-keeper", 0, 0, 0);
	setsid(); /* what ends croft's process group does not end us */
	if (chdir("/") < 0 || fd_close_range_but(0, ~0u, all, n + 1) < 0)
		_exit(EXIT_CROFT);
	do
		r = read(end, &byte, 1);
	while (r < 0 && errno == EINTR);
	if (r == 0)
		undo(ctx);
	_exit(0);
}

int keeper_start(struct keeper *k, const int *fd, size_t n, void (*undo)(void *ctx), void *ctx, struct err *e)
{
	sigset_t all, old;
	int end[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, end) < 0)
		return err_sys(e, "make a socket pair");
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	pid = fork();
	if (pid == 0) {
		fd_close(end[1]);
		keep(end[0], fd, n, undo, ctx);
	}
	sigprocmask(SIG_SETMASK, &old, NULL);
	fd_close(end[0]);
	if (pid < 0) {
		fd_close(end[1]);
		return err_sys(e, "start the process that clears away when croft is killed");
	}
	k->pid = pid;
	k->end = end[1];
	return 0;
}

void keeper_end(struct keeper *k)
{
	if (!k->pid)
		return;
	if (send(k->end, "", 1, MSG_NOSIGNAL) == 1 && waitpid(k->pid, NULL, WNOHANG) == 0) {
		kill(k->pid, SIGKILL); /* ours, and perhaps stopped */
		while (waitpid(k->pid, NULL, 0) < 0 && errno == EINTR)
			continue;
	}
	k->pid = 0;
	fd_close(k->end);
}
