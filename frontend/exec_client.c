#include "frontend/exec_client.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/mem.h"
#include "frontend/relay.h"
#include "sandbox/msg.h"

enum { GRACE_MS = 10000 };

struct client {
	int conn;
	bool over;
	int status;
	struct err *e;
	struct relay relay;
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

/* --- a signal ----------------------------------------------------------------------------------------- */

static void send_signal(void *ctx, int sig)
{
	const struct client *c = ctx;
	const struct err which = {.code = sig};

	msg_send(c->conn, MSG_SIGNAL, &which, -1);
}

/* --- what the session says ------------------------------------------------------------------------------ */

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
		c->over = relay_terminal(&c->relay, fd_take(&fd), c->e) < 0;
	} else if (m.type == MSG_STOPPED) {
		relay_stopped(&c->relay);
	}
	return !c->over;
}

static void turn(struct client *c)
{
	enum { OURS = 1 };
	struct pollfd p[OURS + RELAY_POLL] = {{.fd = c->conn, .events = POLLIN}};
	const int timeout = relay_wait(&c->relay);

	relay_poll_set(&c->relay, p + OURS);
	if (poll(p, OURS + RELAY_POLL, timeout) < 0) {
		c->over = errno != EINTR;
		return;
	}
	relay_turn(&c->relay, p + OURS);
	while (p[0].revents && read_message(c))
		continue;
}

int exec_client(int conn, const struct request *q, pid_t starter, struct err *e)
{
	static struct client c; /* the buffers of the proxy are large */

	c.conn = conn;
	c.e = e;
	e->code = 0;
	c.relay.grace_ms = GRACE_MS;
	c.relay.stop_for_tstp = true;
	relay_init(&c.relay, q->tty, send_signal, &c);
	if (relay_take_signals(&c.relay, e) < 0 || ask(conn, q, e) < 0)
		return -e->code;
	relay_tie(&c.relay, starter);
	while (!c.over)
		turn(&c);
	proxy_drain(&c.relay.proxy);
	proxy_end(&c.relay.proxy);
	return e->code ? -e->code : c.status;
}
