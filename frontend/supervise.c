#include "frontend/supervise.h"

#include <errno.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fd.h"
#include "frontend/cgroup.h"
#include "frontend/clock.h"
#include "frontend/control.h"
#include "frontend/diagnose.h"
#include "frontend/gate.h"
#include "frontend/idmap.h"
#include "frontend/limits.h"
#include "frontend/network.h"
#include "frontend/relay.h"
#include "sandbox/msg.h"

struct supervisor {
	const struct plan *plan;
	pid_t pid;
	int pidfd, sock;
	const struct job *job;
	int64_t time_limit; /* when TERM is sent, since the plan says so: monotonic milliseconds, or -1 */
	bool timed_out;
	bool going; /* go was said */
	bool over;
	int status;
	struct err *e;
	struct cgroup cgroup;
	struct relay relay;
	struct network network;
};

/* --- signals ----------------------------------------------------------------------------- */

/* The kernel keeps TSTP from a pid 1 without a handler, STOP from outside it does not (stop_for_tstp). */
static void send_signal(void *ctx, int sig)
{
	const struct supervisor *s = ctx;

	syscall(SYS_pidfd_send_signal, s->pidfd, sig, NULL, 0);
	/* Who waits in a request that it has read cannot be killed until it is gone. */
	if (sig == SIGKILL && s->job->reader > 0)
		kill(s->job->reader, SIGKILL);
}

/* --- messages from inside -------------------------------------------------------------------- */

/* One message, if there is one. Returns whether there was. */
static bool read_message(struct supervisor *s)
{
	struct msg m;
	int fd = -1, r = msg_receive(s->sock, MSG_DONTWAIT, &m, &fd);

	if (r == -EAGAIN)
		return false;
	if (r < 0 && !s->e->code) {
		err_set(s->e, -r, "hear from the sandbox: %s", strerror(-r));
		send_signal(s, SIGKILL);
	}
	if (r <= 0) {
		fd_close(s->sock);
		s->sock = -1;
		return false;
	}
	if (m.type == MSG_ERROR && !s->e->code) {
		*s->e = m.err;
	} else if (m.type == MSG_NOTE) {
		note_print("croft", "%s", m.err.msg);
	} else if (m.type == MSG_TERMINAL && fd >= 0) {
		if (relay_terminal(&s->relay, fd_take(&fd), s->e) < 0)
			send_signal(s, SIGKILL);
	} else if (m.type == MSG_STOPPED) {
		relay_stopped(&s->relay);
	} else if (m.type == MSG_CHILD && s->pidfd < 0) {
		s->pidfd = fd_take(&fd);
	} else if (s->job->report) {
		report_message(s->job->report, &m, &fd);
	}
	fd_close(fd);
	return true;
}

/* The command runs, or has said why not. */
static void runs(struct supervisor *s)
{
	if (s->e->code)
		return;
	report_done(s->job->report, REPORT_EXEC);
	if (s->job->runs && !s->job->runs(s->job->runs_ctx) && !s->over)
		send_signal(s, SIGKILL);
}

/* The exit status of a child, once it has ended. */
static int await_end(int pidfd, siginfo_t *si)
{
	while (waitid(P_PIDFD, (id_t)pidfd, si, WEXITED) < 0)
		if (errno != EINTR)
			break;
	return si->si_code == CLD_EXITED ? si->si_status : EXIT_SIGNAL + si->si_status;
}

static void reap(struct supervisor *s)
{
	siginfo_t si = {0};

	s->over = true;
	s->status = await_end(s->pidfd, &si);
	if (s->job->report)
		report_first(s->job->report, si.si_code, si.si_status);
	while (s->sock >= 0 && read_message(s))
		continue;
	if (s->job->report && report_is_exec(s->job->report, POLLHUP))
		runs(s);
}

/* --- start: what the child waits for ---------------------------------------------------------- */

/* A child that has failed meanwhile knows better why: its message comes first. */
static int cannot_start(struct supervisor *s, const struct err *e)
{
	while (s->sock >= 0 && read_message(s))
		continue;
	if (!s->e->code)
		*s->e = *e;
	send_signal(s, SIGKILL);
	return -s->e->code;
}

