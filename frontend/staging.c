#include "frontend/staging.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/dir.h"
#include "common/fd.h"
#include "common/text.h"
#include "frontend/rm_mapped.h"

static const char mark[] = ".import-", lock_name[] = "lock";

static int open_dir(int parent, const char *name)
{
	return openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* The lock of a directory, held: -EWOULDBLOCK where another holds it. */
static int take_lock(int dir, int flags)
{
	fd_auto int fd = openat(dir, lock_name, O_RDWR | O_NOFOLLOW | O_CLOEXEC | flags, 0600);

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
		return -errno;
	return TAKE_FD(fd);
}

/* Whether the lock that is held is the file that lies there: a sweep may have come between making and locking
 * it. */
static bool still_there(int dir, int lock)
{
	struct stat held, now;

	return fstat(lock, &held) == 0 && fstatat(dir, lock_name, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
	       held.st_ino == now.st_ino && held.st_dev == now.st_dev;
}

static void close_all(struct staging *s)
{
	fd_close(s->root);
	fd_close(s->lock);
	fd_close(s->dir);
	s->root = s->lock = s->dir = -1;
}

/* -EAGAIN: a sweep took it away meanwhile. */
static int fill(struct staging *s, struct err *e)
{
	s->dir = open_dir(s->roots, s->name);
	if (s->dir < 0)
		return errno == ENOENT ? -EAGAIN : err_sys(e, "open %s", QUOTE(s->name));
	s->lock = take_lock(s->dir, O_CREAT | O_EXCL);
	if (s->lock < 0)
		return s->lock == -ENOENT || s->lock == -EWOULDBLOCK
			       ? -EAGAIN
			       : err_set(e, -s->lock, "lock %s: %s", QUOTE(s->name), strerror(-s->lock));
	if (!still_there(s->dir, s->lock))
		return -EAGAIN;
	if (mkdirat(s->dir, STAGING_ROOT, 0755) < 0)
		return errno == ENOENT ? -EAGAIN : err_sys(e, "make a directory in %s", QUOTE(s->name));
	s->root = open_dir(s->dir, STAGING_ROOT);
	return s->root < 0 ? err_sys(e, "open %s/%s", QUOTE(s->name), STAGING_ROOT) : 0;
}

static int make_one(struct staging *s, const char *name, struct err *e)
{
	int r = roots_hidden(name, "import", s->name, e);

	if (r < 0)
		return r;
	if (mkdirat(s->roots, s->name, 0700) < 0)
		return errno == EEXIST ? -EAGAIN : err_sys(e, "make a directory for root %s", QUOTE(name));
	r = fill(s, e);
	if (r < 0) {
		struct err ignored;

		close_all(s);
		rm_mapped(s->roots, s->name, &ignored);
	}
	return r;
}

int staging_make(int roots, const char *name, struct staging *ret, struct err *e)
{
	struct staging s = {.roots = roots, .dir = -1, .root = -1, .lock = -1};
	int r = -EAGAIN;

	for (unsigned i = 0; r == -EAGAIN && i < ROOTS_HIDE_TRIES; i++)
		r = make_one(&s, name, e);
	if (r == -EAGAIN)
		return err_set(e, EAGAIN, "make a directory for root %s: it is taken away again and again",
			       QUOTE(name));
	if (r == 0)
		*ret = s;
	return r;
}

int staging_publish(const struct staging *s, const char *name, struct err *e)
{
	if (syscall(SYS_renameat2, s->dir, STAGING_ROOT, s->roots, name, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno == EEXIST)
		return err_set(e, EEXIST, "root %s is there by now", QUOTE(name));
	return err_sys(e, "give root %s its name", QUOTE(name));
}

int staging_end(struct staging *s, struct err *e)
{
	int r;

	/* The lock last: a sweep would begin, too. */
	fd_close(s->root);
	s->root = -1;
	r = rm_mapped(s->roots, s->name, e);
	close_all(s);
	return r < 0 ? err_wrap(e, "%s, where a root was to grow, could not be removed", QUOTE(s->name)) : 0;
}

static int sweep_one(void *ctx, const char *name)
{
	const int roots = *(const int *)ctx;
	fd_auto int dir = name[0] == '.' && strstr(name, mark) ? open_dir(roots, name) : -1;
	fd_auto int lock = -1;
	struct err ignored;

	if (dir < 0)
		return 0;
	lock = take_lock(dir, 0);
	if (lock >= 0)
		rm_mapped(roots, name, &ignored);
	/* Killed before the lock was made; or somebody is just there, who tries again then. */
	else if (lock == -ENOENT)
		unlinkat(roots, name, AT_REMOVEDIR);
	return 0;
}

void staging_sweep(int roots)
{
	fd_auto int fd = open_dir(roots, ".");

	if (fd >= 0)
		dir_each(fd, sweep_one, &roots);
}
