#include "frontend/import/merge.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "common/copy.h"
#include "common/dir.h"
#include "common/fd.h"
#include "common/rmtree.h"
#include "common/signals.h"
#include "common/text.h"
#include "frontend/import/member.h"
#include "sandbox/inroot.h"

static const char mark[] = ".wh.", opaque[] = ".wh..wh..opq";

/*
 * A layer is walked once to take away, since a whiteout is about the layers below, and once to put. What lies
 * where a symbolic link of the root leads comes last, in a third walk, so that it counts whatever the order
 * of names is.
 */
enum walk { TAKE_AWAY, PUT, PUT_THROUGH_LINKS, PUT_ALL };

struct merge {
	int root, copies;
	struct progress *progress;
	enum walk walk;
	bool links;            /* there is something for PUT_THROUGH_LINKS */
	char path[MEMBER_MAX]; /* where it is, as the layer has it */
	struct err *e;
};

/* A directory of the layer, and the one of the root that it is put over. */
struct place {
	struct merge *m;
	int from, to; /* to: -1 where nothing is there and nothing is put */
	unsigned depth;
	bool said; /* *e says why it failed */
};

static bool is_name(const char *name)
{
	return strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* fn sees the names in the directory fd. */
static int each(struct place *p, int fd, dir_name_fn *fn)
{
	fd_auto int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = again < 0 ? -errno : dir_each(again, fn, p);

	return r < 0 && !p->said ? err_set(p->m->e, -r, "read the directory: %s", strerror(-r)) : r;
}

static int walk(struct merge *m, int from, int to, unsigned depth);

/* --- what is taken away -----------------------------------------------------------------------------------
 */

static int remove_it(void *ctx, const char *name)
{
	struct place *p = ctx;

	p->said = is_name(name) && rm_tree(p->to, name, p->m->e) < 0;
	return p->said ? -p->m->e->code : 0;
}

static int whiteout(struct merge *m, int from, int to, const char *name)
{
	const char *gone = name + strlen(mark);
	struct stat st;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(m->e, "look at %s", QUOTE(name));
	if (!S_ISREG(st.st_mode))
		return err_set(m->e, EINVAL, "the whiteout %s is not a file", QUOTE(name));
	if (strcmp(name, opaque) != 0 && (!*gone || !is_name(gone) || text_starts(gone, mark)))
		return err_set(m->e, EINVAL, "the whiteout %s is of nothing that can be in a root",
			       QUOTE(name));
	if (to < 0)
		return 0;
	return strcmp(name, opaque) != 0 ? rm_tree(to, gone, m->e)
					 : each(&(struct place){.m = m, .to = to}, to, remove_it);
}

/* Where the directory of the layer is in the root; *ret is -1 where nothing is there to be taken away. */
static int find_place(struct merge *m, int to, const char *name, bool implied, int *ret)
{
	fd_auto int fd = -1;

	*ret = -1;
	if (to < 0)
		return 0;
	fd = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && implied && (errno == ENOTDIR || errno == ELOOP))
		fd = inroot_open(m->root, m->path, O_RDONLY | O_DIRECTORY);
	if (fd < 0 && errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
		return err_sys(m->e, "open the directory of the root");
	*ret = TAKE_FD(fd);
	return 0;
}

static int take_away_below(struct merge *m, int source, int to, const char *name, bool implied,
			   unsigned depth)
{
	fd_auto int target = -1;
	int r = find_place(m, to, name, implied, &target);

	return r < 0 ? r : walk(m, source, target, depth);
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

enum made { MADE, WAS_THERE, IS_LINK };

/*
 * Makes the directory name in to, unless there is one. What else is there under that name gives way to a
 * directory that the archive has; one that it only leads through must be there, or a link to one.
 */
static int make_place(struct merge *m, int to, const char *name, bool implied)
{
	struct stat st;

	if (fstatat(to, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (S_ISDIR(st.st_mode))
			return WAS_THERE;
		if (implied && S_ISLNK(st.st_mode))
			return IS_LINK;
		if (implied)
			return err_set(m->e, ENOTDIR, "it is no directory in the layers below");
		if (unlinkat(to, name, 0) < 0)
			return err_sys(m->e, "replace it");
	} else if (errno != ENOENT) {
		return err_sys(m->e, "look for it");
	}
	return mkdirat(to, name, 0700) < 0 ? err_sys(m->e, "make the directory") : MADE;
}

/* Where the link leads in the root, by whatever other links; made where nothing is there, as runtimes do. */
static int follow_link(struct merge *m)
{
	fd_auto int place = inroot_directory(m->root, m->path, 0755, m->e), fd = -1;

	if (place < 0)
		return err_wrap(m->e, "it leads through a symbolic link");
	fd = openat(place, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? err_sys(m->e, "open the directory that a symbolic link leads to") : TAKE_FD(fd);
}

static int put_through_link(struct merge *m, int source, unsigned depth)
{
	const enum walk before = m->walk;
	fd_auto int target = -1;
	struct stat was;
	int r;

	if (before == PUT) {
		m->links = true;
		return 0;
	}
	target = follow_link(m);
	if (target < 0)
		return target;
	if (fstat(target, &was) < 0)
		return err_sys(m->e, "look at the directory that a symbolic link leads to");
	m->walk = PUT_ALL;
	r = walk(m, source, target, depth);
	m->walk = before;
	return r < 0 ? r : finish(m, source, target, &was);
}

static int put_subdirectory(struct merge *m, int source, int to, const char *name, bool implied,
			    unsigned depth)
{
	fd_auto int target = -1;
	struct stat was;
	int r = make_place(m, to, name, implied);

	if (r < 0 || r == IS_LINK)
		return r < 0 ? r : put_through_link(m, source, depth);
	target = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (target < 0 || fstat(target, &was) < 0)
		return err_sys(m->e, "open the directory of the root");
	if (walk(m, source, target, depth) < 0)
		return -m->e->code;
	if (m->walk == PUT_THROUGH_LINKS)
		return 0;
	return finish(m, source, target, r == WAS_THERE ? &was : NULL);
}

/* --- files ------------------------------------------------------------------------------------------------
 */

static int copy_link(int from, int to, const char *name, const struct stat *st)
{
	const struct timespec times[] = {st->st_atim, st->st_mtim};
	char target[PATH_MAX];
	ssize_t n = readlinkat(from, name, target, sizeof(target) - 1);

	if (n < 0)
		return -1;
	target[n] = '\0';
	return symlinkat(target, to, name) < 0 ||
			       fchownat(to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
			       utimensat(to, name, times, AT_SYMLINK_NOFOLLOW) < 0
		       ? -1
		       : 0;
}

static bool stop(void *ctx, uint64_t bytes)
{
	progress_bytes(ctx, bytes);
	return signals_caught();
}

static int copy_data(struct merge *m, int from, int to, const char *name, const struct stat *st)
{
	const struct timespec times[] = {st->st_atim, st->st_mtim};
	fd_auto int source = openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), file = -1;
	int r;

	if (source < 0)
		return -1;
	file = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (file < 0)
		return -1;
	r = copy_sparse(source, file, (uint64_t)st->st_size, stop, m->progress);
	if (r < 0) {
		errno = -r;
		return -1;
	}
	return copy_owner(source, file, st) < 0 || futimens(file, times) < 0 ? -1 : 0;
}

/* A file with several names in its layer has them in the root: each is kept by its number meanwhile. */
static int copy_file(struct merge *m, int from, int to, const char *name, const struct stat *st)
{
	char number[24];

	if (S_ISLNK(st->st_mode))
		return copy_link(from, to, name, st);
	if (st->st_nlink == 1)
		return copy_data(m, from, to, name, st);
	snprintf(number, sizeof(number), "%ju", (uintmax_t)st->st_ino);
	if (linkat(m->copies, number, to, name, 0) == 0)
		return 0;
	if (errno != ENOENT || copy_data(m, from, to, name, st) < 0)
		return -1;
	return linkat(to, name, m->copies, number, 0);
}

static int put_once(struct merge *m, int from, int to, const char *name, const struct stat *st)
{
	return m->copies < 0 ? linkat(from, name, to, name, 0) : copy_file(m, from, to, name, st);
}

static int put_file(struct merge *m, int from, int to, const char *name, const struct stat *st)
{
	int r = put_once(m, from, to, name, st);

	if (r < 0 && errno == EEXIST) {
		if (rm_tree(to, name, m->e) < 0)
			return -m->e->code;
		r = put_once(m, from, to, name, st);
	}
	if (r < 0 && errno == EINTR && signals_caught())
		return err_set(m->e, EINTR, "stopped by a signal");
	if (r < 0)
		return err_sys(m->e, "%s the file of the layer", m->copies < 0 ? "link" : "copy");
	progress_done(m->progress, S_ISREG(st->st_mode) ? (uint64_t)st->st_size : 0);
	return 0;
}

static int do_directory(struct merge *m, int from, int to, const char *name, bool implied, unsigned depth)
{
	fd_auto int source = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (source < 0)
		return err_sys(m->e, "open the directory of the layer");
	return m->walk == TAKE_AWAY ? take_away_below(m, source, to, name, implied, depth)
				    : put_subdirectory(m, source, to, name, implied, depth);
}

static int do_one(struct merge *m, int from, int to, const char *name, unsigned depth)
{
	struct stat st;

	if (signals_caught())
		return err_set(m->e, EINTR, "stopped by a signal");
	if (depth >= MERGE_DEPTH_MAX)
		return err_set(m->e, ELOOP, "the directories are more than %d deep", MERGE_DEPTH_MAX);
	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(m->e, "look at it in the layer");
	if (S_ISDIR(st.st_mode))
		return do_directory(m, from, to, name, st.st_mode & MERGE_IMPLIED, depth + 1);
	if (m->walk == TAKE_AWAY || m->walk == PUT_THROUGH_LINKS)
		return 0;
	progress_file(m->progress, m->path);
	return put_file(m, from, to, name, &st);
}

/* After a failure the path stays where it is. */
static int do_entry(struct place *p, const char *name)
{
	struct merge *m = p->m;
	const size_t used = strlen(m->path);
	int n = snprintf(m->path + used, sizeof(m->path) - used, "%s%s", used ? "/" : "", name);

	if (n < 0 || (size_t)n >= sizeof(m->path) - used)
		return err_set(m->e, ENAMETOOLONG, "the name is longer than %d bytes", MEMBER_MAX - 1);
	if (do_one(m, p->from, p->to, name, p->depth) < 0)
		return -m->e->code;
	m->path[used] = '\0';
	return 0;
}

static int see_whiteout(void *ctx, const char *name)
{
	struct place *p = ctx;

	p->said = text_starts(name, mark) && whiteout(p->m, p->from, p->to, name) < 0;
	return p->said ? -p->m->e->code : 0;
}

static int see_entry(void *ctx, const char *name)
{
	struct place *p = ctx;

	p->said = is_name(name) && !text_starts(name, mark) && do_entry(p, name) < 0;
	return p->said ? -p->m->e->code : 0;
}

static int walk(struct merge *m, int from, int to, unsigned depth)
{
	struct place p = {.m = m, .from = from, .to = to, .depth = depth};

	/* What a whiteout here takes away is not looked into. */
	if (m->walk == TAKE_AWAY && each(&p, from, see_whiteout) < 0)
		return -m->e->code;
	return each(&p, from, see_entry);
}

static int merge(struct merge *m, int from)
{
	struct stat was;

	if (fstat(m->root, &was) < 0)
		return err_sys(m->e, "look at it");
	m->walk = TAKE_AWAY;
	if (walk(m, from, m->root, 0) < 0)
		return -m->e->code;
	m->walk = PUT;
	if (walk(m, from, m->root, 0) < 0)
		return -m->e->code;
	m->walk = PUT_THROUGH_LINKS;
	if (m->links && walk(m, from, m->root, 0) < 0)
		return -m->e->code;
	return finish(m, from, m->root, &was);
}

int merge_layer(int store, const char *key, int root, int copies, struct progress *p, struct err *e)
{
	struct merge m = {.root = root, .copies = copies, .progress = p, .e = e};
	fd_auto int from = openat(store, key, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (from < 0)
		return err_sys(e, "open the layer %s", QUOTE(key));
	return merge(&m, from) < 0 ? err_wrap(e, "%s", m.path[0] ? QUOTE(m.path) : "the root") : 0;
}

int merge_finish(int root, struct err *e)
{
	struct stat st;

	return fstat(root, &st) < 0 || fchmod(root, (st.st_mode & 07777) | MERGE_SHARED) < 0
		       ? err_sys(e, "mark the root as one that shares files")
		       : 0;
}
