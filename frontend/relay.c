#include "frontend/relay.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include "common/fd.h"
#include "frontend/clock.h"
#include "frontend/signals.h"
#include "frontend/tied.h"

void relay_init(struct relay *r, uint32_t tty, relay_send *send, void *ctx)
{
	r->send = send;
	r->ctx = ctx;
	r->signals = r->parent = -1;
	r->deadline = -1;
	proxy_init(&r->proxy, tty);
}

int relay_take_signals(struct relay *r, struct err *e)
{
	r->signals = signals_take(r->ignored, e);
	return r->signals < 0 ? r->signals : 0;
}

static void start_deadline(struct relay *r)
{
	if (r->deadline < 0)
		r->deadline = clock_ms() + r->grace_ms;
}

/* CONT, since a stopped command would not see it. */
void relay_stop(struct relay *r)
{
	r->terms++;
	start_deadline(r);
	r->send(r->ctx, SIGTERM);
	r->send(r->ctx, SIGCONT);
}

void relay_stop_again(struct relay *r)
{
	if (r->terms)
		r->send(r->ctx, SIGKILL);
	else
		relay_stop(r);
}

/* Stops with the job, and comes back when that goes on. */
static void stop_ourselves(struct relay *r, pid_t whom)
{
	proxy_suspend(&r->proxy);
	signals_stop(whom);
	proxy_resume(&r->proxy);
	r->send(r->ctx, SIGCONT);
}

/* The whole job: a script around us waits for the terminal just as we do. */
void relay_stopped(struct relay *r)
{
	if (r->proxy.master >= 0 && r->proxy.can_raw)
		stop_ourselves(r, 0);
}

int relay_terminal(struct relay *r, int master, struct err *e)
{
	if (master >= 0 && r->proxy.master < 0 && proxy_start(&r->proxy, master, e) == 0)
		return 0;
	fd_close(master);
	return -1;
}

static void got_signal(struct relay *r, int sig, int code)
{
	if (r->ignored[sig])
		return;
	if (sig == SIGHUP &&
	    code == SI_KERNEL) /* the terminal is closed; from others it may mean: read anew */
		start_deadline(r);
	if (sig == SIGWINCH) {
		proxy_window_size(&r->proxy);
		if (r->proxy.master >= 0)
			return; /* the kernel tells the foreground inside */
	}
	if (sig == SIGTERM) {
		start_deadline(r);
		if (++r->terms > 1)
			sig = SIGKILL;
	}
	r->send(r->ctx, sig == SIGTSTP && r->stop_for_tstp ? SIGSTOP : sig);
	if (sig == SIGTSTP)
		stop_ourselves(r, getpid()); /* the command came first */
	if (sig == SIGCONT)
		proxy_resume(&r->proxy);
}

static void read_signals(struct relay *r)
{
	struct signalfd_siginfo si;

	while (read(r->signals, &si, sizeof(si)) == (ssize_t)sizeof(si))
		got_signal(r, (int)si.ssi_signo, si.ssi_code);
}

static void hung_up(struct relay *r)
{
	r->proxy.hung_up = false;
	if (r->ignored[SIGHUP])
		return;
	r->send(r->ctx, SIGHUP);
	start_deadline(r);
}

void relay_tie(struct relay *r, pid_t starter)
{
	if (r->ignored[SIGHUP])
		return;
	r->parent = tied_open(starter);
	if (r->parent == TIED_GONE)
		relay_stop(r);
}

int relay_wait(struct relay *r)
{
	return clock_shorter(proxy_wait(&r->proxy), r->deadline);
}

void relay_poll_set(struct relay *r, struct pollfd p[RELAY_POLL])
{
	p[0] = (struct pollfd){.fd = r->signals, .events = POLLIN};
	p[1] = (struct pollfd){.fd = r->parent, .events = POLLIN};
	proxy_poll_set(&r->proxy, p + 2);
}

void relay_turn(struct relay *r, const struct pollfd p[RELAY_POLL])
{
	if (p[0].revents)
		read_signals(r);
	if (p[1].revents) {
		fd_close(TAKE_FD(r->parent));
		relay_stop(r);
	}
	proxy_move(&r->proxy, p + 2);
	if (r->proxy.hung_up)
		hung_up(r);
	if (r->deadline >= 0 && clock_ms() >= r->deadline) {
		r->deadline = -1;
		r->send(r->ctx, SIGKILL);
	}
}
