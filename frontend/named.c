#include "frontend/named.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/fd.h"
#include "frontend/control.h"
#include "frontend/image.h"
#include "frontend/keeper.h"
#include "frontend/out.h"
#include "frontend/state.h"

enum { TRIES = 100 };

struct named {
	struct state state;
	struct keeper keeper;
	struct control control;
	int ready; /* detached: where to say that the command runs, or why not; or -1 */
};

static void undo(void *ctx)
{
	state_sweep(ctx);
}

static void lost(struct named *n)
{
	keeper_end(&n->keeper);
	state_remove(&n->state);
}

/* The keeper comes first, so that there is no moment at which a KILL leaves an entry. */
static int take_name(struct named *n, const char *name, struct err *e)
{
	char made[STATE_NAME_MAX + 1];
	int r = -EEXIST;

	for (int i = 0; r == -EEXIST && i < (name ? 1 : TRIES); i++) {
		snprintf(made, sizeof(made), i ? "box-%d.%d" : "box-%d", (int)getpid(), i);
		state_init(&n->state, name ? name : made);
		if (keeper_start(&n->keeper, NULL, 0, undo, &n->state, e) < 0)
			return -e->code;
		r = state_claim(&n->state, e);
		if (r < 0)
			lost(n);
	}
	return r;
}

static int found(struct named *n, const struct plan *p, bool detached, struct err *e)
{
	const struct state_facts f = {.name = n->state.name,
				      .pid = getpid(),
				      .began = (int64_t)time(NULL),
				      .detached = detached,
				      .root = p->root_kind == PLAN_ROOT_HOST ? "host" : p->root,
				      .argv = p->argv};

	n->control.listen = state_listen(&n->state, e);
	return n->control.listen < 0 ? n->control.listen : state_write(&n->state, &f, e);
}

/* --- detached ----------------------------------------------------------------------------------- */

/* A pipe for the command's standard input, whose other end waits for who attaches; or nothing. */
static int open_input(struct named *n, const struct run_options *o, struct err *e)
{
	int end[2] = {-1, -1};

	if (!o->interactive)
		end[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	else if (pipe2(end, O_CLOEXEC) < 0)
		return err_sys(e, "make a pipe");
	n->control.input = end[1];
	if (end[0] < 0 || dup2(end[0], STDIN_FILENO) < 0)
		return err_sys(e, "connect standard input");
	fd_close(end[0]);
	return 0;
}

/* Should: nothing of the caller's terminal, session or pipes is left here, but for the status lines. */
static int leave(struct named *n, const struct run_options *o, struct err *e)
{
	fd_auto int log = -1;

	signal(SIGPIPE, SIG_IGN);
	if (setsid() < 0)
		return err_sys(e, "start a session");
	if (logfile_open(n->state.dir, &n->control.log, &log, e) < 0 || open_input(n, o, e) < 0)
		return -e->code;
	return dup2(log, STDOUT_FILENO) < 0 || dup2(log, STDERR_FILENO) < 0 ? err_sys(e, "connect the log")
									    : 0;
}

/* The command has its own: what croft says from now on goes into the file, which nobody has to read. */
static bool runs(void *ctx)
{
	struct named *n = ctx;
	const struct err fine = {0};
	int r = n->ready < 0 ? 0 : fd_write_all(n->ready, &fine, sizeof(fine));

	if (n->ready < 0)
		return true;
	fd_close(TAKE_FD(n->ready));
	dup2(n->control.log.file, STDOUT_FILENO);
	dup2(n->control.log.file, STDERR_FILENO);
	return r == 0 && chdir("/") == 0;
}

/* Its end is this process's; what went wrong before the command ran is the other one's to say. */
static _Noreturn void end_detached(struct named *n, int r, const struct job *job, const struct err *e)
{
	report_end(job->report, r, e);
	if (n->ready >= 0 && r < 0)
		fd_write_all(n->ready, e, sizeof(*e));
	else if (r < 0)
		err_print(e, "croft");
	_exit(r < 0 ? err_exit_status(e) : r);
}

/* The caller's process: until the command runs. */
static int await_ready(struct named *n, int ready, pid_t pid, struct err *e)
{
	struct err told;
	ssize_t r = fd_read_all(ready, &told, sizeof(told));
	int status = 0;

	if (r == (ssize_t)sizeof(told) && told.code == 0) {
		out("%s\n", n->state.name);
		return out_flush(e);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	lost(n);
	if (r != (ssize_t)sizeof(told))
		return err_set(e, EIO, "the detached croft ended (wait status %#x) and said nothing",
			       (unsigned)status);
	*e = told;
	e->msg[sizeof(e->msg) - 1] = e->hint[sizeof(e->hint) - 1] = '\0';
	return -e->code;
}

/* 1 in the caller's process, with *ret as its result, and 0 in the other. */
static int detach(struct named *n, struct job *job, int *ret, struct err *e)
{
	int ready[2];
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC) < 0)
		return err_sys(e, "make a pipe");
	pid = fork();
	if (pid == 0) {
		fd_close(ready[0]);
		n->ready = ready[1];
		job->tied = false;
		return 0;
	}
	fd_close(ready[1]);
	fd_close(TAKE_FD(job->report->fd));
	*ret = pid < 0 ? err_sys(e, "start a process") : await_ready(n, ready[0], pid, e);
	fd_close(ready[0]);
	return 1;
}

int named_run(const struct plan *p, const struct sandbox_hooks *h, struct job *job,
	      const struct run_options *o, struct err *e)
{
	static struct named n;
	int r;

	n.ready = -1;
	control_init(&n.control, p);
	job->control = &n.control;
	job->runs = runs;
	job->runs_ctx = &n;
	r = take_name(&n, o->name, e);
	if (r == 0 && o->detach && detach(&n, job, &r, e) != 0)
		return r;
	e->code = 0;
	if (r == 0 && o->detach)
		r = leave(&n, o, e);
	if (r == 0)
		r = found(&n, p, o->detach, e);
	if (r == 0)
		r = image_supervise(p, h, job, e);
	lost(&n);
	control_end(&n.control, r, e);
	if (o->detach)
		end_detached(&n, r, job, e);
	return r;
}
