#include "sandbox/tree.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/fd.h"
#include "sandbox/admin.h"

unsigned tree_attributes(unsigned flags)
{
	return (flags & TREE_READ_ONLY ? MOUNT_ATTR_RDONLY : 0u) |
	       (flags & TREE_NOSUID ? MOUNT_ATTR_NOSUID : 0u) | (flags & TREE_NODEV ? MOUNT_ATTR_NODEV : 0u) |
	       (flags & TREE_NOEXEC ? MOUNT_ATTR_NOEXEC : 0u);
}

int tree_clone(int fd, unsigned flags, struct err *e)
{
	struct mount_attr attr = {.attr_set = tree_attributes(flags)};
	fd_auto int tree = -1;

	tree = (int)AS_ADMIN(syscall(SYS_open_tree, fd, "",
				     OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE));
	if (tree < 0)
		return err_sys(e, "copy the mount");
	if (flags && AS_ADMIN(syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr,
				      sizeof(attr))) < 0)
		return err_sys(e, "set the flags of the mount");
	return TAKE_FD(tree);
}

int tree_change(int fd, unsigned set, unsigned clear, struct err *e)
{
	struct mount_attr attr = {.attr_set = tree_attributes(set), .attr_clr = tree_attributes(clear)};

	if (AS_ADMIN(syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH, &attr, sizeof(attr))) < 0)
		return err_sys(e, "change the flags of the mount");
	return 0;
}

int tree_attach(int tree, int target, struct err *e)
{
	if (AS_ADMIN(syscall(SYS_move_mount, tree, "", target, "",
			     MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH)) < 0)
		return err_sys(e, "attach the mount");
	return 0;
}
