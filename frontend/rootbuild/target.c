#include "frontend/rootbuild/target.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/text.h"

enum { TEMP_NAME_MAX = 32, TEMP_TRIES = 100 };

/* Where an entry goes. */
struct where {
	int parent; /* owned */
	const char *name;
};

static int open_parent(const struct target *t, const char *path, struct where *ret, struct err *e)
{
	const char *slash = strrchr(path, '/');
	char dir[MANIFEST_PATH_MAX];

	snprintf(dir, sizeof(dir), "%.*s", slash == path ? 1 : (int)(slash - path), path);
	ret->name = slash + 1;
	ret->parent =
		fd_openat2(t->fd, dir, O_PATH | O_DIRECTORY, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
	return ret->parent < 0 ? err_sys(e, "open %s in the new root", QUOTE(dir)) : 0;
}

static void temp_name(char buf[TEMP_NAME_MAX])
{
	uint64_t number;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		number = (uint64_t)getpid();
	snprintf(buf, TEMP_NAME_MAX, ".croft-%016llx", (unsigned long long)number);
}

/* A directory, or a link that leads to one inside the root, is there already: fine. */
static int directory_is_there(const struct target *t, const char *path, struct err *e)
{
	fd_auto int fd =
		fd_openat2(t->fd, path, O_PATH | O_DIRECTORY, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);

	return fd < 0 ? err_sys(e, "%s in the new root is to be a directory", QUOTE(path)) : 0;
}

static int make_directory(const struct target *t, const struct where *p, const struct manifest_entry *entry,
			  struct err *e)
{
	fd_auto int fd = -1;

	if (mkdirat(p->parent, p->name, 0700) < 0)
		return errno == EEXIST
			       ? directory_is_there(t, entry->path, e)
			       : err_sys(e, "make the directory %s in the new root", QUOTE(entry->path));
	fd = openat(p->parent, p->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fchmod(fd, entry->mode) < 0)
		return err_sys(e, "set the mode of %s in the new root", QUOTE(entry->path));
	return 0;
}

/* Gives what is called temp its name; on failure temp is removed. */
static int move_in(const struct where *p, const char *temp, const char *path, struct err *e)
{
	int r;

	if (renameat(p->parent, temp, p->parent, p->name) == 0)
		return 0;
	if (errno == EISDIR || errno == ENOTEMPTY)
		r = err_set(e, EISDIR, "%s is a directory in the root, but not on the host", QUOTE(path));
	else
		r = err_sys(e, "make %s in the new root", QUOTE(path));
	unlinkat(p->parent, temp, 0);
	return r;
}

static bool same_link(const struct where *p, const char *text)
{
	char old[MANIFEST_PATH_MAX];
	ssize_t n = readlinkat(p->parent, p->name, old, sizeof(old));

	return n > 0 && text_is(old, (size_t)n, text);
}

static int make_link(const struct where *p, const struct manifest_entry *entry, struct err *e)
{
	char temp[TEMP_NAME_MAX];

	if (same_link(p, entry->text))
		return 0;
	for (unsigned i = 0; i < TEMP_TRIES; i++) {
		temp_name(temp);
		if (symlinkat(entry->text, p->parent, temp) == 0)
			return move_in(p, temp, entry->path, e);
		if (errno != EEXIST)
			break;
	}
	return err_sys(e, "make the link %s in the new root", QUOTE(entry->path));
}

static int open_temp(const struct where *p, const char *path, char temp[TEMP_NAME_MAX], struct err *e)
{
	int fd = -1;

	errno = EEXIST;
	for (unsigned i = 0; i < TEMP_TRIES && fd < 0 && errno == EEXIST; i++) {
		temp_name(temp);
		fd = openat(p->parent, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	}
	return fd < 0 ? err_sys(e, "make %s in the new root", QUOTE(path)) : fd;
}

/* The contents, mode and times; the mode comes last, since writing clears some of its bits. */
static int fill_from_host(const struct target *t, int to, const struct manifest_entry *entry, struct err *e)
{
	fd_auto int from = open(entry->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
	struct stat st;
	int r;

	if (from < 0 || fstat(from, &st) < 0)
		return err_sys(e, "open %s", QUOTE(entry->path));
	if (!S_ISREG(st.st_mode))
		return err_set(e, EINVAL, "%s is no regular file any more", QUOTE(entry->path));
	r = copy_bytes(from, to, (uint64_t)st.st_size, t->watch, t->ctx);
	if (r < 0) {
		errno = -r;
		return err_sys(e, "copy %s", QUOTE(entry->path));
	}
	if (futimens(to, (const struct timespec[]){st.st_atim, st.st_mtim}) < 0 ||
	    fchmod(to, entry->mode) < 0)
		return err_sys(e, "set the mode of %s in the new root", QUOTE(entry->path));
	return 0;
}

static int fill_from_text(int to, const struct manifest_entry *entry, struct err *e)
{
	int r = fd_write_all(to, entry->text, strlen(entry->text));

	if (r < 0) {
		errno = -r;
		return err_sys(e, "write %s in the new root", QUOTE(entry->path));
	}
	return fchmod(to, entry->mode) < 0 ? err_sys(e, "set the mode of %s", QUOTE(entry->path)) : 0;
}

static int make_file(const struct target *t, const struct where *p, const struct manifest_entry *entry,
		     struct err *e)
{
	char temp[TEMP_NAME_MAX];
	fd_auto int fd = -1;
	struct stat st;
	int r;

	if (entry->kind == MANIFEST_TEXT && fstatat(p->parent, p->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	fd = open_temp(p, entry->path, temp, e);
	if (fd < 0)
		return fd;
	r = entry->kind == MANIFEST_TEXT ? fill_from_text(fd, entry, e) : fill_from_host(t, fd, entry, e);
	if (r < 0) {
		unlinkat(p->parent, temp, 0);
		return r;
	}
	return move_in(p, temp, entry->path, e);
}

int target_make(const struct target *t, const struct manifest_entry *entry, struct err *e)
{
	struct where p;
	int r = open_parent(t, entry->path, &p, e);

	if (r < 0)
		return r;
	switch (entry->kind) {
	case MANIFEST_DIR:
		r = make_directory(t, &p, entry, e);
		break;
	case MANIFEST_LINK:
		r = make_link(&p, entry, e);
		break;
	case MANIFEST_FILE:
	case MANIFEST_TEXT:
		r = make_file(t, &p, entry, e);
		break;
	case MANIFEST_KIND_COUNT:
		r = err_set(e, EINVAL, "%s is of no kind", QUOTE(entry->path));
		break;
	}
	fd_close(p.parent);
	return r;
}
