/* `croft logs` and `croft attach`: what a detached sandbox has said, and says. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/text.h"
#include "frontend/root_verbs.h"
#include "frontend/state.h"
#include "frontend/verb.h"
#include "sandbox/msg.h"

static const char logs_usage[] =
	"Usage: croft logs [--follow] NAME\n"
	"\n"
	"Prints what a detached sandbox has said, of which the last 4 MiB or more are kept.\n";
static const char attach_usage[] = "Usage: croft attach NAME\n"
				   "\n"
				   "Prints what a detached sandbox says from now on; standard input goes to "
				   "its command where it was started\n"
				   "with -i and nobody has attached yet. Ends with the sandbox, and its exit "
				   "status; Ctrl-C ends this alone.\n";

static int set_follow(void *ctx, const char *value, struct err *e)
{
	(void)e;
	*(bool *)ctx = option_on(value);
	return 0;
}

static const struct option_row row[] = {{"follow", 'f', NULL, "go on until the sandbox ends", set_follow}};
static const struct option_table options = OPTION_TABLE(row);

struct follow {
	int log, changes, conn;
	int input, to; /* standard input and where it goes, or -1 */
	off_t at;
	bool over;
	int status;
	struct err *e;
};

static int open_log(const char *name, struct err *e)
{
	fd_auto int dir = state_open(name, e), fd = -1;

	if (dir < 0)
		return dir;
	fd = openat(dir, "log", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0)
		return TAKE_FD(fd);
	if (errno != ENOENT)
		return err_sys(e, "open the log of %s", QUOTE(name));
	err_set(e, ENOENT, "the sandbox %s has no log", QUOTE(name));
	return err_hint(e, "it was not started with -d, and says what it says where it was started");
}

/* Everything that is there; what was given back to the file system is passed over. */
static int print_log(struct follow *f)
{
	char buf[16384];
	off_t end = lseek(f->log, 0, SEEK_END);
	ssize_t n;

	if (end < f->at)
		f->at = 0; /* it began anew */
	for (;;) {
		off_t data = lseek(f->log, f->at, SEEK_DATA);
		int r;

		f->at = data > f->at ? data : f->at;
		n = pread(f->log, buf, sizeof(buf), f->at);
		if (n <= 0)
			return n < 0 ? err_sys(f->e, "read the log") : 0;
		r = fd_write_all(STDOUT_FILENO, buf, (size_t)n);
		if (r < 0)
			return err_set(f->e, -r, "write standard output: %s", strerror(-r));
		f->at += n;
	}
}

static void read_conn(struct follow *f)
{
	fd_auto int fd = -1;
	struct msg m;
	int r = msg_receive(f->conn, 0, &m, &fd);

	if (r > 0 && m.type == MSG_FD) {
		f->to = TAKE_FD(fd);
		f->input = STDIN_FILENO;
	} else if (r > 0 && m.type == MSG_ERROR) {
		*f->e = m.err;
		f->over = true;
	} else {
		f->status = r > 0 && m.type == MSG_ENDED ? m.err.status : EXIT_SIGNAL + SIGKILL;
		f->over = true;
	}
}

/* A command that does not read holds up nothing but this. */
static void pass_input(struct follow *f)
{
	char buf[4096];
	ssize_t n = read(f->input, buf, sizeof(buf));

	if (n < 0 && errno == EINTR)
		return;
	if (n > 0 && fd_write_all(f->to, buf, (size_t)n) == 0)
		return;
	fd_close(TAKE_FD(f->to));
	f->input = -1;
}

static int follow(struct follow *f)
{
	char path[64], event[4096];

	signal(SIGPIPE, SIG_IGN);
	f->changes = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", f->log);
	if (f->changes < 0 || inotify_add_watch(f->changes, path, IN_MODIFY) < 0)
		return err_sys(f->e, "watch the log");
	while (!f->over) {
		struct pollfd p[] = {{.fd = f->conn, .events = POLLIN},
				     {.fd = f->changes, .events = POLLIN},
				     {.fd = f->input, .events = POLLIN}};

		if (print_log(f) < 0)
			return -f->e->code;
		if (poll(p, 3, -1) < 0 && errno != EINTR)
			return err_sys(f->e, "wait for the sandbox");
		if (p[1].revents)
			while (read(f->changes, event, sizeof(event)) > 0)
				continue;
		if (p[2].revents)
			pass_input(f);
		if (p[0].revents)
			read_conn(f);
	}
	return f->e->code ? -f->e->code : print_log(f);
}

static int show(const char *name, bool more, enum msg_type ask, struct err *e)
{
	struct follow f = {.log = -1, .changes = -1, .conn = -1, .input = -1, .to = -1, .e = e};
	int r;

	f.log = open_log(name, e);
	if (f.log < 0)
		return f.log;
	e->code = 0;
	if (ask == MSG_ATTACH)
		f.at = lseek(f.log, 0, SEEK_END);
	if (more) {
		f.conn = state_connect(name, e);
		if (f.conn < 0)
			return f.conn;
		r = msg_send(f.conn, ask, NULL, -1);
		if (r < 0 && r != -EPIPE) /* it was refused, and what is still to be read says why */
			return err_set(e, -r, "ask the sandbox %s: %s", QUOTE(name), strerror(-r));
	}
	r = more ? follow(&f) : print_log(&f);
	fd_close(f.changes);
	fd_close(f.conn);
	fd_close(f.log);
	return r < 0 || ask != MSG_ATTACH ? r : f.status;
}

static int logs_main(int argc, char *argv[], struct err *e)
{
	bool more = false;
	int next, r = root_parse("logs", logs_usage, options.row, options.nrows, argc, argv, 1, 1, &more,
				 &next, e);

	return r <= 0 ? r : show(argv[next], more, MSG_WAIT, e);
}

static int attach_main(int argc, char *argv[], struct err *e)
{
	int next, r = root_parse("attach", attach_usage, NULL, 0, argc, argv, 1, 1, NULL, &next, e);

	return r <= 0 ? r : show(argv[next], true, MSG_ATTACH, e);
}

static const struct option_table none = {NULL, 0};

const struct verb verb_logs = {
	.name = "logs",
	.help = "what a detached sandbox has said",
	.run = logs_main,
	.options = &options,
	.operands = "SANDBOX",
};
const struct verb verb_attach = {
	.name = "attach",
	.help = "what a detached sandbox says, and its standard input",
	.run = attach_main,
	.options = &none,
	.operands = "SANDBOX",
};
