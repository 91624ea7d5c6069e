#include "frontend/exec_client.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/mem.h"
#include "frontend/clock.h"
#include "frontend/signals.h"
#include "frontend/terminal_proxy.h"
#include "frontend/tied.h"
#include "sandbox/msg.h"

enum { GRACE_MS = 10000 };

struct client {
	int conn, signals, parent;
	bool ignored[NSIG];
	int terms;
	int64_t deadline;
	bool over;
	int status;
	struct err *e;
	struct proxy proxy;
};

/* --- asking -------------------------------------------------------------------------------------- */

/* The request in a file: it may be longer than a message. */
static int request_file(const struct request *q, struct err *e)
{
	fd_auto int fd = memfd_create("croft-exec", MFD_CLOEXEC);
	struct arena a;
	long n;
	int r = mem_arena(REQUEST_MAX, &a);

	if (r < 0)
		return err_set(e, -r, "get memory: %s", strerror(-r));
	n = request_encode(q, a.base, a.size);
	if (n < 0)
		return err_set(e, E2BIG, "the command and its environment are too long");
	r = fd < 0 ? -errno : fd_write_all(fd, a.base, (size_t)n);
	return r < 0 ? err_set(e, -r, "write the request: %s", strerror(-r)) : TAKE_FD(fd);
}

static int ask(int conn, const struct request *q, struct err *e)
{
	fd_auto int text = request_file(q, e);
	int r;

	if (text < 0)
		return text;
	r = msg_send(conn, MSG_SESSION, NULL, -1);
	for (int fd = 0; r == 0 && fd <= 2; fd++)
		r = msg_send(conn, MSG_FD, NULL, fd);
	if (r == 0)
		r = msg_send(conn, MSG_REQUEST, NULL, text);
	/* EPIPE: it was refused, and what is still to be read says why. */
	return r < 0 && r != -EPIPE ? err_set(e, -r, "ask the sandbox: %s", strerror(-r)) : 0;
}

/* --- signals ----------------------------------------------------------------------------------------- */

static void send_signal(const struct client *c, int sig)
{
	const struct err which = {.code = sig};

	msg_send(c->conn, MSG_SIGNAL, &which, -1);
}

static void start_deadline(struct client *c)
{
	if (c->deadline < 0)
		c->deadline = clock_ms() + GRACE_MS;
}

static void stop_ourselves(struct client *c, pid_t whom)
{
	proxy_suspend(&c->proxy);
	signals_stop(whom);
	proxy_resume(&c->proxy);
	send_signal(c, SIGCONT);
}

static void got_signal(struct client *c, int sig, int code)
{
	if (c->ignored[sig])
		return;
	if (sig == SIGWINCH) {
		proxy_window_size(&c->proxy);
		if (c->proxy.master >= 0)
			return; /* the kernel tells the foreground inside */
	}
	if (sig == SIGTERM || (sig == SIGHUP && code == SI_KERNEL))
		start_deadline(c);
	if (sig == SIGTERM && ++c->terms > 1)
		sig = SIGKILL;
	send_signal(c, sig == SIGTSTP ? SIGSTOP : sig);
	if (sig == SIGTSTP)
		stop_ourselves(c, getpid());
	if (sig == SIGCONT)
		proxy_resume(&c->proxy);
}

static void read_signals(struct client *c)
{
	struct signalfd_siginfo si;

	while (read(c->signals, &si, sizeof(si)) == (ssize_t)sizeof(si))
		got_signal(c, (int)si.ssi_signo, si.ssi_code);
}

static void parent_is_gone(struct client *c)
{
	fd_close(TAKE_FD(c->parent));
	c->terms++;
	start_deadline(c);
	send_signal(c, SIGTERM);
	send_signal(c, SIGCONT);
}

/* --- what the session says ------------------------------------------------------------------------------ */

static void got_terminal(struct client *c, int *fd)
{
	const int master = fd_take(fd);

	if (master < 0 || c->proxy.master >= 0 || proxy_start(&c->proxy, master, c->e) < 0) {
		fd_close(master);
		c->over = true;
	}
}

/* Whether there was a message. */
static bool read_message(struct client *c)
{
	fd_auto int fd = -1;
	struct msg m;
	int r = msg_receive(c->conn, MSG_DONTWAIT, &m, &fd);

	if (r == -EAGAIN)
		return false;
	if (r <= 0) {
		c->over = true;
		c->status = EXIT_SIGNAL + SIGKILL;
		note_print("croft", "the sandbox has ended");
		return false;
	}
	if (m.type == MSG_ERROR) {
		*c->e = m.err;
		c->over = true;
	} else if (m.type == MSG_ENDED) {
		c->status = m.err.status;
		c->over = true;
	} else if (m.type == MSG_TERMINAL) {
		got_terminal(c, &fd);
	} else if (m.type == MSG_STOPPED && c->proxy.master >= 0 && c->proxy.can_raw) {
		stop_ourselves(c, 0);
	}
	return !c->over;
}

static void turn(struct client *c)
{
	enum { OURS = 3 };
	struct pollfd p[OURS + PROXY_POLL] = {{.fd = c->conn, .events = POLLIN},
					      {.fd = c->signals, .events = POLLIN},
					      {.fd = c->parent, .events = POLLIN}};
	const int timeout = clock_shorter(proxy_wait(&c->proxy), c->deadline);

	proxy_poll_set(&c->proxy, p + OURS);
	if (poll(p, OURS + PROXY_POLL, timeout) < 0) {
		c->over = errno != EINTR;
		return;
	}
	if (p[1].revents)
		read_signals(c);
	if (p[2].revents)
		parent_is_gone(c);
	proxy_move(&c->proxy, p + OURS);
	if (c->proxy.hung_up && !c->ignored[SIGHUP]) {
		send_signal(c, SIGHUP);
		start_deadline(c);
	}
	c->proxy.hung_up = false;
	if (c->deadline >= 0 && clock_ms() >= c->deadline) {
		c->deadline = -1;
		send_signal(c, SIGKILL);
	}
	while (p[0].revents && read_message(c))
		continue;
}

int exec_client(int conn, const struct request *q, pid_t starter, struct err *e)
{
	static struct client c; /* the buffers of the proxy are large */

	c.conn = conn;
	c.parent = -1;
	c.deadline = -1;
	c.e = e;
	e->code = 0;
	proxy_init(&c.proxy, q->tty);
	c.signals = signals_take(c.ignored, e);
	if (c.signals < 0 || ask(conn, q, e) < 0)
		return -e->code;
	if (!c.ignored[SIGHUP])
		c.parent = tied_open(starter);
	if (c.parent == TIED_GONE)
		parent_is_gone(&c);
	while (!c.over)
		turn(&c);
	proxy_drain(&c.proxy);
	proxy_end(&c.proxy);
	return e->code ? -e->code : c.status;
}
