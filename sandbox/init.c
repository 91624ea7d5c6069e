#include "sandbox/init.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdnoreturn.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/err.h"
#include "common/fd.h"
#include "sandbox/msg.h"

struct init {
	pid_t command;
	int sock;
	init_serve *serve;
	void *ctx;
	bool stopped; /* everything, because the supervisor said so: he knows */
};

static noreturn void end(const struct init *in, const siginfo_t *si)
{
	const int sig = si->si_code == CLD_EXITED ? 0 : si->si_status;
	struct err ended = {.code = sig, .status = sig ? EXIT_SIGNAL + sig : si->si_status};

	/* An exit status alone does not tell a signal from a status above 128. */
	if (in->sock >= 0)
		msg_send(in->sock, MSG_ENDED, &ended, -1);
	_exit(ended.status);
}

/* Reaps whatever can be reaped. */
static void children(const struct init *in)
{
	for (;;) {
		siginfo_t si = {0};

		if (waitid(P_ALL, 0, &si, WEXITED | WSTOPPED | WNOHANG) < 0 || si.si_pid == 0)
			return;
		if (si.si_pid != in->command)
			continue;
		if (si.si_code == CLD_EXITED || si.si_code == CLD_KILLED || si.si_code == CLD_DUMPED)
			end(in, &si);
		/* Stopped by its terminal: the supervisor stops too, so that the caller's shell has its
		 * prompt back. */
		if (in->sock >= 0 && !in->stopped)
			msg_send(in->sock, MSG_STOPPED, NULL, -1);
	}
}

/*
 * A TSTP of the kernel is that of the sandbox's terminal, typed before the command was in the foreground: it
 * is for the command, and the supervisor hears of it when that has stopped.
 */
static void pass_on(struct init *in, int sig, bool of_terminal)
{
	bool stop = sig == SIGTSTP && !of_terminal;

	if (stop || sig == SIGCONT)
		in->stopped = stop;
	if (stop)
		kill(-1, SIGSTOP); /* without a terminal of its own the command may not be stopped by TSTP: it
				      is an orphan */
	else if (sig == SIGCONT)
		kill(-1, SIGCONT);
	else
		kill(in->command, sig);
}

/* One message of the supervisor's. */
static void session(struct init *in)
{
	struct msg m;
	struct err e;
	int conn = -1, r = msg_receive(in->sock, MSG_DONTWAIT, &m, &conn);
	pid_t pid;

	if (r == 0) { /* we are about to be killed */
		fd_close(TAKE_FD(in->sock));
		return;
	}
	if (r < 0 || m.type != MSG_SESSION || conn < 0) {
		fd_close(conn);
		return;
	}
	pid = fork();
	if (pid == 0) {
		in->serve(in->ctx, conn);
		_exit(EXIT_CROFT);
	}
	if (pid < 0) {
		err_sys(&e, "start one more process in the sandbox");
		msg_send(conn, MSG_ERROR, &e, -1);
	}
	fd_close(conn);
}

/* As the loop of init_main(), and takes what the supervisor sends. */
static noreturn void serve(struct init *in, const sigset_t *all)
{
	struct signalfd_siginfo si;
	struct pollfd p[2] = {{.fd = signalfd(-1, all, SFD_CLOEXEC | SFD_NONBLOCK), .events = POLLIN},
			      {.fd = in->sock, .events = POLLIN}};

	children(in);
	while (p[0].fd >= 0 && (poll(p, 2, -1) >= 0 || errno == EINTR)) {
		while (read(p[0].fd, &si, sizeof(si)) == (ssize_t)sizeof(si))
			if (si.ssi_signo == SIGCHLD)
				children(in);
			else
				pass_on(in, (int)si.ssi_signo, si.ssi_code == SI_KERNEL);
		if (p[1].revents)
			session(in);
		p[1].fd = in->sock;
	}
	_exit(EXIT_CROFT);
}

int init_main(pid_t command, int sock, init_serve *serve_one, void *ctx)
{
	struct init in = {.command = command, .sock = sock, .serve = serve_one, .ctx = ctx};
	const int keep[] = {sock};
	sigset_t all;
	int r = fd_close_range_but(0, ~0u, keep, sock >= 0);

	if (r < 0)
		return r;
	sigfillset(&all);
	if (serve_one)
		serve(&in, &all);
	children(&in);
	for (;;) {
		siginfo_t si;
		int sig = sigwaitinfo(&all, &si);

		if (sig == SIGCHLD)
			children(&in);
		else if (sig > 0)
			pass_on(&in, sig, si.si_code == SI_KERNEL);
		else if (errno != EINTR)
			_exit(EXIT_CROFT);
	}
}
