#include "frontend/logfile.h"

#include <errno.h>
#include <stdbool.h>
#include <fcntl.h>
#include <unistd.h>

#include "common/fd.h"

int logfile_open(int dir, struct logfile *ret, int *ret_write, struct err *e)
{
	int end[2];

	*ret = (struct logfile){.pipe = -1};
	ret->file =
		openat(dir, "log", O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (ret->file < 0)
		return err_sys(e, "make the log");
	if (pipe2(end, O_CLOEXEC) < 0)
		return err_sys(e, "make a pipe");
	ret->pipe = end[0];
	*ret_write = end[1];
	/* The command's end blocks; this one is an open file of its own. */
	return fcntl(end[0], F_SETFL, O_NONBLOCK) < 0 ? err_sys(e, "set up the pipe of the log") : 0;
}

static void forget_the_oldest(struct logfile *l)
{
	const off_t most = LOGFILE_KEEP, old = l->to - most;

	if (l->to - l->from <= 2 * most)
		return;
	if (fallocate(l->file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, l->from, old - l->from) == 0) {
		l->from = old;
	} else if (ftruncate(l->file, 0) == 0) { /* a file system without holes */
		l->from = l->to = 0;
	}
}

/* Whether there may be more. */
static bool move(struct logfile *l)
{
	char buf[16384];
	ssize_t n = read(l->pipe, buf, sizeof(buf));

	if (n < 0)
		return errno == EINTR;
	if (n == 0) {
		fd_close(TAKE_FD(l->pipe)); /* nobody writes any more */
		return false;
	}
	if (fd_write_all(l->file, buf, (size_t)n) == 0)
		l->to += n;
	forget_the_oldest(l);
	return n == (ssize_t)sizeof(buf);
}

void logfile_move(struct logfile *l)
{
	/* Not until it is empty: who writes without an end would hold up all else. */
	for (int i = 0; l->pipe >= 0 && i < 4 && move(l); i++)
		continue;
}

void logfile_close(struct logfile *l)
{
	while (l->pipe >= 0 && move(l))
		continue;
	fd_close(TAKE_FD(l->pipe));
	fd_close(TAKE_FD(l->file));
}
