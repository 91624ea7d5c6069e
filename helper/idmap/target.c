#include "helper/idmap/target.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <linux/openat2.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/text.h"
#include "helper/shared/status.h"

static const uint64_t beneath =
	RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;

static int is_on(int fd, unsigned long magic)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return -errno;
	return (unsigned long)fs.f_type == magic;
}

/* Turns what the kernel says about a name in /proc/PID into what has happened to the process. */
static int cannot_open(const char *name, struct err *e)
{
	int code = errno;

	if (code == ENOENT || code == ESRCH)
		return err_set(e, ESRCH, "the target process is gone");
	if (code == EXDEV || code == ELOOP)
		return err_set(e, code, "%s of the target process is covered by a mount", name);
	return err_set(e, code, "open %s of the target process: %s", name, strerror(code));
}

int target_open(const struct target *t, const char *name, int flags, struct err *e)
{
	fd_auto int fd = fd_openat2(t->fd, name, (uint64_t)flags, 0, beneath);
	int r;

	if (fd < 0)
		return cannot_open(name, e);
	r = is_on(fd, PROC_SUPER_MAGIC);
	if (r < 0)
		return err_set(e, -r, "look at %s of the target process: %s", name, strerror(-r));
	if (r == 0)
		return err_set(e, EXDEV, "%s of the target process is covered by a mount", name);
	return TAKE_FD(fd);
}

static int read_file(const struct target *t, const char *name, char *buf, size_t size, struct err *e)
{
	fd_auto int fd = target_open(t, name, O_RDONLY, e);
	ssize_t n;

	if (fd < 0)
		return fd;
	n = read(fd, buf, size - 1);
	if (n < 0)
		return cannot_open(name, e);
	buf[n] = '\0';
	return (int)n;
}

static int check_directory(int fd, struct err *e)
{
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return errno == EBADF ? err_set(e, EBADF, "descriptor %d is not open", fd)
				      : cannot_open("the directory", e);
	r = is_on(fd, PROC_SUPER_MAGIC);
	if (r < 0)
		return cannot_open("the directory", e);
	if (r == 0 || !S_ISDIR(st.st_mode))
		return err_set(e, ENOTDIR, "descriptor %d is not a directory /proc/PID", fd);
	return 0;
}

static int check_process_owner(const struct target *t, uid_t uid, struct err *e)
{
	struct stat st;

	if (fstat(t->fd, &st) < 0)
		return cannot_open("the directory", e);
	if (st.st_uid != uid)
		return err_set(e, EPERM, "the target process belongs to uid %u, not to the caller",
			       st.st_uid);
	return 0;
}

static int check_alive(struct target *t, struct err *e)
{
	char text[1024];
	int r = read_file(t, "status", text, sizeof(text), e);
	uint32_t tgid = 0;
	const char *p;

	if (r == -ESRCH)
		return err_set(e, ESRCH, "the target process is gone, or descriptor %d is not /proc/PID",
			       t->fd);
	if (r < 0)
		return r;
	p = status_value(text, "\nState:\t");
	if (*p == 'Z' || *p == 'X')
		return err_set(e, ESRCH, "the target process has ended and waits to be collected");
	p = status_value(text, "\nTgid:\t");
	if (text_u32n(p, strcspn(p, "\n"), &tgid) < 0)
		return err_set(e, ENOTDIR, "descriptor %d is not a directory /proc/PID", t->fd);
	p = status_value(text, "\nPid:\t");
	if (text_u32n(p, strcspn(p, "\n"), &t->pid) < 0 || t->pid != tgid)
		return err_set(e, ENOTDIR, "descriptor %d is a thread, not a process", t->fd);
	return 0;
}

/* The files of a process that is not dumpable belong to root (or to the root of its namespace). */
static int check_dumpable(const struct target *t, uid_t uid, struct err *e)
{
	fd_auto int fd = target_open(t, "uid_map", O_PATH, e);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return cannot_open("uid_map", e);
	if (st.st_uid != uid) {
		err_set(e, EACCES, "the target process is not dumpable, so its files belong to uid %u",
			st.st_uid);
		return err_hint(e, "it must not have run a program the caller cannot read, or called "
				   "prctl(PR_SET_DUMPABLE, 0)");
	}
	return 0;
}

