#include "frontend/mapped.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/signals.h"
#include "common/text.h"
#include "frontend/diagnose.h"
#include "frontend/idmap.h"
#include "sandbox/msg.h"

struct job {
	const char *what;
	mapped_work *work;
	void *ctx;
	sigset_t mask; /* as it was: the signals that end the job are let in where it waits alone */
};

/* Waits for the other side's GO. 0; what it says instead; -EINTR after a signal that was remembered. */
static int await_go(const struct job *j, int sock, struct err *e)
{
	struct pollfd p = {.fd = sock, .events = POLLIN};
	struct msg m;
	int fd = -1, r;

	while (ppoll(&p, 1, NULL, &j->mask) < 0)
		if (errno != EINTR || signals_caught())
			return err_sys(e, "%s", j->what);
	r = msg_receive(sock, 0, &m, &fd);
	fd_close(fd);
	if (r <= 0)
		return err_set(e, r < 0 ? -r : ECONNRESET, "%s: the process that does it is gone", j->what);
	if (m.type == MSG_GO)
		return 0;
	*e = m.err;
	return -e->code;
}

/* The child: makes its namespace, says so, and works once its ids are mapped. */
static int child_work(const struct job *j, int sock, struct err *e)
{
	int r;

	if (unshare(CLONE_NEWUSER) < 0)
		return diagnose_userns(errno, e);
	/* After unshare(), since new credentials may clear it; a parent that is gone by now is seen at the
	 * socket. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return err_sys(e, "have the end of croft noticed");
	r = msg_send(sock, MSG_GO, NULL, -1);
	if (r < 0)
		return err_set(e, -r, "tell croft that a user namespace was made: %s", strerror(-r));
	r = await_go(j, sock, e);
	if (r == 0 && sigprocmask(SIG_SETMASK, &j->mask, NULL) < 0)
		r = err_sys(e, "unblock signals");
	return r < 0 ? r : j->work(j->ctx, e);
}

static _Noreturn void child_main(const struct job *j, int sock)
{
	struct err e;
	int r = child_work(j, sock, &e);

	msg_send(sock, r < 0 ? MSG_ERROR : MSG_GO, r < 0 ? &e : NULL, -1);
	_exit(r < 0 ? EXIT_CROFT : EXIT_SUCCESS);
}

/* The parent's side, until the child has said how it went. */
static int direct(const struct job *j, enum plan_map map, int sock, pid_t child, struct err *e)
{
	/* Root inside is the caller, so that his own files and those of his ranges are all mapped. */
	const struct idmap_request request = {.map = map};
	int r = await_go(j, sock, e);

	if (r == 0)
		r = idmap_write(child, &request, NULL, e);
	if (r < 0)
		return r;
	r = msg_send(sock, MSG_GO, NULL, -1);
	if (r < 0)
		return err_set(e, -r, "%s: say go: %s", j->what, strerror(-r));
	return await_go(j, sock, e);
}

/* Whatever the child had started is ours once it has ended, and ends by its own death signal. */
static void reap_all(void)
{
	while (waitpid(-1, NULL, 0) >= 0 || errno == EINTR)
		;
}

static int in_namespace(const struct job *j, enum plan_map map, struct err *e)
{
	int pair[2], r;
	pid_t child;

	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		return err_sys(e, "%s: become the parent of orphans", j->what);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "make a socket pair");
	child = fork();
	if (child == 0) {
		fd_close(pair[0]);
		child_main(j, pair[1]);
	}
	r = child < 0 ? err_sys(e, "fork") : 0;
	fd_close(pair[1]);
	if (r == 0)
		r = direct(j, map, pair[0], child, e);
	/* A child that still waits for its maps ends when this end closes; one that works, by force. */
	fd_close(pair[0]);
	if (r < 0 && child > 0)
		kill(child, SIGKILL);
	reap_all();
	return r;
}

int mapped_run(enum plan_map map, const char *what, mapped_work *work, void *ctx, struct err *e)
{
	struct job j = {.what = what, .work = work, .ctx = ctx};
	sigset_t ends;
	int r;

	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGHUP);
	sigaddset(&ends, SIGQUIT);
	if (sigprocmask(SIG_BLOCK, &ends, &j.mask) < 0)
		return err_sys(e, "block signals");
	r = in_namespace(&j, map, e);
	sigprocmask(SIG_SETMASK, &j.mask, NULL);
	return r;
}
