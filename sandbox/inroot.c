#include "sandbox/inroot.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/text.h"
#include "sandbox/plain.h"

enum { LINKS_MAX = 40 }; /* the kernel's own limit, path_resolution(7) */

int inroot_open(int root, const char *path, uint64_t flags)
{
	return fd_openat2(root, path, flags, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

/* What is to be made at the end of a path. */
struct leaf {
	bool directory;
	mode_t mode;
};

/* *ret_plain: no link was followed. */
static int open_leaf(int root, const char *path, const struct leaf *leaf, bool *ret_plain)
{
	return plain_open(root, path, O_PATH | (leaf->directory ? O_DIRECTORY : 0u), RESOLVE_IN_ROOT,
			  ret_plain);
}

/* The directory of that path: root itself, or *ret_opened. */
static int open_parent(int root, const char *path, int *ret_opened)
{
	if (!strcmp(path, "/") || !strcmp(path, "."))
		return root;
	*ret_opened = inroot_open(root, path, O_PATH | O_DIRECTORY);
	return *ret_opened;
}

/* Splits path into its parent ("." when there is none) and its last component, which is returned. */
static const char *split(const char *path, char parent[PATH_MAX])
{
	const char *base = path_base(path);
	size_t n = (size_t)(base - path);

	memcpy(parent, path, n);
	while (n > 1 && parent[n - 1] == '/')
		n--;
	parent[n] = '\0';
	if (n == 0)
		memcpy(parent, ".", 2);
	return base;
}

/* path is "parent/name" and name is a dangling link: writes the path that it means. */
static int follow(int parent_fd, const char *parent, const char *name, char path[PATH_MAX])
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(parent_fd, name, target, sizeof(target));
	int len;

	if (n < 0)
		return -errno;
	if ((size_t)n >= sizeof(target))
		return -ENAMETOOLONG;
	target[n] = '\0';
	len = target[0] == '/' ? snprintf(path, PATH_MAX, "%s", target)
			       : snprintf(path, PATH_MAX, "%s/%s", parent, target);
	if (len < 0 || len >= PATH_MAX)
		return -ENAMETOOLONG;
	while (len > 1 && path[len - 1] == '/')
		path[--len] = '\0';
	return 0;
}

static int make_leaf(int parent_fd, const char *name, const struct leaf *leaf)
{
	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return -ENOENT;
	if (leaf->directory)
		return mkdirat(parent_fd, name, leaf->mode) < 0 ? -errno : 0;
	return mknodat(parent_fd, name, S_IFREG | leaf->mode, 0) < 0 ? -errno : 0;
}

/*
 * Makes the last component of path, whose parent exists. Where a dangling link stands there, path becomes
 * what the link means instead.
 */
static int make_last(int root, char path[PATH_MAX], const struct leaf *leaf)
{
	char parent[PATH_MAX], name[NAME_MAX + 1];
	const char *base = split(path, parent);
	fd_auto int opened = -1;
	int dir, r;

	if (strlen(base) >= sizeof(name))
		return -ENAMETOOLONG;
	memcpy(name, base, strlen(base) + 1);
	dir = open_parent(root, parent, &opened);
	if (dir < 0)
		return -errno;
	r = make_leaf(dir, name, leaf);
	return r == -EEXIST ? follow(dir, parent, name, path) : r;
}

/* Makes the first component of path that is missing; path is rewritten where that was a dangling link. */
static int make_first_missing(int root, char path[PATH_MAX], const struct leaf *leaf)
{
	static const struct leaf parent = {.directory = true, .mode = 0755};
	char prefix[PATH_MAX], rest[PATH_MAX];
	const char *p = path;
	size_t len;

	while (path_next(&p, &len)) {
		const struct leaf *what = *p ? &parent : leaf;
		fd_auto int fd = -1;
		bool plain;
		int r;

		memcpy(prefix, path, (size_t)(p - path));
		prefix[p - path] = '\0';
		fd = open_leaf(root, prefix, what, &plain);
		if (fd >= 0)
			continue;
		if (errno != ENOENT)
			return -errno;
		r = make_last(root, prefix, what);
		if (r < 0)
			return r;
		memcpy(rest, p, strlen(p) + 1);
		r = snprintf(path, PATH_MAX, "%s%s", prefix, rest);
		return r < 0 || r >= PATH_MAX ? -ENAMETOOLONG : 0;
	}
	return 0;
}

/* Of a path at whose end nothing was found. A function of its own: its stack is large, and most places are
 * there, or lie in the root itself. */
static __attribute__((noinline)) int make_way(int root, const char *want, const struct leaf *leaf,
					      bool *ret_plain)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s", want);

	if (n < 0 || (size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	/* Every round makes one component or follows one link. */
	for (int rounds = 0; rounds < PATH_MAX / 2 + LINKS_MAX; rounds++) {
		int r = make_last(root, path, leaf);
		int fd;

		if (r == -ENOENT) /* not the last alone */
			r = make_first_missing(root, path, leaf);
		if (r < 0)
			return r;
		fd = open_leaf(root, path, leaf, ret_plain);
		if (fd >= 0 && *ret_plain)
			*ret_plain = !strcmp(path, want);
		if (fd >= 0)
			return fd;
		if (errno != ENOENT)
			return -errno;
	}
	return -ELOOP;
}

static int make(int root, const char *want, const struct leaf *leaf, bool *ret_plain)
{
	const char *name = want + (want[0] == '/');
	int fd = open_leaf(root, want, leaf, ret_plain);

	if (fd < 0 && errno == ENOENT && name[0] && !strchr(name, '/') && make_leaf(root, name, leaf) == 0)
		fd = open_leaf(root, want, leaf, ret_plain);
	if (fd >= 0)
		return fd;
	return errno == ENOENT || errno == EEXIST ? make_way(root, want, leaf, ret_plain) : -errno;
}

static int make_or_say(int root, const char *path, const struct leaf *leaf, bool *ret_plain, struct err *e)
{
	bool plain;
	int fd = make(root, path, leaf, ret_plain ? ret_plain : &plain);

	if (fd >= 0)
		return fd;
	errno = -fd;
	if (errno == ENOTDIR)
		return err_set(e, ENOTDIR, "%s in the root, or something above it, is not a directory",
			       QUOTE(path));
	return err_sys(e, "make %s %s in the root", leaf->directory ? "the directory" : "the file",
		       QUOTE(path));
}

int inroot_directory(int root, const char *path, mode_t mode, struct err *e)
{
	const struct leaf leaf = {.directory = true, .mode = mode};

	return make_or_say(root, path, &leaf, NULL, e);
}

int inroot_file(int root, const char *path, mode_t mode, struct err *e)
{
	const struct leaf leaf = {.directory = false, .mode = mode};

	return make_or_say(root, path, &leaf, NULL, e);
}

int inroot_mount_point(int root, const char *path, bool directory, bool *ret_plain, struct err *e)
{
	const struct leaf leaf = {.directory = directory, .mode = directory ? 0755 : 0644};

	return make_or_say(root, path, &leaf, ret_plain, e);
}

int inroot_symlink(int root, const char *target, const char *path, struct err *e)
{
	char parent[PATH_MAX], have[PATH_MAX];
	const char *name = split(path, parent);
	fd_auto int opened = -1;
	int dir = open_parent(root, parent, &opened);
	ssize_t n;

	if (dir < 0)
		return err_sys(e, "open %s in the root", QUOTE(parent));
	if (symlinkat(target, dir, name) == 0)
		return 0;
	if (errno != EEXIST)
		return err_sys(e, "make the link %s in the root", QUOTE(path));
	n = readlinkat(dir, name, have, sizeof(have));
	if (n >= 0 && (size_t)n == strlen(target) && !memcmp(have, target, (size_t)n))
		return 0;
	return err_set(e, EEXIST, "make the link %s in the root: something else is there", QUOTE(path));
}
