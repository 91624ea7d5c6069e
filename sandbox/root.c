#include "sandbox/root.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/text.h"
#include "sandbox/admin.h"
#include "sandbox/fsmount.h"
#include "sandbox/mask.h"
#include "sandbox/tree.h"

enum { ROOT_INODES = 1 << 20 };

/* The descriptor of what was mounted last on "/": a path that begins with / still begins in the old root. */
static int top_of_root(struct err *e)
{
	/* "/.." is where the walk goes to the topmost mount on "/". */
	int fd = open("/..", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? err_sys(e, "open the new root") : fd;
}

static int tmpfs_on_root(const struct plan *p, uint32_t mode, struct err *e)
{
	fd_auto int slash = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (slash < 0)
		return err_sys(e, "open /");
	if (fs_tmpfs(slash, 0, mode, p->ephemeral_size, ROOT_INODES, "/", e) < 0)
		return -e->code;
	return top_of_root(e);
}

static int clone_root(const struct plan *p, const struct pins *pins, const struct idmapper *m, struct err *e)
{
	const unsigned flags = TREE_NOSUID | TREE_NODEV;
	struct err ignored;
	fd_auto int tree =
		tree_clone(pins->root, flags | (p->root_read_only || p->ephemeral ? TREE_READ_ONLY : 0u), e);

	if (tree < 0)
		return err_wrap(e, "root %s", QUOTE(p->root));
	/* Mount points may have to be made in the top mount; root_seal() makes it read-only again. A lock
	 * (EPERM) may stay; where a privilege of the host could lift it, it is not tried. */
	if (p->root_read_only && !p->ephemeral && !p->gate)
		tree_change(tree, 0, TREE_READ_ONLY, &ignored);
	if (p->root_shared && idmapped_root(m, tree, e) < 0)
		return err_wrap(e, "root %s", QUOTE(p->root));
	return TAKE_FD(tree);
}

static int attach_directory(const struct plan *p, const struct pins *pins, const struct idmapper *m,
			    struct err *e)
{
	fd_auto int tree = clone_root(p, pins, m, e);
	fd_auto int slash = -1;

	if (tree < 0)
		return tree;
	slash = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (slash < 0)
		return err_sys(e, "open /");
	if (tree_attach(tree, slash, e) < 0)
		return err_wrap(e, "root %s", QUOTE(p->root));
	return TAKE_FD(tree);
}

static int make_layer(const char *name, const struct stat *like, struct err *e)
{
	if (mkdir(name, 0755) < 0)
		return err_sys(e, "make the overlay's directory %s", name);
	/* The root of the overlay shows the mode of its upper directory. */
	if (like && chmod(name, like->st_mode & 07777) < 0)
		return err_sys(e, "set the mode of the overlay's directory %s", name);
	return 0;
}

/*
 * The overlay alone on the root, as every other root is: with the tmpfs of its layers between, the old root
 * could not be detached at the end. The overlay keeps its layers.
 */
static int attach_merged(int layers, struct err *e)
{
	fd_auto int merged = open("merged", O_PATH | O_DIRECTORY | O_CLOEXEC);
	fd_auto int tree = -1, slash = -1;

	if (merged < 0)
		return err_sys(e, "open the overlay");
	tree = tree_clone(merged, 0, e);
	if (tree < 0)
		return err_wrap(e, "overlay");
	if (fchdir(layers) < 0 || umount2(".", MNT_DETACH) < 0)
		return err_sys(e, "detach the overlay's tmpfs");
	slash = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (slash < 0)
		return err_sys(e, "open /");
	return tree_attach(tree, slash, e) < 0 ? err_wrap(e, "overlay") : TAKE_FD(tree);
}

/* The layers lie in a tmpfs; every name is relative to it, so no path of the host is an option text. */
static int attach_overlay(const struct plan *p, const struct pins *pins, const struct idmapper *m,
			  struct err *e)
{
	fd_auto int tree = clone_root(p, pins, m, e);
	fd_auto int layers = -1, lower = -1;
	struct stat st;

	if (tree < 0)
		return tree;
	layers = tmpfs_on_root(p, 0700, e);
	if (layers < 0)
		return layers;
	if (fstat(pins->root, &st) < 0)
		return err_sys(e, "look at the root %s", QUOTE(p->root));
	if (fchdir(layers) < 0)
		return err_sys(e, "enter the overlay's tmpfs");
	if (make_layer("lower", NULL, e) < 0 || make_layer("upper", &st, e) < 0 ||
	    make_layer("work", NULL, e) < 0 || make_layer("merged", NULL, e) < 0)
		return -e->code;
	lower = open("lower", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (lower < 0)
		return err_sys(e, "open the overlay's lower directory");
	if (tree_attach(tree, lower, e) < 0)
		return err_wrap(e, "root %s", QUOTE(p->root));
	if (mount("overlay", "merged", "overlay", MS_NOSUID | MS_NODEV,
		  "lowerdir=lower,upperdir=upper,workdir=work,userxattr") < 0)
		return err_sys(e, "mount an overlay over the root %s", QUOTE(p->root));
	return attach_merged(layers, e);
}

int root_isolate(struct err *e)
{
	if (AS_ADMIN(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL)) < 0)
		return err_sys(e, "make the mounts of the sandbox private");
	return 0;
}

int root_attach(const struct plan *p, const struct pins *pins, const struct idmapper *m, struct err *e)
{
	fd_auto int root = -1;

	if (p->root_kind == PLAN_ROOT_HOST)
		return tmpfs_on_root(p, 0755, e);
	root = p->ephemeral ? attach_overlay(p, pins, m, e) : attach_directory(p, pins, m, e);
	if (root >= 0 && mask_cover_all(root, pins->masks[0], e) < 0)
		return err_wrap(e, "root %s", QUOTE(p->root));
	return root < 0 ? root : TAKE_FD(root);
}

int root_seal(const struct plan *p, int root, struct err *e)
{
	if (!p->root_read_only)
		return 0;
	return tree_change(root, TREE_READ_ONLY, 0, e) < 0 ? err_wrap(e, "make the root read-only") : 0;
}

/* Should: nothing lies on the new root any more. "/.." leads to what does, and that would be the host. */
static int verify_alone(int root, struct err *e)
{
	fd_auto int top = top_of_root(e);
	struct stat want, have;

	if (top < 0)
		return top;
	if (fstat(root, &want) < 0 || fstat(top, &have) < 0)
		return err_sys(e, "look at the new root");
	if (want.st_dev != have.st_dev || want.st_ino != have.st_ino)
		return err_set(e, EPERM, "something lies on the new root after the old one was detached");
	return 0;
}

int root_enter(int root, int *ret_chroot, struct err *e)
{
	if (fchdir(root) < 0)
		return err_sys(e, "enter the new root");
	*ret_chroot = 0;
	if (AS_ADMIN(syscall(SYS_pivot_root, ".", ".")) == 0) {
		/* The old root now lies on the new one: pivot_root(2) NOTES. */
		if (AS_ADMIN(umount2(".", MNT_DETACH)) < 0)
			return err_sys(e, "detach the old root");
		return chdir("/") < 0 ? err_sys(e, "enter the new root") : verify_alone(root, e);
	}
	if (errno != EINVAL)
		return err_sys(e, "switch to the new root");
	if (chroot(".") < 0)
		return err_sys(e, "change to the new root");
	*ret_chroot = 1;
	return chdir("/") < 0 ? err_sys(e, "enter the new root") : 0;
}
