#include "frontend/terminal_proxy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/fd.h"
#include "sandbox/plan.h"

enum {
	AT_IN,
	AT_MASTER,
	AT_OUT,
	DRAIN_MS = 2000,
	FRONT_MS = 200,  /* how soon a job that was brought to the front takes the terminal */
	WRITE_MAX = 4096 /* PIPE_BUF: never blocks after POLLOUT */
};

/* --- modes ------------------------------------------------------------------------------- */

/* A terminal that is not our session's knows no background. */
static bool foreground(const struct proxy *x)
{
	pid_t front = tcgetpgrp(x->in);

	return front < 0 || front == getpgrp();
}

/* Its modes are ours to keep only in the foreground: before, they are the shell's own, for editing a line. */
static bool save_modes(struct proxy *x)
{
	if (x->can_raw && !x->have_saved && x->in >= 0 && foreground(x))
		x->have_saved = tcgetattr(x->in, &x->saved) == 0;
	return x->have_saved;
}

static void go_raw(struct proxy *x)
{
	struct termios raw;

	if (x->raw || x->in < 0 || !save_modes(x) || !foreground(x))
		return;
	raw = x->saved;
	cfmakeraw(&raw);
	x->raw = tcsetattr(x->in, TCSADRAIN, &raw) == 0;
}

static void go_back(struct proxy *x)
{
	if (x->raw && x->in >= 0)
		tcsetattr(x->in, TCSADRAIN, &x->saved);
	x->raw = false;
}

static int inner_modes(struct proxy *x)
{
	struct termios t;

	if (x->can_raw)
		return save_modes(x) ? tcsetattr(x->master, TCSANOW, &x->saved) : 0;
	if (tcgetattr(x->master, &t) < 0)
		return -1;
	/* What is outside echoes and ends lines in its own way. */
	t.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
	t.c_oflag &= ~(tcflag_t)OPOST;
	return tcsetattr(x->master, TCSANOW, &t);
}

void proxy_window_size(struct proxy *x)
{
	struct winsize w;

	if (x->master >= 0 && (ioctl(x->out, TIOCGWINSZ, &w) == 0 || ioctl(x->in, TIOCGWINSZ, &w) == 0))
		ioctl(x->master, TIOCSWINSZ, &w);
}

/* --- start and end --------------------------------------------------------------------------- */

/*
 * A descriptor of our own for one of 0-2. O_NONBLOCK belongs to the open file, which the caller's shell
 * shares, so a terminal is opened anew; what cannot be opened anew (pipes, a terminal of another user) is
 * shared and never written more than it takes at once.
 */
