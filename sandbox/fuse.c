#include "sandbox/fuse.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/fd.h"
#include "sandbox/msg.h"

static int set(int fs, const char *key, const char *value, struct err *e)
{
	const unsigned cmd = value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG;

	return syscall(SYS_fsconfig, fs, cmd, key, value, 0) < 0 ? err_sys(e, "set %s of a FUSE mount", key)
								 : 0;
}

/* default_permissions: the kernel checks modes and owners; allow_other: of every id inside. */
static int configure(int fs, int fuse, struct err *e)
{
	char fd[16], uid[16], gid[16];

	snprintf(fd, sizeof(fd), "%d", fuse);
	snprintf(uid, sizeof(uid), "%u", geteuid());
	snprintf(gid, sizeof(gid), "%u", getegid());
	if (set(fs, "source", "image", e) < 0 || set(fs, "fd", fd, e) < 0 ||
	    set(fs, "rootmode", "40000", e) < 0 || set(fs, "user_id", uid, e) < 0 ||
	    set(fs, "group_id", gid, e) < 0 || set(fs, "allow_other", NULL, e) < 0 ||
	    set(fs, "default_permissions", NULL, e) < 0 || set(fs, "ro", NULL, e) < 0)
		return -e->code;
	return syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0
		       ? err_sys(e, "make a FUSE mount")
		       : 0;
}

int fuse_make(int sock, struct err *e)
{
	const unsigned flags = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
	fd_auto int fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC); /* of this user namespace */
	fd_auto int fs = -1, tree = -1;
	int r;

	if (fuse < 0)
		return err_sys(e, "open /dev/fuse");
	fs = (int)syscall(SYS_fsopen, "fuse", FSOPEN_CLOEXEC);
	if (fs < 0)
		return err_sys(e, "open the file system fuse");
	if (configure(fs, fuse, e) < 0)
		return -e->code;
	tree = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, flags);
	if (tree < 0)
		return err_sys(e, "mount a FUSE file system");
	/* Ours must be closed before the first look: the mount ends with the last one. */
	r = msg_send(sock, MSG_MADE, NULL, fuse);
	return r < 0 ? err_set(e, -r, "hand over a FUSE file system: %s", strerror(-r)) : TAKE_FD(tree);
}
