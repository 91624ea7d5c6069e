#include "sandbox/maker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdnoreturn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fd.h"
#include "sandbox/msg.h"
#include "sandbox/tie.h"

struct work {
	const struct maker *m;
	const struct userns_ids *ids;
	int flags;
	maker_fn *fn;
	const void *ctx;
};

/* At each change of ids the kernel forgets whom this process dies with. */
static int make(const struct work *w, int sock, struct err *e)
{
	fd_auto int self = openat(w->m->proc, "self", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (self < 0)
		return err_sys(e, "open /proc/self");
	if (userns_become_owner(e) < 0 || tie_to_parent(sock, e) < 0 ||
	    userns_of_gate(w->flags, self, w->ids, e) < 0 || tie_to_parent(sock, e) < 0)
		return -e->code;
	return w->fn(w->ctx, self, e);
}

static noreturn void inside(const struct work *w, int sock)
{
	struct err e = {0};
	int fd = make(w, sock, &e);

	_exit((fd < 0 ? msg_send(sock, MSG_ERROR, &e, -1) : msg_send(sock, MSG_MADE, NULL, fd)) < 0);
}

static int take(int sock, struct err *e)
{
	struct msg m = {0};
	int fd = -1, r = msg_receive(sock, 0, &m, &fd);

	if (r > 0 && m.type == MSG_MADE && fd >= 0)
		return fd;
	fd_close(fd);
	if (r <= 0 || m.type != MSG_ERROR)
		return err_set(e, EPIPE, "a process in a user namespace ended early");
	*e = m.err;
	return -e->code;
}

int maker_run(const struct maker *m, const struct userns_ids *ids, int flags, maker_fn *fn, const void *ctx,
	      struct err *e)
{
	const struct work w = {.m = m, .ids = ids, .flags = flags, .fn = fn, .ctx = ctx};
	fd_auto int ours = -1;
	int pair[2], made;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "make a socket pair");
	ours = pair[0];
	pid = fork();
	if (pid == 0) {
		fd_close(ours);
		inside(&w, pair[1]);
	}
	fd_close(pair[1]);
	if (pid < 0)
		return err_sys(e, "start a process for a user namespace");
	made = take(ours, e);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	return made;
}