static int own_descriptor(int fd)
{
	char path[32];
	int own = -1;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (isatty(fd))
		own = open(path, O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return own >= 0 ? own : fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

uint32_t proxy_terminals(void)
{
	return (isatty(0) ? (uint32_t)PLAN_TTY_STDIN : 0) | (isatty(1) ? (uint32_t)PLAN_TTY_STDOUT : 0) |
	       (isatty(2) ? (uint32_t)PLAN_TTY_STDERR : 0);
}

void proxy_init(struct proxy *x, uint32_t tty)
{
	x->master = x->peer = x->in = x->out = -1;
	x->tty = tty;
}

/* Where both outputs go elsewhere, what is asked on /dev/tty inside comes to the terminal all the same. */
static int out_of_input(void)
{
	fd_auto int own = own_descriptor(STDIN_FILENO);

	return own >= 0 && (fcntl(own, F_GETFL) & O_ACCMODE) == O_RDWR ? TAKE_FD(own) : -1;
}

static int open_ends(struct proxy *x, struct err *e)
{
	const uint32_t both = PLAN_TTY_STDIN | PLAN_TTY_STDOUT, outputs = PLAN_TTY_STDOUT | PLAN_TTY_STDERR;

	if (x->tty & PLAN_TTY_STDIN && (x->in = own_descriptor(STDIN_FILENO)) < 0)
		return err_sys(e, "copy standard input to the sandbox's terminal");
	x->out = x->tty & outputs ? own_descriptor(x->tty & PLAN_TTY_STDOUT ? STDOUT_FILENO : STDERR_FILENO)
				  : out_of_input();
	if (x->tty & outputs && x->out < 0)
		return err_sys(e, "copy what the sandbox's terminal says");
	x->in_tty = x->in >= 0 && isatty(x->in);
	/* In a pipeline the terminal's modes are those of whoever shows the output. */
	x->can_raw = (x->tty & both) == both && x->in_tty && x->out >= 0 && isatty(x->out);
	return 0;
}

int proxy_start(struct proxy *x, int master, struct err *e)
{
	if (open_ends(x, e) < 0)
		return -e->code;
	if (fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK) < 0)
		return err_sys(e, "set up the sandbox's terminal");
	x->master = master;
	x->peer = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (inner_modes(x) < 0) {
		x->master = -1; /* still the caller's */
		return err_sys(e, "set the modes of the sandbox's terminal");
	}
	proxy_window_size(x);
	go_raw(x);
	return 0;
}

void proxy_suspend(struct proxy *x)
{
	go_back(x);
}

void proxy_resume(struct proxy *x)
{
	x->raw = false; /* whoever had the terminal meanwhile has set modes of his own */
	proxy_window_size(x);
	go_raw(x);
}

int proxy_wait(struct proxy *x)
{
	if (x->master < 0 || !x->in_tty || x->in < 0)
		return -1;
	x->behind = !x->raw && !foreground(x);
	go_raw(x);
	return x->behind ? FRONT_MS : -1;
}

void proxy_end(struct proxy *x)
{
	go_back(x);
	fd_close(TAKE_FD(x->in));
	fd_close(TAKE_FD(x->out));
	fd_close(TAKE_FD(x->peer));
	fd_close(TAKE_FD(x->master));
}

/* --- moving ------------------------------------------------------------------------------------ */

static bool empty(const struct proxy_stream *s)
{
	return s->from == s->to;
}

/* Whether we may read what is outside now: a terminal in the background would stop us. */
static bool may_read(const struct proxy *x)
{
	return x->in >= 0 && empty(&x->up) && !x->behind;
}

void proxy_poll_set(const struct proxy *x, struct pollfd *pfd)
{
	short master = (short)((empty(&x->down) ? POLLIN : 0) | (empty(&x->up) ? 0 : POLLOUT));

	for (int i = 0; i < PROXY_POLL; i++)
		pfd[i] = (struct pollfd){.fd = -1};
	if (x->master < 0)
		return;
	if (may_read(x))
		pfd[AT_IN] = (struct pollfd){.fd = x->in, .events = POLLIN};
	if (master)
		pfd[AT_MASTER] = (struct pollfd){.fd = x->master, .events = master};
	if (!empty(&x->down) && x->out >= 0)
		pfd[AT_OUT] = (struct pollfd){.fd = x->out, .events = POLLOUT};
}

/* 1: something was read; 0: nothing now; -ENODATA at the end, or -errno. */
static int fill(int fd, struct proxy_stream *s)
{
	ssize_t n = read(fd, s->buf, sizeof(s->buf));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return n < 0 ? -errno : -ENODATA;
	s->from = 0;
	s->to = (size_t)n;
	return 1;
}

static int flush(int fd, struct proxy_stream *s)
{
	size_t k = s->to - s->from;
	ssize_t n = write(fd, s->buf + s->from, k < WRITE_MAX ? k : WRITE_MAX);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0)
		return -1;
	s->from += (size_t)n;
	return 1;
}

/* The end of the input is the end-of-file character inside; behind an open line it only ends that line, so
 * twice. */
static void end_of_file(struct proxy *x)
{
	struct termios t;

	if (tcgetattr(x->master, &t) < 0 || !(t.c_lflag & ICANON))
		return;
	memset(x->up.buf, t.c_cc[VEOF], 2);
	x->up.from = 0;
	x->up.to = x->line_open ? 2 : 1;
	x->line_open = false;
}

static void read_outside(struct proxy *x, short revents)
{
	int r = fill(x->in, &x->up);
	bool gone = x->in_tty && revents & (POLLHUP | POLLERR);

	if (r > 0)
		x->line_open = x->up.buf[x->up.to - 1] != '\n';
	if (r >= 0)
		return;
	if (gone)
		x->hung_up = true;
	else
		end_of_file(x);
	/* A terminal goes on after its end-of-file character. */
	if (gone || !x->in_tty || r != -ENODATA)
		fd_close(TAKE_FD(x->in));
}

void proxy_move(struct proxy *x, const struct pollfd *pfd)
{
	if (x->master < 0)
		return;
	if (pfd[AT_IN].revents && may_read(x))
		read_outside(x, pfd[AT_IN].revents);
	if (pfd[AT_MASTER].revents & POLLOUT && !empty(&x->up))
		flush(x->master, &x->up);
	if (pfd[AT_MASTER].revents & (POLLIN | POLLHUP) && empty(&x->down))
		fill(x->master, &x->down);
	if (pfd[AT_OUT].revents && !empty(&x->down) && flush(x->out, &x->down) < 0) {
		/* Nobody reads any more: to the sandbox its terminal is gone. */
		fd_close(TAKE_FD(x->out));
		x->hung_up = true;
	}
	if (x->out < 0)
		x->down.from = x->down.to;
}

void proxy_drain(struct proxy *x)
{
	if (x->master < 0 || x->out < 0)
		return;
	while (!empty(&x->down) || fill(x->master, &x->down) > 0) {
		struct pollfd p = {.fd = x->out, .events = POLLOUT};

		if (poll(&p, 1, DRAIN_MS) <= 0 || flush(x->out, &x->down) < 0)
			return;
	}
}
