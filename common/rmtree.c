#include "common/rmtree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/text.h"

struct removal {
	int top;           /* the directory that is removed; -1 until it is open */
	uint64_t progress; /* names that are gone or moved */
	uint32_t moved;    /* for new names at the top */
	bool failed;
	struct err *e;
};

static void remove_name(struct removal *t, int parent, const char *name, unsigned depth);

static bool is_ownership(int code)
{
	return code == EACCES || code == EPERM;
}

/* Keeps errno's sentence for name in parent, unless there is one that says more. */
static void fail(struct removal *t, int parent, const char *name)
{
	int code = errno;
	char dir[PATH_MAX];
	struct err ignored;

	if (t->failed && (is_ownership(t->e->code) || !is_ownership(code)))
		return;
	t->failed = true;
	if (fd_path(parent, dir, sizeof(dir), &ignored) < 0)
		dir[0] = '\0';
	if (code == EXDEV || code == EBUSY) {
		err_set(t->e, code, "remove %s/%s: something is mounted there", QUOTE(dir), QUOTE(name));
		return;
	}
	errno = code;
	err_sys(t->e, "remove %s/%s", QUOTE(dir), QUOTE(name));
}

/*
 * The directory called name, readable. O_PATH needs no permission on it; /proc/self/fd leads to just what was
 * opened, where the name could be another's link by now (fchmodat2 needs Linux 6.6).
 */
static int open_directory(int parent, const char *name)
{
	const uint64_t resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
	fd_auto int fd = fd_openat2(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0, resolve);
	char self[32];
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -1;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	/* Where it is another's, or there is no /proc, the next open or unlink tells. */
	if ((st.st_mode & 0700) != 0700 && chmod(self, 0700) < 0 && errno != EPERM && errno != ENOENT)
		return -1;
	return fd_openat2(fd, ".", O_RDONLY | O_DIRECTORY, 0, 0);
}

/*
 * Moves a directory that lies too deep to the top of the tree, where the next pass finds it. It must be
 * writable for that, since its ".." changes: open_directory() sees to it.
 */
static void move_to_top(struct removal *t, int parent, const char *name)
{
	fd_auto int fd = open_directory(parent, name);
	char to[32];

	while (fd >= 0 && t->moved < RM_TREE_PASSES) {
		snprintf(to, sizeof(to), ".croft-rm-%u", t->moved++);
		if (syscall(SYS_renameat2, parent, name, t->top, to, RENAME_NOREPLACE) == 0) {
			t->progress++;
			return;
		}
		if (errno != EEXIST)
			break;
	}
	fail(t, parent, name);
}

static void remove_entries(struct removal *t, DIR *dir, unsigned depth)
{
	const struct dirent *d;

	rewinddir(dir);
	while ((errno = 0, d = readdir(dir)))
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			remove_name(t, dirfd(dir), d->d_name, depth);
	if (errno)
		fail(t, dirfd(dir), ".");
}

/* Several passes: some file systems skip names when others go, and moved directories come to the top. */
static void remove_directory(struct removal *t, int parent, const char *name, DIR *dir, unsigned depth)
{
	for (unsigned pass = 0; pass < RM_TREE_PASSES; pass++) {
		uint64_t before = t->progress;

		remove_entries(t, dir, depth);
		if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT) {
			t->progress++;
			return;
		}
		if (errno != ENOTEMPTY || t->progress == before)
			break;
	}
	fail(t, parent, name);
}

static void open_and_remove(struct removal *t, int parent, const char *name, unsigned depth)
{
	int fd = open_directory(parent, name);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL; /* owns fd then */

	if (!dir) {
		if (errno != ENOENT)
			fail(t, parent, name);
		fd_close(fd);
		return;
	}
	if (depth == 0)
		t->top = dirfd(dir);
	remove_directory(t, parent, name, dir, depth + 1);
	closedir(dir);
}

static void remove_name(struct removal *t, int parent, const char *name, unsigned depth)
{
	if (unlinkat(parent, name, 0) == 0) {
		t->progress++;
		return;
	}
	if (errno == ENOENT)
		return;
	if (errno != EISDIR) {
		fail(t, parent, name);
		return;
	}
	/* An empty one needs no look inside, and may be another's. */
	if (unlinkat(parent, name, AT_REMOVEDIR) == 0)
		t->progress++;
	else if (depth >= RM_TREE_FDS)
		move_to_top(t, parent, name);
	else
		open_and_remove(t, parent, name, depth);
}

int rm_tree(int parent_fd, const char *name, struct err *e)
{
	struct removal t = {.top = -1, .e = e};

	if (!name[0] || strchr(name, '/') || !strcmp(name, ".") || !strcmp(name, ".."))
		return err_set(e, EINVAL, "%s is not the name of something to remove", QUOTE(name));
	remove_name(&t, parent_fd, name, 0);
	return t.failed ? -e->code : 0;
}
