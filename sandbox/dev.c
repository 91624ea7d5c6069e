#include "sandbox/dev.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/ids.h"
#include "common/text.h"
#include "sandbox/fsmount.h"
#include "sandbox/inroot.h"
#include "sandbox/tree.h"

enum { DEV_BYTES = 64 << 10, DEV_INODES = 1024 };

/* Numbers: Documentation/admin-guide/devices.txt of Linux. */
static const struct {
	const char *name;
	unsigned major, minor;
} device[] = {
	{"null", 1, 3}, {"zero", 1, 5}, {"full", 1, 7}, {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0},
};

static const struct {
	const char *name, *target;
} link_to[] = {
	{"fd", "/proc/self/fd"},       {"stdin", "/proc/self/fd/0"}, {"stdout", "/proc/self/fd/1"},
	{"stderr", "/proc/self/fd/2"}, {"ptmx", "pts/ptmx"},
};

static const char *const directory[] = {"pts", "shm", "mqueue"};

/* A new empty file of that name in dir, for something to be bound on: an O_PATH descriptor or -errno. */
static int mount_point(int dir, const char *name, struct err *e)
{
	int fd;

	if (mknodat(dir, name, S_IFREG | 0644, 0) < 0 && errno != EEXIST)
		return err_sys(e, "make the mount point /dev/%s", name);
	fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? err_sys(e, "open the mount point /dev/%s", name) : fd;
}

int dev_host(const char *name, struct err *e)
{
	char host[32];
	fd_auto int fd = -1;
	struct stat st;
	size_t i = 0;

	while (i < sizeof(device) / sizeof(device[0]) && strcmp(name, device[i].name) != 0)
		i++;
	snprintf(host, sizeof(host), "/dev/%s", name);
	fd = fd_open(host, O_PATH | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "open the host's %s", host);
	if (i == sizeof(device) / sizeof(device[0]) || !S_ISCHR(st.st_mode) ||
	    st.st_rdev != makedev(device[i].major, device[i].minor))
		return err_set(e, ENODEV, "the host's %s is not that device", host);
	return TAKE_FD(fd);
}

static int bind_device(int dir, const char *name, struct err *e)
{
	fd_auto int source = dev_host(name, e);
	fd_auto int tree = -1, target = -1;

	if (source < 0)
		return source;
	tree = tree_clone(source, TREE_NOSUID | TREE_NOEXEC, e);
	if (tree < 0)
		return err_wrap(e, "bind the host's /dev/%s", name);
	target = mount_point(dir, name, e);
	if (target < 0)
		return -e->code;
	return tree_attach(tree, target, e) < 0 ? err_wrap(e, "bind the host's /dev/%s", name) : 0;
}

int dev_make(int root, const char *target, bool *ret_plain, struct err *e)
{
	fd_auto int below = inroot_mount_point(root, target, true, ret_plain, e);
	fd_auto int dir = -1;

	if (below < 0)
		return below;
	if (fs_tmpfs(below, MS_NOEXEC, 0755, DEV_BYTES, DEV_INODES, target, e) < 0)
		return -e->code;
	dir = inroot_open(root, target, O_PATH | O_DIRECTORY);
	if (dir < 0)
		return err_sys(e, "open %s", target);
	for (size_t i = 0; i < sizeof(device) / sizeof(device[0]); i++)
		if (bind_device(dir, device[i].name, e) < 0)
			return -e->code;
	for (size_t i = 0; i < sizeof(link_to) / sizeof(link_to[0]); i++)
		if (symlinkat(link_to[i].target, dir, link_to[i].name) < 0)
			return err_sys(e, "make the link /dev/%s", link_to[i].name);
	for (size_t i = 0; i < sizeof(directory) / sizeof(directory[0]); i++)
		if (mkdirat(dir, directory[i], 0755) < 0)
			return err_sys(e, "make the directory /dev/%s", directory[i]);
	return TAKE_FD(dir);
}

/* Whether the group is there inside: 1, 0 or -errno. */
static int group_is_mapped(uint32_t gid, struct err *e)
{
	fd_auto int fd = fd_open("/proc/self/gid_map", O_RDONLY);
	char map[IDS_READ_MAX];
	uint32_t outside;
	ssize_t n;

	if (fd < 0)
		return err_sys(e, "open /proc/self/gid_map");
	n = fd_read_all(fd, map, sizeof(map) - 1);
	if (n < 0)
		return err_set(e, (int)-n, "read /proc/self/gid_map: %s", strerror((int)-n));
	map[n] = '\0';
	return id_map_outside(map, gid, &outside) == 0;
}

int dev_pts(int root, const char *target, bool group, struct err *e)
{
	static const char plain[] = "newinstance,ptmxmode=0666,mode=0620";
	static const char tty[] = "newinstance,ptmxmode=0666,mode=0620,gid=5";
	fd_auto int dir = inroot_directory(root, target, 0755, e);
	int of_tty = 0;

	if (dir < 0)
		return dir;
	/* Not by trying: the kernel writes a line into its log each time, slowly where that is a serial line.
	 */
	if (group)
		of_tty = group_is_mapped(5, e);
	if (of_tty < 0)
		return of_tty;
	return fs_mount(dir, "devpts", MS_NOSUID | MS_NOEXEC, of_tty ? tty : plain, target, e);
}

/* A device that the kernel would let nobody open is refused: nodev is never lifted. */
static int check_device(int source, struct err *e)
{
	struct statfs fs;
	struct stat st;

	if (fstat(source, &st) < 0 || fstatfs(source, &fs) < 0)
		return err_sys(e, "look at it");
	if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode))
		return err_set(e, ENODEV, "it is no device");
	return fs.f_flags & ST_NODEV ? err_set(e, EACCES, "its file system is mounted nodev") : 0;
}

/* A new file: never one of croft's own, and never another device's. */
static int new_place(int root, const char *target, struct err *e)
{
	const char *name = strrchr(target, '/') + 1;
	char parent[PATH_MAX];
	fd_auto int dir = -1;
	int fd;

	snprintf(parent, sizeof(parent), "%.*s", (int)(name - target - 1), target);
	dir = inroot_directory(root, parent, 0755, e);
	if (dir < 0)
		return dir;
	if (mknodat(dir, name, S_IFREG | 0644, 0) < 0)
		return errno == EEXIST ? err_set(e, EEXIST, "there is something in that place already")
				       : err_sys(e, "make the mount point");
	fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? err_sys(e, "open the mount point") : fd;
}

int dev_bind(int root, int source, const char *target, struct err *e)
{
	fd_auto int tree = -1, place = -1;

	if (source < 0)
		return 0;
	if (check_device(source, e) < 0)
		return -e->code;
	tree = tree_clone(source, TREE_NOSUID | TREE_NOEXEC, e);
	if (tree < 0)
		return tree;
	place = new_place(root, target, e);
	return place < 0 ? place : tree_attach(tree, place, e);
}

int dev_console(int root, int slave, struct err *e)
{
	fd_auto int dir = inroot_open(root, "/dev", O_PATH | O_DIRECTORY);
	fd_auto int tree = -1, target = -1;

	if (dir < 0)
		return err_sys(e, "open /dev");
	tree = tree_clone(slave, TREE_NOSUID | TREE_NOEXEC, e);
	if (tree < 0)
		return err_wrap(e, "bind the terminal on /dev/console");
	target = mount_point(dir, "console", e);
	if (target < 0)
		return -e->code;
	return tree_attach(tree, target, e) < 0 ? err_wrap(e, "bind the terminal on /dev/console") : 0;
}
