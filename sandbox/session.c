#include "sandbox/session.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/mem.h"
#include "sandbox/msg.h"
#include "sandbox/session_request.h"
#include "sandbox/terminal.h"

enum { FIRST = 10, ARENA = 64 << 20 /* reserved, not taken */ };

/* The descriptor of one message, under a number that is none of 0-2. */
static int take(int conn, enum msg_type type, struct err *e)
{
	fd_auto int fd = -1;
	struct msg m;
	int r = msg_receive(conn, 0, &m, &fd), high;

	if (r == 0)
		_exit(EXIT_CROFT); /* nobody is there any more */
	if (r < 0 || m.type != type || fd < 0)
		return err_set(e, EBADMSG, "the request of croft exec is not what it should be");
	high = fcntl(fd, F_DUPFD_CLOEXEC, FIRST);
	return high < 0 ? err_sys(e, "keep a descriptor") : high;
}

static int take_std(int conn, struct err *e)
{
	for (int std = 0; std <= 2; std++) {
		fd_auto int fd = take(conn, MSG_FD, e);

		if (fd < 0)
			return fd;
		if (dup2(fd, std) < 0)
			return err_sys(e, "connect descriptor %d", std);
	}
	return fd_check_std(e);
}

/* Copied before it is looked at: who sent it may still write it. */
static int read_request(int fd, struct arena *a, struct request *ret, struct err *e)
{
	struct stat st;
	char *text;
	ssize_t n;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= 0 || st.st_size > REQUEST_MAX)
		return err_set(e, EBADMSG, "the request of croft exec is no file, or too long");
	text = arena_alloc(a, (size_t)st.st_size);
	n = text ? pread(fd, text, (size_t)st.st_size, 0) : -1;
	if (n != st.st_size)
		return err_set(e, EBADMSG, "read the request of croft exec");
	return request_decode(text, (size_t)n, a, ret, e);
}

static int make_terminal(struct session *s, struct err *e)
{
	fd_auto int root = -1, master = -1;
	int r;

	if (!s->plan.tty)
		return 0;
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_sys(e, "open /");
	r = terminal_open(root, &master, &s->slave, e);
	if (r == 0)
		r = msg_send(s->conn, MSG_TERMINAL, NULL, master);
	return r < 0 && !e->code ? err_set(e, -r, "hand over the terminal: %s", strerror(-r)) : r;
}

int session_begin(const struct plan *p, int conn, struct session *s, struct err *e)
{
	static struct request request;
	const int keep[] = {fcntl(conn, F_DUPFD_CLOEXEC, 3)};
	fd_auto int text = -1;
	struct arena a;
	int r;

	*s = (struct session){.conn = keep[0] < 0 ? conn : keep[0], .slave = -1};
	e->code = 0;
	if (keep[0] < 0 || fd_close_range_but(0, ~0u, keep, 1) < 0)
		return err_sys(e, "close the descriptors of init");
	prctl(PR_SET_NAME, "croft-session", 0, 0, 0);
	/* A session of its own: its terminal's signals are for nobody else. */
	if (setsid() < 0)
		return err_sys(e, "start a session");
	r = mem_arena(ARENA, &a);
	if (r < 0)
		return err_set(e, -r, "get memory: %s", strerror(-r));
	if (take_std(s->conn, e) < 0)
		return -e->code;
	text = take(s->conn, MSG_REQUEST, e);
	if (text < 0 || read_request(text, &a, &request, e) < 0 ||
	    request_plan(p, &request, &a, &s->plan, e) < 0)
		return -e->code;
	return make_terminal(s, e);
}

/* Whether it has ended, and then how. */
static bool ended(const struct session *s, pid_t command, struct err *ret)
{
	siginfo_t si = {0};

	if (waitid(P_PID, (id_t)command, &si, WEXITED | WSTOPPED | WNOHANG) < 0 || si.si_pid == 0)
		return false;
	if (si.si_code == CLD_STOPPED) {
		if (s->slave >= 0 && !s->stopped)
			msg_send(s->conn, MSG_STOPPED, NULL, -1);
		return false;
	}
	*ret = (struct err){.code = si.si_code == CLD_EXITED ? 0 : si.si_status};
	ret->status = ret->code ? EXIT_SIGNAL + ret->code : si.si_status;
	return true;
}

/* False when nobody is there any more. */
static bool pass_on(struct session *s, pid_t command)
{
	struct msg m;
	int fd = -1, r = msg_receive(s->conn, MSG_DONTWAIT, &m, &fd);

	fd_close(fd);
	if (r == -EAGAIN)
		return true;
	if (r <= 0)
		return false;
	if (m.type == MSG_SIGNAL && m.err.code > 0 && m.err.code < _NSIG) {
		s->stopped = m.err.code == SIGSTOP || (s->stopped && m.err.code != SIGCONT);
		kill(command, m.err.code);
	}
	return true;
}

static void kill_all(pid_t command)
{
	kill(-command, SIGKILL);
	kill(command, SIGKILL);
}

int session_wait(struct session *s, pid_t command)
{
	sigset_t all;
	struct err how = {0};
	struct signalfd_siginfo si;
	struct pollfd p[2] = {{.events = POLLIN}, {.fd = s->conn, .events = POLLIN}};

	sigfillset(&all);
	p[0].fd = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	/* What the command was given is not kept open behind its back. */
	for (int std = 0; std <= 2; std++)
		close(std);
	while (!ended(s, command, &how)) {
		if (p[0].fd < 0 || (poll(p, 2, -1) < 0 && errno != EINTR)) {
			err_sys(&how, "wait for the command");
			kill_all(command);
			msg_send(s->conn, MSG_ERROR, &how, -1);
			return EXIT_CROFT;
		}
		while (read(p[0].fd, &si, sizeof(si)) > 0)
			continue;
		if (p[1].revents && !pass_on(s, command)) {
			kill_all(command);
			p[1].fd = -1;
		}
	}
	msg_send(s->conn, MSG_ENDED, &how, -1);
	return how.status;
}
