#include "sandbox/userns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/caps.h"
#include "common/fd.h"
#include "sandbox/admin.h"

/* --- the writer -------------------------------------------------------------------------- */

static noreturn void write_when_ready(int ready, int report, userns_writer *writer, const void *ctx)
{
	struct err e = {0};
	char c;

	if (read(ready, &c, 1) != 1)
		_exit(1);
	if (writer(ctx, &e) == 0)
		e.code = 0;
	_exit(fd_write_all(report, &e, sizeof(e)) < 0);
}

static int fork_writer(int ready[2], int report[2], userns_writer *writer, const void *ctx, pid_t *ret,
		       struct err *e)
{
	pid_t pid = fork();

	if (pid < 0)
		return err_sys(e, "start the writer of the id maps");
	if (pid == 0) {
		fd_close(ready[1]);
		fd_close(report[0]);
		write_when_ready(ready[0], report[1], writer, ctx);
	}
	*ret = pid;
	return 0;
}

/* Lets the writer write, takes its report and reaps it; takes ready, since a writer that could not be told
 * waits for its end. */
static int await_writer(int ready, int report, pid_t pid, struct err *e)
{
	struct err got;
	ssize_t n = fd_write_all(ready, "", 1) == 0 ? read(report, &got, sizeof(got)) : -1;

	fd_close(ready);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	if (n != (ssize_t)sizeof(got))
		return err_set(e, EPIPE, "the writer of the id maps ended early");
	if (got.code) {
		*e = got;
		return -e->code;
	}
	return 0;
}

int userns_enter(int flags, userns_writer *writer, const void *ctx, struct err *e)
{
	int ready[2], report[2];
	pid_t pid = -1;
	int r;

	if (pipe2(ready, O_CLOEXEC) < 0 || pipe2(report, O_CLOEXEC) < 0)
		return err_sys(e, "make a pipe");
	r = fork_writer(ready, report, writer, ctx, &pid, e);
	fd_close(ready[0]);
	fd_close(report[1]);
	if (r == 0) {
		r = admin_unshare(flags);
		if (r < 0)
			err_set(e, -r, "make a user namespace: %s", strerror(-r));
	}
	if (r == 0)
		r = await_writer(ready[1], report[0], pid, e);
	else
		fd_close(ready[1]);
	fd_close(report[0]);
	return r;
}

/* --- for croft-gate ------------------------------------------------------------------------- */

struct of_gate {
	int proc;
	const struct userns_ids *ids;
};

/* The kernel asks the opener and the writer for the capability: user_namespaces(7), CVE-2013-1959. */
static int write_file(int proc, const char *name, const char *text, size_t size, uint64_t cap, struct err *e)
{
	int r = admin_effective(cap | CAP_BIT(CAP_SYS_ADMIN));
	fd_auto int fd = r < 0 ? r : openat(proc, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);

	if (r < 0)
		return err_set(e, -r, "raise a capability to write %s: %s", name, strerror(-r));
	if (fd < 0)
		return err_sys(e, "open %s of the sandbox", name);
	return write(fd, text, size) == (ssize_t)size ? 0 : err_sys(e, "write %s of the sandbox", name);
}

/* Whoever stops this half-way leaves a sandbox with less than it was granted, never more. */
static int write_ids(const void *ctx, struct err *e)
{
	const struct of_gate *o = ctx;
	const struct userns_ids *ids = o->ids;
	int r = admin_become(0); /* whose the files are: the process is not dumpable */

	if (r < 0)
		return err_set(e, -r, "become who may open the id maps: %s", strerror(-r));
	if (ids->deny_setgroups && write_file(o->proc, "setgroups", "deny", 4, 0, e) < 0)
		return -e->code;
	if (write_file(o->proc, "gid_map", ids->gid_map, ids->gid_size, CAP_BIT(CAP_SETGID), e) < 0)
		return -e->code;
	return write_file(o->proc, "uid_map", ids->uid_map, ids->uid_size, CAP_BIT(CAP_SETUID), e);
}

int userns_become_owner(struct err *e)
{
	int r = userns_has_owner(getuid()) ? admin_become(USERNS_OWNERS + getuid()) : -ERANGE;

	return r < 0 ? err_set(e, -r, "become the owner of a user namespace: %s", strerror(-r)) : 0;
}

int userns_of_gate(int flags, int proc, const struct userns_ids *ids, struct err *e)
{
	const struct of_gate o = {.proc = proc, .ids = ids};

	return userns_enter(CLONE_NEWUSER | flags, write_ids, &o, e);
}