static int go(struct supervisor *s)
{
	struct err e = {0};
	int r = -EPIPE;

	s->going = true;
	if (s->plan->timeout_ms)
		s->time_limit = clock_ms() + s->plan->timeout_ms;
	if (s->plan->gate)
		return 0; /* croft-gate's waits for nobody */
	if (s->sock >= 0)
		r = msg_send(s->sock, MSG_GO, NULL, -1);
	if (r == 0 || r == -EPIPE)
		return 0; /* EPIPE: the child has ended and its message says why */
	err_set(&e, -r, "say go to the sandbox: %s", strerror(-r));
	return cannot_start(s, &e);
}

static void turn_network(struct supervisor *s, const struct pollfd *pfd)
{
	struct err e = {0};
	int r = network_turn(&s->network, pfd, &e);

	if (r < 0) {
		network_end(&s->network);
		cannot_start(s, &e);
	} else if (r > 0) {
		go(s);
	}
}

/* --- the loop --------------------------------------------------------------------------------- */

static int time_left(struct supervisor *s)
{
	int wait = clock_sooner(relay_wait(&s->relay), network_wait(&s->network));

	return clock_shorter(wait, s->time_limit);
}

static void time_is_up(struct supervisor *s)
{
	s->time_limit = -1;
	s->timed_out = true;
	if (s->job->report)
		report_time_limit(s->job->report);
	relay_stop(&s->relay);
}

/* What was sent before counts first: why there is no command. */
static void exec_is_over(struct supervisor *s)
{
	while (s->sock >= 0 && read_message(s))
		continue;
	runs(s);
}

/* poll(2) that ends with the last descriptor in use: more entries than RLIMIT_NOFILE are EINVAL. */
static bool await(struct supervisor *s, struct pollfd *p, nfds_t n, int timeout)
{
	while (n > 0 && p[n - 1].fd < 0)
		n--;
	if (poll(p, n, timeout) >= 0)
		return true;
	if (errno == EINTR)
		return false;
	err_sys(s->e, "wait for the sandbox");
	send_signal(s, SIGKILL);
	reap(s);
	return false;
}

static void turn(struct supervisor *s)
{
	enum {
		OURS = 3,
		NETWORK = OURS + RELAY_POLL,
		CONTROL = NETWORK + NETWORK_POLL,
		ALL = CONTROL + CONTROL_POLL
	};
	struct control *control = s->going ? s->job->control : NULL;
	struct pollfd p[ALL] = {{.fd = s->pidfd, .events = POLLIN},
				{.fd = s->sock, .events = POLLIN},
				{.fd = s->job->report ? s->job->report->exec : -1, .events = POLLIN}};
	int timeout = time_left(s);

	relay_poll_set(&s->relay, p + OURS);
	network_poll_set(&s->network, p + NETWORK);
	if (control)
		control_poll_set(control, p + CONTROL);
	if (!await(s, p, control ? ALL : CONTROL, timeout))
		return;
	if (p[1].revents && s->sock >= 0)
		read_message(s);
	if (s->job->report && report_is_exec(s->job->report, p[2].revents))
		exec_is_over(s);
	for (unsigned n = control ? control_turn(control, p + CONTROL, s->sock) : 0; n > 0; n--)
		relay_stop_again(&s->relay);
	turn_network(s, p + NETWORK);
	relay_turn(&s->relay, p + OURS);
	if (s->time_limit >= 0 && clock_ms() >= s->time_limit)
		time_is_up(s);
	if (p[0].revents)
		reap(s);
}

/* --- start -------------------------------------------------------------------------------------- */

/* clone3(2), Linux >= 5.3; the child goes on as after fork(2). */
static int clone_child(struct supervisor *s, const struct sandbox_hooks *h, int inner)
{
	struct clone_args a = {
		.flags = sandbox_clone_flags(s->plan) | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)&s->pidfd,
		.exit_signal = SIGCHLD,
	};
	long pid;

	if (s->cgroup.box >= 0) { /* born in it: nothing of the sandbox ever is outside */
		a.flags |= CLONE_INTO_CGROUP;
		a.cgroup = (unsigned)s->cgroup.box;
	}
	pid = syscall(SYS_clone3, &a, sizeof(a));

	if (pid < 0 && errno == ENOSYS)
		return diagnose_kernel(s->e) < 0 ? -s->e->code : diagnose_nosys("clone3", s->e);
	if (pid < 0)
		return diagnose_userns(errno, s->e);
	if (pid == 0) {
		fd_close(s->sock);
		sandbox_child(s->plan, h, inner);
	}
	s->pid = (pid_t)pid;
	return 0;
}

