#include "sandbox/mask.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "common/fd.h"
#include "common/text.h"
#include "sandbox/fsmount.h"
#include "sandbox/inroot.h"
#include "sandbox/tree.h"

enum { NULL_MAJOR = 1, NULL_MINOR = 3, EMPTY_BYTES = 4096, EMPTY_INODES = 2 };

/* An O_PATH descriptor; -ENOENT with no sentence where there is nothing. */
static int open_place(int base, const char *path, struct err *e)
{
	int fd = fd_openat2(base, path, O_PATH, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return -ENOENT;
	return fd < 0 ? err_sys(e, "open %s to cover it", QUOTE(path)) : fd;
}

static int cover_file(int root, int place, struct err *e)
{
	fd_auto int null = inroot_open(root, "/dev/null", O_PATH | O_NOFOLLOW);
	fd_auto int tree = -1;
	struct stat st;

	if (null < 0 || fstat(null, &st) < 0)
		return err_sys(e, "open the sandbox's /dev/null");
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(NULL_MAJOR, NULL_MINOR))
		return err_set(e, ENODEV, "the sandbox's /dev/null is not that device");
	tree = tree_clone(null, TREE_NOSUID | TREE_NOEXEC | TREE_READ_ONLY, e);
	return tree < 0 ? tree : tree_attach(tree, place, e);
}

int mask_cover(int base, const char *path, int root, struct err *e)
{
	fd_auto int place = open_place(base, path, e);
	struct stat st;
	int r;

	if (place < 0)
		return place == -ENOENT ? 0 : place;
	if (fstat(place, &st) < 0)
		return err_sys(e, "look at %s", QUOTE(path));
	r = S_ISDIR(st.st_mode)
		    ? fs_tmpfs(place, MS_RDONLY | MS_NOEXEC, 0555, EMPTY_BYTES, EMPTY_INODES, path, e)
		    : cover_file(root, place, e);
	return r < 0 ? err_wrap(e, "cover %s", QUOTE(path)) : 0;
}

int mask_read_only(int base, const char *path, struct err *e)
{
	fd_auto int place = open_place(base, path, e);
	fd_auto int tree = -1;

	if (place < 0)
		return place == -ENOENT ? 0 : place;
	tree = tree_clone(place, TREE_READ_ONLY, e);
	if (tree < 0 || tree_attach(tree, place, e) < 0)
		return err_wrap(e, "make %s read-only", QUOTE(path));
	return 0;
}
