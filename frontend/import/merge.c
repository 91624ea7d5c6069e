#include "frontend/import/merge.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/rmtree.h"
#include "common/signals.h"
#include "common/text.h"
#include "frontend/import/member.h"

static const char mark[] = ".wh.", opaque[] = ".wh..wh..opq";

struct merge {
	struct progress *progress;
	char path[MEMBER_MAX]; /* where it is, for messages */
	struct err *e;
};

static int put_directory(struct merge *m, int from, int to, unsigned depth);

/* A directory for reading, that owns fd. */
static DIR *read_directory(int parent, const char *name)
{
	fd_auto int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (d)
		TAKE_FD(fd);
	return d;
}

static bool is_name(const char *name)
{
	return strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* --- what is taken away -----------------------------------------------------------------------------------
 */

static int empty(struct merge *m, int to)
{
	DIR *d = read_directory(to, ".");
	const struct dirent *entry;
	int r = d ? 0 : err_sys(m->e, "read a directory of the root");

	while (r == 0 && (errno = 0, entry = readdir(d)))
		if (is_name(entry->d_name))
			r = rm_tree(to, entry->d_name, m->e);
	if (r == 0 && errno)
		r = err_sys(m->e, "read a directory of the root");
	if (d)
		closedir(d);
	return r;
}

static int whiteout(struct merge *m, int from, int to, const char *name)
{
	const char *gone = name + strlen(mark);
	struct stat st;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(m->e, "look at %s", QUOTE(name));
	if (!S_ISREG(st.st_mode))
		return err_set(m->e, EINVAL, "the whiteout %s is not a file", QUOTE(name));
	if (!strcmp(name, opaque))
		return 0;
	if (!*gone || !is_name(gone) || text_starts(gone, mark))
		return err_set(m->e, EINVAL, "the whiteout %s is of nothing that can be in a root",
			       QUOTE(name));
	return rm_tree(to, gone, m->e);
}

/* Before anything of the layer is there: a whiteout is about the layers below. */
static int take_away(struct merge *m, DIR *from, int to)
{
	const struct dirent *entry;
	struct stat st;

	if (fstatat(dirfd(from), opaque, &st, AT_SYMLINK_NOFOLLOW) == 0 && empty(m, to) < 0)
		return -m->e->code;
	while ((errno = 0, entry = readdir(from)))
		if (text_starts(entry->d_name, mark) && whiteout(m, dirfd(from), to, entry->d_name) < 0)
			return -m->e->code;
	return errno ? err_sys(m->e, "read a directory of the layer") : 0;
}

/* --- directories -------------------------------------------------------------------------------------------
 */

static int drop_attributes(int fd, const char *names, ssize_t n)
{
	for (const char *name = names; name < names + n; name += strlen(name) + 1)
		if (text_starts(name, "user.") && fremovexattr(fd, name) < 0 && errno != ENODATA)
			return -1;
	return 0;
}

/* user.* alone is in a layer. */
static int copy_attributes(int from, int to)
{
	static char names[XATTR_LIST_MAX], value[XATTR_SIZE_MAX];
	ssize_t n = flistxattr(to, names, sizeof(names));

	if (n < 0)
		return errno == ENOTSUP ? 0 : -1;
	if (drop_attributes(to, names, n) < 0)
		return -1;
	n = flistxattr(from, names, sizeof(names));
	if (n < 0)
		return -1;
	for (const char *name = names; name < names + n; name += strlen(name) + 1) {
		ssize_t size = text_starts(name, "user.") ? fgetxattr(from, name, value, sizeof(value)) : -1;

		if (size >= 0 && fsetxattr(to, name, value, (size_t)size, 0) < 0)
			return -1;
	}
	return 0;
}

static int copy_owner(int from, int to, const struct stat *st)
{
	return fchown(to, st->st_uid, st->st_gid) < 0 || fchmod(to, st->st_mode & 03777) < 0
		       ? -1
		       : copy_attributes(from, to);
}

/* was: how the directory of the root was before; NULL: it is new. */
static int finish(struct merge *m, int from, int to, const struct stat *was)
{
	struct stat st;
	struct timespec times[2];

	if (fstat(from, &st) < 0)
		return err_sys(m->e, "look at a directory of the layer");
	if (!(st.st_mode & MERGE_IMPLIED) || !was) {
		if (copy_owner(from, to, &st) < 0)
			return err_sys(m->e, "give a directory its owner and mode");
	} else {
		st = *was;
	}
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	return futimens(to, times) < 0 ? err_sys(m->e, "give a directory its times") : 0;
}

/*
 * Makes the directory name in to, unless there is one: then 1. What else is there under that name gives way
 * to a directory that the archive has; one that it only leads through must be there, or the member would come
 * to lie where a link points.
 */
static int make_place(struct merge *m, int to, const char *name, bool implied)
{
	struct stat st;

	if (fstatat(to, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (S_ISDIR(st.st_mode))
			return 1;
		if (implied)
			return err_set(m->e, ENOTDIR, "%s is no directory in the layers below",
				       S_ISLNK(st.st_mode) ? "it leads through a symbolic link, which"
							   : "it");
		if (unlinkat(to, name, 0) < 0)
			return err_sys(m->e, "replace it");
	} else if (errno != ENOENT) {
		return err_sys(m->e, "look for it");
	}
	return mkdirat(to, name, 0700) < 0 ? err_sys(m->e, "make the directory") : 0;
}

static int put_subdirectory(struct merge *m, int from, int to, const char *name, const struct stat *st,
			    unsigned depth)
{
	fd_auto int source = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	fd_auto int target = -1;
	struct stat was;
	int r = source < 0 ? err_sys(m->e, "open the directory of the layer")
			   : make_place(m, to, name, st->st_mode & MERGE_IMPLIED);

	if (r < 0)
		return r;
	target = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (target < 0 || fstat(target, &was) < 0)
		return err_sys(m->e, "open the directory of the root");
	if (put_directory(m, source, target, depth) < 0)
		return -m->e->code;
	return finish(m, source, target, r ? &was : NULL);
}

/* --- files ------------------------------------------------------------------------------------------------
 */

static int put_file(struct merge *m, int from, int to, const char *name, const struct stat *st)
{
	int r = linkat(from, name, to, name, 0);

	if (r < 0 && errno == EEXIST) {
		if (rm_tree(to, name, m->e) < 0)
			return -m->e->code;
		r = linkat(from, name, to, name, 0);
	}
	if (r < 0)
		return err_sys(m->e, "link the file of the layer");
	progress_done(m->progress, S_ISREG(st->st_mode) ? (uint64_t)st->st_size : 0);
	return 0;
}

static int put_one(struct merge *m, int from, int to, const char *name, unsigned depth)
{
	struct stat st;

	if (signals_caught())
		return err_set(m->e, EINTR, "stopped by a signal");
	if (depth >= MERGE_DEPTH_MAX)
		return err_set(m->e, ELOOP, "the directories are more than %d deep", MERGE_DEPTH_MAX);
	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(m->e, "look at it in the layer");
	progress_file(m->progress, m->path);
	return S_ISDIR(st.st_mode) ? put_subdirectory(m, from, to, name, &st, depth + 1)
				   : put_file(m, from, to, name, &st);
}

/* After a failure the path stays where it is. */
static int put_entry(struct merge *m, int from, int to, const char *name, unsigned depth)
{
	const size_t used = strlen(m->path);

	snprintf(m->path + used, sizeof(m->path) - used, "%s%s", used ? "/" : "", name);
	if (put_one(m, from, to, name, depth) < 0)
		return -m->e->code;
	m->path[used] = '\0';
	return 0;
}

static int put_all(struct merge *m, DIR *from, int to, unsigned depth)
{
	const struct dirent *entry;

	if (take_away(m, from, to) < 0)
		return -m->e->code;
	rewinddir(from);
	while ((errno = 0, entry = readdir(from)))
		if (is_name(entry->d_name) && !text_starts(entry->d_name, mark) &&
		    put_entry(m, dirfd(from), to, entry->d_name, depth) < 0)
			return -m->e->code;
	return errno ? err_sys(m->e, "read a directory of the layer") : 0;
}

static int put_directory(struct merge *m, int from, int to, unsigned depth)
{
	DIR *d = read_directory(from, ".");
	int r = d ? put_all(m, d, to, depth) : err_sys(m->e, "read a directory of the layer");

	if (d)
		closedir(d);
	return r;
}

int merge_layer(int store, const char *key, int root, struct progress *p, struct err *e)
{
	struct merge m = {.progress = p, .e = e};
	fd_auto int from = openat(store, key, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat was;

	if (from < 0 || fstat(root, &was) < 0)
		return err_sys(e, "open the layer %s", QUOTE(key));
	if (put_directory(&m, from, root, 0) < 0 || finish(&m, from, root, &was) < 0)
		return err_wrap(e, "%s", m.path[0] ? QUOTE(m.path) : "the root");
	return 0;
}

int merge_finish(int root, struct err *e)
{
	struct stat st;

	return fstat(root, &st) < 0 || fchmod(root, (st.st_mode & 07777) | MERGE_SHARED) < 0
		       ? err_sys(e, "mark the root as one that shares files")
		       : 0;
}
