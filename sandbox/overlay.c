#include "sandbox/overlay.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "sandbox/fsmount.h"
#include "sandbox/tree.h"

static int make_layers(mode_t mode, struct err *e)
{
	static const char *const name[] = {"lower", "upper", "work", "merged"};

	for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++)
		if (mkdir(name[i], 0755) < 0)
			return err_sys(e, "make the overlay's directory %s", name[i]);
	/* The root of the overlay shows the mode of its upper directory; set-user-ID there is croft's own
	 * mark. */
	return chmod("upper", mode & 03777) < 0 ? err_sys(e, "set the mode of the overlay") : 0;
}

static int attach_lower(int tree, struct err *e)
{
	fd_auto int lower = open("lower", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return lower < 0 ? err_sys(e, "open the overlay's lower directory") : tree_attach(tree, lower, e);
}

/*
 * The overlay alone, as every other root is: with the tmpfs of its layers between, the old root could not be
 * detached at the end. The overlay keeps its layers.
 */
static int take_merged(struct err *e)
{
	fd_auto int merged = open("merged", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return merged < 0 ? err_sys(e, "open the overlay") : tree_clone(merged, 0, e);
}

/* Every name is relative to the tmpfs, so no path of the host is an option text. */
static int make_in(int layers, int lower, mode_t mode, struct err *e)
{
	fd_auto int tree = -1;

	if (fchdir(layers) < 0)
		return err_sys(e, "enter the overlay's tmpfs");
	if (make_layers(mode, e) < 0 || attach_lower(lower, e) < 0)
		return -e->code;
	if (mount("overlay", "merged", "overlay", MS_NOSUID | MS_NODEV,
		  "lowerdir=lower,upperdir=upper,workdir=work,userxattr") < 0)
		return err_sys(e, "mount an overlay");
	tree = take_merged(e);
	if (tree < 0)
		return err_wrap(e, "overlay");
	if (fchdir(layers) < 0 || umount2(".", MNT_DETACH) < 0)
		return err_sys(e, "detach the overlay's tmpfs");
	return TAKE_FD(tree);
}

int overlay_make(int lower, mode_t mode, uint64_t size, struct err *e)
{
	fd_auto int layers = fs_tmpfs_on_root(0700, size, e);

	return layers < 0 ? layers : make_in(layers, lower, mode, e);
}
