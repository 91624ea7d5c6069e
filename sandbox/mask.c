#include "sandbox/mask.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <linux/stat.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/text.h"
#include "sandbox/dev.h"
#include "sandbox/fsmount.h"
#include "sandbox/tree.h"

enum { EMPTY_BYTES = 4096, EMPTY_INODES = 2 };

int mask_place(int base, const char *path, struct err *e)
{
	int fd = fd_openat2(base, path, O_PATH, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return -ENOENT;
	if (fd < 0 && errno == ELOOP)
		return err_set(e, ELOOP, "cover %s: it is a symbolic link, or one is on the way to it",
			       QUOTE(path));
	return fd < 0 ? err_sys(e, "open %s to cover it", QUOTE(path)) : fd;
}

static int null_tree(struct err *e)
{
	fd_auto int null = dev_host("null", e);

	return null < 0 ? null : tree_clone(null, TREE_NOSUID | TREE_NOEXEC | TREE_READ_ONLY, e);
}

static int cover_file(int place, int *null, struct err *e)
{
	fd_auto int tree = *null < 0 ? null_tree(e) : tree_clone(*null, 0, e);

	if (tree < 0 || tree_attach(tree, place, e) < 0)
		return -e->code;
	if (*null < 0)
		*null = TAKE_FD(tree);
	return 0;
}

int mask_cover(int base, const char *path, int *null, struct err *e)
{
	fd_auto int place = mask_place(base, path, e);
	struct stat st;
	int r;

	if (place < 0)
		return place == -ENOENT ? 1 : place;
	if (fstat(place, &st) < 0)
		return err_sys(e, "look at %s", QUOTE(path));
	r = S_ISDIR(st.st_mode)
		    ? fs_tmpfs(place, MS_RDONLY | MS_NOEXEC, 0555, EMPTY_BYTES, EMPTY_INODES, path, e)
		    : cover_file(place, null, e);
	return r < 0 ? err_wrap(e, "cover %s", QUOTE(path)) : 0;
}

static int not_there(const char *place, struct err *e)
{
	return err_set(e, ENOENT, "%s is not there any more to be covered", QUOTE(place));
}

/* A directory that something is mounted on can be neither moved nor removed: rename(2), rmdir(2) EBUSY. */
static int hold_directory(int base, const char *path, struct err *e)
{
	fd_auto int place = mask_place(base, path, e);
	fd_auto int tree = -1;
	struct statx sx;

	if (place < 0)
		return place == -ENOENT ? not_there(path, e) : place;
	if (syscall(SYS_statx, place, "", AT_EMPTY_PATH, 0, &sx) < 0)
		return err_sys(e, "look at %s", QUOTE(path));
	if (sx.stx_attributes & STATX_ATTR_MOUNT_ROOT)
		return 0;
	tree = tree_clone(place, 0, e);
	return tree < 0 || tree_attach(tree, place, e) < 0 ? err_wrap(e, "hold %s", QUOTE(path)) : 0;
}

/* All directories above the place, so that no other name leads to it at the next start. */
static int hold(int base, const char *place, struct err *e)
{
	char path[PATH_MAX];

	for (const char *s = strchr(place, '/'); s; s = strchr(s + 1, '/')) {
		snprintf(path, sizeof(path), "%.*s", (int)(s - place), place);
		if (hold_directory(base, path, e) < 0)
			return -e->code;
	}
	return 0;
}

int mask_cover_all(int tree, const struct sandbox_masks *masks, int *null, struct err *e)
{
	for (uint32_t i = 0; masks && i < masks->n; i++) {
		int r = hold(tree, masks->place[i], e);

		if (r == 0)
			r = mask_cover(tree, masks->place[i], null, e);
		if (r != 0)
			return r > 0 ? not_there(masks->place[i], e) : r;
	}
	return 0;
}

int mask_read_only(int base, const char *path, struct err *e)
{
	fd_auto int place = mask_place(base, path, e);
	fd_auto int tree = -1;

	if (place < 0)
		return place == -ENOENT ? 0 : place;
	tree = tree_clone(place, TREE_READ_ONLY, e);
	if (tree < 0 || tree_attach(tree, place, e) < 0)
		return err_wrap(e, "make %s read-only", QUOTE(path));
	return 0;
}
