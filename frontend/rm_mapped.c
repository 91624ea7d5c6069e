#include "frontend/rm_mapped.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/rmtree.h"
#include "frontend/diagnose.h"
#include "frontend/idmap.h"
#include "sandbox/msg.h"

/* Waits for the other side's GO. 0; what it says instead; or -ECONNRESET when it is gone. */
static int await_go(int sock, struct err *e)
{
	struct msg m;
	int fd = -1, r = msg_receive(sock, 0, &m, &fd);

	fd_close(fd);
	if (r <= 0)
		return err_set(e, r < 0 ? -r : ECONNRESET,
			       "the process that removes files of subordinate ids is gone");
	if (m.type == MSG_GO)
		return 0;
	*e = m.err;
	return -e->code;
}

/* The child: makes its namespace, says so, and removes once its ids are mapped. */
static int child_work(int sock, int parent_fd, const char *name, struct err *e)
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
	r = await_go(sock, e);
	return r < 0 ? r : rm_tree(parent_fd, name, e);
}

static _Noreturn void child_main(int sock, int parent_fd, const char *name)
{
	struct err e;
	int r = child_work(sock, parent_fd, name, &e);

	msg_send(sock, r < 0 ? MSG_ERROR : MSG_GO, r < 0 ? &e : NULL, -1);
	_exit(r < 0 ? EXIT_CROFT : EXIT_SUCCESS);
}

/* The parent's side, until the child has said how it went. */
static int direct(int sock, pid_t child, struct err *e)
{
	/* Root inside is the caller, so that his own files and those of his ranges are all mapped. */
	const struct idmap_request request = {.map = PLAN_MAP_SUBORDINATE, .own_uid = 0, .own_gid = 0};
	int r = await_go(sock, e);

	if (r == 0)
		r = idmap_write(child, &request, NULL, e);
	if (r < 0)
		return r;
	r = msg_send(sock, MSG_GO, NULL, -1);
	if (r < 0)
		return err_set(e, -r, "start the removal: %s", strerror(-r));
	return await_go(sock, e);
}

static int in_namespace(int parent_fd, const char *name, struct err *e)
{
	int pair[2], r;
	pid_t child;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "make a socket pair");
	child = fork();
	if (child == 0) {
		fd_close(pair[0]);
		child_main(pair[1], parent_fd, name);
	}
	r = child < 0 ? err_sys(e, "fork") : 0;
	fd_close(pair[1]);
	if (r == 0)
		r = direct(pair[0], child, e);
	/* A child that still waits for its maps ends when this end closes. */
	fd_close(pair[0]);
	while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	return r;
}

int rm_mapped(int parent_fd, const char *name, struct err *e)
{
	struct err second;

	/* What root may not remove, root of a namespace may not either. */
	if (geteuid() == 0)
		return -e->code;
	if (in_namespace(parent_fd, name, &second) == 0)
		return 0;
	return err_hint(e, "with your subordinate ids: %s", second.msg);
}
