#include "frontend/report.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/fd.h"
#include "frontend/json.h"
#include "sandbox/plan_fields.h"

static const char *const phase_word[] = {"policy", "ids", "image", "mounts", "exec"};
static_assert(sizeof(phase_word) / sizeof(phase_word[0]) == REPORT_PHASES, "a word for each phase");

int report_check(int fd, struct err *e)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return err_sys(e, "option --status-fd: descriptor %d", fd);
	if (flags & O_PATH || (flags & O_ACCMODE) == O_RDONLY)
		return err_set(e, EBADF, "option --status-fd: descriptor %d is not open for writing", fd);
	return 0;
}

void report_start(struct report *r, int fd)
{
	r->fd = fd;
	r->exec = -1;
	if (fd < 0)
		return;
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	signal(SIGPIPE, SIG_IGN);
}

/* --- the reader ------------------------------------------------------------------------------ */

/* Nobody is there any more. */
static void give_up(struct report *r)
{
	r->used = 0;
	fd_close(TAKE_FD(r->fd));
}

/*
 * O_NONBLOCK belongs to the open file, which is the caller's: a socket is told with each message, and a pipe
 * that says it can be written takes PIPE_BUF at once.
 */
static ssize_t write_some(int fd, const char *s, size_t n)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	ssize_t k = send(fd, s, n, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (k >= 0 || errno != ENOTSOCK)
		return k;
	if (poll(&p, 1, 0) <= 0) {
		errno = EAGAIN;
		return -1;
	}
	return write(fd, s, n < PIPE_BUF ? n : PIPE_BUF);
}

/* Whether all of it is written. */
static bool flush(struct report *r)
{
	while (r->used) {
		ssize_t n = write_some(r->fd, r->buf, r->used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return false;
		if (n <= 0) {
			give_up(r);
			return true;
		}
		r->used -= (size_t)n;
		memmove(r->buf, r->buf + n, r->used);
	}
	return true;
}

/* --- lines ------------------------------------------------------------------------------------- */

/* Room for the last line, whatever came before. */
enum { LAST_LINE = ERR_MSG_MAX * 6 + 200 };
static_assert(LAST_LINE < REPORT_BUFFER / 2, "most of the buffer is for the others");

static struct line {
	char s[REPORT_BUFFER];
	size_t n;
} line;

static void __attribute__((format(printf, 1, 2))) add(const char *fmt, ...)
{
	va_list ap;
	int k;

	va_start(ap, fmt);
	k = vsnprintf(line.s + line.n, sizeof(line.s) - line.n, fmt, ap);
	va_end(ap);
	if (k > 0)
		line.n += (size_t)k < sizeof(line.s) - line.n ? (size_t)k : sizeof(line.s) - line.n - 1;
}

/* A path of the root is at most PLAN_PATH_MAX, of six bytes each. */
static void add_string(const char *text)
{
	char piece[JSON_PIECE_MAX];

	add("\"");
	while (line.n < sizeof(line.s) - (size_t)2 * JSON_PIECE_MAX && json_piece(&text, piece))
		add("%s", piece);
	add("\"");
}

static void put(struct report *r, bool last)
{
	size_t room = sizeof(r->buf) - (last ? 0 : LAST_LINE);

	add("}\n");
	if (r->used >= room || line.n > room - r->used) {
		r->lost = true;
		return;
	}
	memcpy(r->buf + r->used, line.s, line.n);
	r->used += line.n;
	flush(r);
}

static void begin(const char *phase)
{
	line.n = 0;
	add("{\"phase\": \"%s\"", phase);
}

static const char *map_word(const struct plan *p)
{
	for (size_t i = 0; i < plan_nfields; i++)
		if (!strcmp(plan_field[i].name, "map"))
			return plan_field[i].words[p->map];
	return "";
}

void report_done(struct report *r, enum report_phase phase)
{
	while (r->fd >= 0 && r->next <= phase) {
		begin(phase_word[r->next]);
		if (r->next == REPORT_IDS)
			add(", \"map\": \"%s\", \"gate\": %s", map_word(r->plan),
			    r->plan->gate ? "true" : "false");
		if (r->next == REPORT_IMAGE) {
			add(", \"root\": ");
			add_string(r->plan->root_kind == PLAN_ROOT_HOST ? "host" : r->plan->root);
		}
		r->next++;
		put(r, false);
	}
}

void report_time_limit(struct report *r)
{
	if (r->fd < 0)
		return;
	begin("time-limit");
	add(", \"milliseconds\": %" PRIu32, r->plan->timeout_ms);
	put(r, false);
}

void report_memory(struct report *r, uint64_t killed)
{
	if (r->fd < 0 || !killed)
		return;
	begin("out-of-memory");
	add(", \"killed\": %" PRIu64, killed);
	put(r, false);
}

static void end_line(const struct report *r, int status, const struct err *e)
{
	if (e->code) {
		begin("error");
		add(", \"during\": \"%s\", \"message\": ",
		    r->next < REPORT_PHASES ? phase_word[r->next] : "exit");
		add_string(e->msg);
		add(", \"status\": %d", err_exit_status(e));
	} else {
		begin("exit");
		add(r->signal ? ", \"signal\": %d" : ", \"code\": %d", r->signal ? r->signal : r->code);
		add(", \"status\": %d", status);
	}
	if (r->lost)
		add(", \"lost\": true");
}

void report_end(struct report *r, int status, const struct err *e)
{
	int left = REPORT_END_MS;

	if (r->fd < 0 || r->ended)
		return;
	r->ended = true;
	end_line(r, status, e);
	put(r, true);
	for (; r->fd >= 0 && !flush(r) && left > 0; left -= 10) {
		struct pollfd p = {.fd = r->fd, .events = POLLOUT};

		poll(&p, 1, 10);
	}
	fd_close(TAKE_FD(r->fd));
}

/* --- from inside ---------------------------------------------------------------------------------- */

bool report_message(struct report *r, const struct msg *m, int *fd)
{
	switch (m->type) {
	case MSG_ROOT:
		report_done(r, REPORT_IMAGE);
		return true;
	case MSG_MOUNTS:
		report_done(r, REPORT_MOUNTS);
		return true;
	case MSG_EXEC:
		if (r->exec < 0)
			r->exec = fd_take(fd);
		return true;
	case MSG_ENDED:
		r->told = true;
		r->code = m->err.status;
		r->signal = m->err.code;
		return true;
	default:
		return false;
	}
}

bool report_is_exec(struct report *r, short revents)
{
	if (!revents || r->exec < 0)
		return false;
	fd_close(TAKE_FD(r->exec));
	return true;
}

void report_first(struct report *r, int how, int status)
{
	if (!r->told)
		*(how == CLD_EXITED ? &r->code : &r->signal) = status;
}
