#include "policy/object.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <linux/stat.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/text.h"

static const struct {
	uint32_t type;
	const char *name;
} kernel_fs[] = {
	{PROC_SUPER_MAGIC, "proc"},
	{SYSFS_MAGIC, "sysfs"},
	{CGROUP_SUPER_MAGIC, "cgroup"},
	{CGROUP2_SUPER_MAGIC, "cgroup2"},
	{DEVPTS_SUPER_MAGIC, "devpts"},
	{DEBUGFS_MAGIC, "debugfs"},
	{TRACEFS_MAGIC, "tracefs"},
	{SECURITYFS_MAGIC, "securityfs"},
	{BPF_FS_MAGIC, "bpf"},
	{NSFS_MAGIC, "nsfs"},
	{EFIVARFS_MAGIC, "efivarfs"},
	{0x62656570, "configfs"}, /* fs/configfs/mount.c; not in linux/magic.h */
	{SELINUX_MAGIC, "selinuxfs"},
	{SMACK_MAGIC, "smackfs"},
	{PSTOREFS_MAGIC, "pstore"},
	{BINFMTFS_MAGIC, "binfmt_misc"},
	{RDTGROUP_SUPER_MAGIC, "resctrl"},
};

const char *policy_kernel_fs(const char *type)
{
	for (size_t i = 0; i < sizeof(kernel_fs) / sizeof(kernel_fs[0]); i++)
		if (!strcmp(kernel_fs[i].name, type))
			return kernel_fs[i].name;
	return strcmp(type, "devtmpfs") ? NULL : "devtmpfs";
}

/* devtmpfs calls itself tmpfs; there is one of it, and it is what is mounted on /dev. */
static bool is_devtmpfs(uint32_t type, dev_t dev)
{
	struct stat devs, root;

	if (type != TMPFS_MAGIC && type != RAMFS_MAGIC)
		return false;
	if (stat("/dev", &devs) < 0 || stat("/", &root) < 0)
		return false;
	return devs.st_dev == dev && devs.st_dev != root.st_dev;
}

static int find_kernel_fs(int fd, dev_t dev, const char **ret, struct err *e)
{
	struct statfs fs;
	uint32_t type;

	if (fstatfs(fd, &fs) < 0)
		return err_sys(e, "look at the file system");
	type = (uint32_t)fs.f_type;
	*ret = is_devtmpfs(type, dev) ? "devtmpfs" : NULL;
	for (size_t i = 0; i < sizeof(kernel_fs) / sizeof(kernel_fs[0]); i++)
		if (kernel_fs[i].type == type)
			*ret = kernel_fs[i].name;
	return 0;
}

static int find_object(mode_t mode, uint8_t *ret, struct err *e)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		*ret = OBJECT_DIRECTORY;
		return 0;
	case S_IFREG:
		*ret = OBJECT_FILE;
		return 0;
	case S_IFSOCK:
	case S_IFIFO:
		*ret = OBJECT_SOCKET;
		return 0;
	case S_IFCHR:
	case S_IFBLK:
		*ret = OBJECT_DEVICE;
		return 0;
	default:
		return err_set(e, ELOOP, "it is a symbolic link, or of an unknown type");
	}
}

/* Device and inode alone do not tell a directory from a bind mount of itself on top of it: Linux >= 5.8. */
static int look(int fd, const char *what, struct statx *ret, struct err *e)
{
	int r = (int)syscall(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_MNT_ID, ret);

	if (r < 0 && errno != ENOSYS)
		return err_sys(e, "look at %s", QUOTE(what));
	if (r < 0 || !(ret->stx_mask & STATX_MNT_ID))
		return err_set(e, ENOSYS, "this kernel does not tell mounts apart (statx: Linux >= 5.8)");
	return 0;
}

static bool same(const struct statx *a, const struct statx *b)
{
	return a->stx_dev_major == b->stx_dev_major && a->stx_dev_minor == b->stx_dev_minor &&
	       a->stx_ino == b->stx_ino && a->stx_mnt_id == b->stx_mnt_id;
}

/* Whether the resolved path, opened without links, is the very object that was pinned. */
static int confirm(const struct statx *pinned, const char *path, struct err *e)
{
	fd_auto int again = fd_openat2(AT_FDCWD, path, O_PATH | O_NOFOLLOW, 0, RESOLVE_NO_SYMLINKS);
	struct statx now;

	if (again < 0)
		return err_sys(e, "%s cannot be opened again by its resolved path", QUOTE(path));
	if (look(again, path, &now, e) < 0)
		return -e->code;
	if (!same(pinned, &now))
		return err_set(e, ESTALE,
			       "%s is not what was opened: it was replaced meanwhile, or something is "
			       "mounted over it",
			       QUOTE(path));
	return 0;
}

int policy_object(int fd, char *path, size_t size, struct policy_request *ret, struct err *e)
{
	struct policy_request found = *ret;
	struct statx st;
	int r = look(fd, "a descriptor", &st, e);

	if (r == 0)
		r = find_object(st.stx_mode, &found.object, e);
	if (r == 0)
		r = find_kernel_fs(fd, makedev(st.stx_dev_major, st.stx_dev_minor), &found.kernel_fs, e);
	if (r == 0)
		r = fd_path(fd, path, size, e);
	if (r == 0)
		r = confirm(&st, path, e);
	if (r < 0)
		return r;
	found.owner = st.stx_uid;
	found.value = path;
	*ret = found;
	return 0;
}
