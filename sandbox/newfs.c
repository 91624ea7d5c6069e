#include "sandbox/newfs.h"

#include <linux/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/text.h"
#include "sandbox/admin.h"
#include "sandbox/tree.h"

static int configure(int fs, const struct newfs_option *option)
{
	for (; option->key; option++)
		if (syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, option->key, option->value, 0) < 0)
			return -1;
	return (int)AS_ADMIN(syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
}

int newfs_make(const char *type, unsigned flags, const struct newfs_option *option, const char *where,
	       struct err *e)
{
	fd_auto int fs = (int)AS_ADMIN(syscall(SYS_fsopen, type, FSOPEN_CLOEXEC));
	int fd = -1;

	if (fs >= 0 && configure(fs, option) == 0)
		fd = (int)AS_ADMIN(syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC,
					   tree_attributes(flags | TREE_NOSUID | TREE_NODEV | TREE_NOEXEC)));
	return fd < 0 ? err_sys(e, "mount %s on %s", type, QUOTE(where)) : fd;
}