/* "user" is a magic link, which leads out of procfs: openat2 cannot follow just that one, so what was opened
 * is looked at instead. */
static int open_namespace(const struct target *t, struct err *e)
{
	fd_auto int dir = target_open(t, "ns", O_PATH | O_DIRECTORY, e);
	fd_auto int fd = dir < 0 ? -1 : openat(dir, "user", O_RDONLY | O_CLOEXEC);
	int r;

	if (dir < 0)
		return dir;
	if (fd < 0) {
		r = cannot_open("ns/user", e);
		return r == -EACCES ? err_hint(e, "its user namespace was made by another user") : r;
	}
	r = is_on(fd, NSFS_MAGIC);
	if (r <= 0 || ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWUSER)
		return err_set(e, EXDEV, "ns/user of the target process is covered by a mount");
	return TAKE_FD(fd);
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static int check_parent(int ns, const struct stat *ours, struct err *e)
{
	fd_auto int parent = ioctl(ns, NS_GET_PARENT);
	struct stat st;

	if (parent < 0 && errno != EPERM)
		return err_sys(e, "ask for the parent of the target's user namespace");
	if (parent >= 0 && fstat(parent, &st) < 0)
		return err_sys(e, "look at the parent of the target's user namespace");
	if (parent < 0 || !same_file(&st, ours))
		return err_set(e, EPERM,
			       "the user namespace of the target process was made inside another one");
	return 0;
}

static int check_owner(int ns, uid_t uid, struct err *e)
{
	uid_t owner;

	if (ioctl(ns, NS_GET_OWNER_UID, &owner) < 0)
		return err_sys(e, "ask for the owner of the target's user namespace");
	if (owner != uid)
		return err_set(
			e, EPERM,
			"the user namespace of the target process belongs to uid %u, not to the caller",
			owner);
	return 0;
}

static int check_namespace(struct target *t, uid_t uid, struct err *e)
{
	fd_auto int ns = open_namespace(t, e);
	struct stat st, ours;
	int r;

	if (ns < 0)
		return ns;
	if (fstat(ns, &st) < 0 || stat("/proc/self/ns/user", &ours) < 0)
		return err_sys(e, "look at user namespaces");
	if (same_file(&st, &ours))
		return err_set(e, EPERM, "the target process has no user namespace of its own");
	r = check_parent(ns, &ours, e);
	if (r == 0)
		r = check_owner(ns, uid, e);
	if (r < 0)
		return r;
	t->ns_dev = st.st_dev;
	t->ns_ino = st.st_ino;
	return 0;
}

int target_same_namespace(const struct target *t, struct err *e)
{
	fd_auto int ns = open_namespace(t, e);
	struct stat st;

	if (ns < 0)
		return ns;
	if (fstat(ns, &st) < 0)
		return err_sys(e, "look at the target's user namespace");
	if (st.st_dev != t->ns_dev || st.st_ino != t->ns_ino)
		return err_set(e, EPERM, "the target process changed its user namespace meanwhile");
	return 0;
}

static int check_unmapped(const struct target *t, const char *name, struct err *e)
{
	char text[2];
	int r = read_file(t, name, text, sizeof(text), e);

	if (r > 0)
		return err_set(e, EPERM, "%s of the target process is written already", name);
	return r;
}

static int read_setgroups(struct target *t, struct err *e)
{
	char text[16];
	int r = read_file(t, "setgroups", text, sizeof(text), e);

	if (r < 0)
		return r;
	t->setgroups_denied = strcmp(text, "allow\n") != 0;
	return 0;
}

int target_check(int fd, uid_t uid, struct target *ret, struct err *e)
{
	struct target t = {.fd = fd};
	int r = check_directory(fd, e);

	if (r == 0)
		r = check_alive(&t, e);
	if (r == 0)
		r = check_process_owner(&t, uid, e);
	if (r == 0)
		r = check_dumpable(&t, uid, e);
	if (r == 0)
		r = check_namespace(&t, uid, e);
	if (r == 0)
		r = check_unmapped(&t, "uid_map", e);
	if (r == 0)
		r = check_unmapped(&t, "gid_map", e);
	if (r == 0)
		r = read_setgroups(&t, e);
	if (r < 0)
		return r;
	*ret = t;
	return 0;
}