/*
 * Has croft-gate make the child, which is ours: it says which one, or why there is none. Whoever kills it on
 * the way has no supervised sandbox; what it made by then ends with us.
 */
static int gate_child(struct supervisor *s, int inner)
{
	fd_auto int gate = gate_start(s->plan, inner, s->cgroup.box, s->e);
	siginfo_t si = {0};
	int status;

	if (gate < 0)
		return gate;
	while (s->pidfd < 0 && s->sock >= 0) {
		struct pollfd p[] = {{.fd = s->sock, .events = POLLIN}, {.fd = gate, .events = POLLIN}};

		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return err_sys(s->e, "wait for croft-gate");
		if (!read_message(s) && p[1].revents && !p[0].revents)
			break;
	}
	status = await_end(gate, &si);
	if (s->pidfd >= 0)
		return 0;
	return s->e->code ? -s->e->code
			  : err_set(s->e, EIO, "croft-gate ended with status %d and said nothing", status);
}

/* Mustn't have happened before: go, at which the child changes its ids. */
static int begin(struct supervisor *s)
{
	const struct plan *p = s->plan;
	const struct idmap_request req = {.map = (enum plan_map)p->map,
					  .own_uid = p->own_uid,
					  .own_gid = p->own_gid,
					  .alone_uid = p->uid,
					  .alone_gid = p->gid};
	struct err e = {0};

	if (!p->gate && idmap_write(s->pid, &req, NULL, &e) < 0)
		return cannot_start(s, &e);
	if (s->job->report && !p->gate)
		report_done(s->job->report, REPORT_IDS);
	if (p->network != PLAN_NETWORK_USER)
		return go(s);
	/* Go is said when it is ready. */
	return network_start(&s->network, p, s->pid, &e) < 0 ? cannot_start(s, &e) : 0;
}

static int start(struct supervisor *s, const struct sandbox_hooks *h)
{
	int pair[2];
	fd_auto int inner = -1;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(s->e, "make a socket pair");
	s->sock = pair[0];
	inner = pair[1];
	if (relay_take_signals(&s->relay, s->e) < 0 || cgroup_make(s->plan, &s->cgroup, s->e) < 0)
		return -s->e->code;
	return s->plan->gate ? gate_child(s, inner) : clone_child(s, h, inner);
}

/* Every process of the sandbox is gone: what its limits did, and the end of its cgroup. */
static int account(struct supervisor *s)
{
	struct cgroup_hits hits;

	cgroup_hits(&s->cgroup, &hits);
	cgroup_end(&s->cgroup);
	if (s->e->code)
		return -s->e->code;
	if (s->job->report)
		report_memory(s->job->report, hits.killed);
	limits_notes(s->plan, &hits, s->timed_out, s->status);
	return s->timed_out ? EXIT_TIME_LIMIT : s->status;
}

int supervise(const struct plan *p, const struct sandbox_hooks *h, const struct job *job, struct err *e)
{
	static struct supervisor s; /* the buffers of the proxy are large */

	s.plan = p;
	s.job = job;
	s.pidfd = s.sock = -1;
	s.time_limit = -1;
	s.cgroup = (struct cgroup){.box = -1, .limits = -1, .base = -1};
	s.e = e;
	e->code = 0;
	s.relay.grace_ms = p->stop_timeout_ms;
	s.relay.stop_for_tstp = !p->init;
	relay_init(&s.relay, p->tty, send_signal, &s);
	network_init(&s.network);
	if (start(&s, h) < 0) {
		proxy_end(&s.relay.proxy);
		cgroup_end(&s.cgroup);
		return -e->code;
	}
	begin(&s);
	if (job->tied)
		relay_tie(&s.relay, job->starter);
	while (!s.over)
		turn(&s);
	network_end(&s.network);
	proxy_drain(&s.relay.proxy);
	proxy_end(&s.relay.proxy);
	return account(&s);
}
