#include "frontend/control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "sandbox/msg.h"

void control_init(struct control *c, const struct plan *p)
{
	*c = (struct control){.listen = -1, .input = -1, .plan = p, .log = {.pipe = -1, .file = -1}};
	for (int i = 0; i < CONTROL_PEERS; i++)
		c->peer[i].fd = -1;
}

/* Whether a process is in the same namespace of a kind as this one. */
static bool same_namespace(pid_t pid, const char *kind)
{
	struct stat ours, theirs;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/ns/%s", kind);
	if (stat(path, &ours) < 0)
		return errno == ENOENT; /* a kernel without them */
	snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, kind);
	return stat(path, &theirs) == 0 && ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev;
}

static bool may_ask(int fd)
{
	struct ucred who;
	socklen_t n = sizeof(who);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) == 0 && who.uid == geteuid() &&
	       who.pid > 0 && same_namespace(who.pid, "user") && same_namespace(who.pid, "pid");
}

static void drop(struct control_peer *p)
{
	fd_close(TAKE_FD(p->fd));
	p->waits = false;
}

static void refuse(struct control_peer *p, int code, const char *why)
{
	struct err e = {0};

	err_set(&e, code, "%s", why);
	msg_send(p->fd, MSG_ERROR, &e, -1);
	drop(p);
}

/* The place of one more: a free one, else that of who asks for nothing, else of who has waited. */
static struct control_peer *place(struct control *c)
{
	struct control_peer *p;

	for (int i = 0; i < CONTROL_PEERS; i++)
		if (c->peer[i].fd < 0)
			return &c->peer[i];
	p = &c->peer[c->next++ % CONTROL_PEERS];
	refuse(p, EBUSY, "too many ask this sandbox at once");
	return p;
}

static void welcome(struct control *c)
{
	int fd;

	while ((fd = accept4(c->listen, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		struct control_peer *p = place(c);

		p->fd = fd;
		if (!may_ask(fd))
			refuse(p, EPERM, "only its own user may ask, from outside of any sandbox");
	}
}

static void start_session(struct control *c, struct control_peer *p, int sock)
{
	int r;

	if (!c->plan->serve) {
		refuse(p, ENOTSUP, "croft's init would start the command, and with --no-init there is none");
		return;
	}
	r = sock < 0 ? -EPIPE : msg_send(sock, MSG_SESSION, NULL, p->fd);
	if (r == -EAGAIN)
		refuse(p, EAGAIN, "the sandbox is stopped, and takes nothing");
	else
		drop(p);
}

/* Whether it is a wish to end the sandbox. */
static bool hear(struct control *c, struct control_peer *p, int sock)
{
	struct msg m;
	int fd = -1, r = msg_receive(p->fd, MSG_DONTWAIT, &m, &fd);

	fd_close(fd);
	if (r == -EAGAIN)
		return false;
	if (r <= 0 || p->waits) {
		drop(p);
		return false;
	}
	p->waits = m.type == MSG_STOP || m.type == MSG_WAIT || m.type == MSG_ATTACH;
	if (m.type == MSG_SESSION)
		start_session(c, p, sock);
	else if (!p->waits)
		drop(p);
	if (m.type == MSG_ATTACH && c->input >= 0) {
		msg_send(p->fd, MSG_FD, NULL, c->input);
		fd_close(TAKE_FD(c->input)); /* so that the end of what he types is its end */
	}
	return m.type == MSG_STOP;
}

void control_poll_set(const struct control *c, struct pollfd pfd[CONTROL_POLL])
{
	pfd[0] = (struct pollfd){.fd = c->listen, .events = POLLIN};
	pfd[1] = (struct pollfd){.fd = c->log.pipe, .events = POLLIN};
	for (int i = 0; i < CONTROL_PEERS; i++)
		pfd[i + 2] = (struct pollfd){.fd = c->peer[i].fd, .events = POLLIN};
}

unsigned control_turn(struct control *c, const struct pollfd pfd[CONTROL_POLL], int sock)
{
	unsigned stop = 0;

	if (pfd[1].revents)
		logfile_move(&c->log);
	for (int i = 0; i < CONTROL_PEERS; i++)
		if (pfd[i + 2].revents && c->peer[i].fd >= 0)
			stop += hear(c, &c->peer[i], sock);
	if (pfd[0].revents)
		welcome(c);
	return stop;
}

void control_end(struct control *c, int status, const struct err *e)
{
	const struct err how = {.status = e->code ? err_exit_status(e) : status};

	logfile_close(&c->log);
	for (int i = 0; i < CONTROL_PEERS; i++) {
		if (c->peer[i].waits)
			msg_send(c->peer[i].fd, MSG_ENDED, &how, -1);
		drop(&c->peer[i]);
	}
	fd_close(TAKE_FD(c->input));
	fd_close(TAKE_FD(c->listen));
}
