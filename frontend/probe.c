#include "frontend/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fd.h"
#include "frontend/diagnose.h"

struct answer {
	int r;
	struct err e;
};

/* The other end: a byte from the caller means that the maps are written, end of file that they are not. */
static noreturn void child(const struct probe *p, int sock)
{
	struct answer a = {.r = 0};
	ssize_t n;
	char go;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	do
		n = read(sock, &go, 1);
	while (n < 0 && errno == EINTR);
	if (n != 1)
		_exit(EXIT_CROFT);
	if (p->run)
		a.r = p->run(p->ctx, &a.e);
	_exit(send(sock, &a, sizeof(a), MSG_NOSIGNAL) == sizeof(a) ? 0 : EXIT_CROFT);
}

static int write_file(int dir, const char *name, const char *text, struct err *e)
{
	fd_auto int fd = openat(dir, name, O_WRONLY | O_CLOEXEC);
	int r = fd < 0 ? -errno : fd_write_all(fd, text, strlen(text));

	return r < 0 ? diagnose_map(name, -r, e) : 0;
}

static int map_self(pid_t pid, struct err *e)
{
	char text[48];
	fd_auto int dir = -1;

	snprintf(text, sizeof(text), "/proc/%d", pid);
	dir = open(text, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_sys(e, "open %s", text);
	snprintf(text, sizeof(text), "0 %u 1\n", geteuid());
	if (write_file(dir, "setgroups", "deny", e) < 0 || write_file(dir, "uid_map", text, e) < 0)
		return -e->code;
	snprintf(text, sizeof(text), "0 %u 1\n", getegid());
	return write_file(dir, "gid_map", text, e);
}

static int map_ids(const struct probe *p, pid_t pid, struct err *e)
{
	if (!(p->flags & CLONE_NEWUSER))
		return 0;
	return p->map ? p->map(pid, p->ctx, e) : map_self(pid, e);
}

static int receive(int sock, struct answer *ret, struct err *e)
{
	struct pollfd pfd = {.fd = sock, .events = POLLIN};
	ssize_t n;
	int r;

	do
		r = poll(&pfd, 1, PROBE_MS);
	while (r < 0 && errno == EINTR);
	if (r == 0)
		return err_set(e, ETIMEDOUT, "it did not end within %d seconds", PROBE_MS / 1000);
	do
		n = recv(sock, ret, sizeof(*ret), 0);
	while (n < 0 && errno == EINTR);
	if (n != (ssize_t)sizeof(*ret))
		return err_set(e, EPIPE, "the process that tried it was killed");
	return 0;
}

static int talk(const struct probe *p, pid_t pid, int sock, struct err *e)
{
	struct answer a;

	if (map_ids(p, pid, e) < 0)
		return -e->code;
	if (send(sock, "", 1, MSG_NOSIGNAL) != 1)
		return err_sys(e, "speak to the process that tries it");
	if (receive(sock, &a, e) < 0)
		return -e->code;
	if (a.r < 0)
		*e = a.e;
	return a.r;
}

int probe_run(const struct probe *p, struct err *e)
{
	int sock[2], r;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sock) < 0)
		return err_sys(e, "make a pair of sockets");
	pid = (pid_t)syscall(SYS_clone, p->flags | SIGCHLD, NULL, NULL, NULL, NULL);
	r = pid < 0 ? -errno : 0;
	if (pid == 0) {
		close(sock[0]);
		child(p, sock[1]);
	}
	close(sock[1]);
	/* A group of its own, so that what run starts can be ended, too. */
	if (pid > 0)
		setpgid(pid, pid);
	if (r < 0)
		r = p->flags & CLONE_NEWUSER ? diagnose_userns(-r, e)
					     : err_set(e, -r, "start a process: %s", strerror(-r));
	else
		r = talk(p, pid, sock[0], e);
	close(sock[0]);
	if (pid > 0) {
		kill(-pid, SIGKILL);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	return r;
}
