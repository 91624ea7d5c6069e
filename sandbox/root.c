#include "sandbox/root.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/text.h"
#include "sandbox/admin.h"
#include "sandbox/confine.h"
#include "sandbox/fsmount.h"
#include "sandbox/fuse.h"
#include "sandbox/mask.h"
#include "sandbox/overlay.h"
#include "sandbox/tree.h"

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

/* The tree that the root is, or lies over. */
static int open_root(const struct plan *p, const struct pins *pins, const struct idmapper *m, struct err *e)
{
	int tree;

	if (!plan_root_is_image(p))
		return clone_root(p, pins, m, e);
	tree = fuse_make(pins->image, e);
	return tree < 0 ? err_wrap(e, "root %s", QUOTE(p->root)) : tree;
}

static int attach_on_root(int tree, struct err *e)
{
	fd_auto int slash = fd_open("/", O_PATH | O_DIRECTORY);

	return slash < 0 ? err_sys(e, "open /") : tree_attach(tree, slash, e);
}

static int attach_directory(const struct plan *p, const struct pins *pins, const struct idmapper *m,
			    struct err *e)
{
	fd_auto int tree = clone_root(p, pins, m, e);

	if (tree < 0)
		return tree;
	if (attach_on_root(tree, e) < 0)
		return err_wrap(e, "root %s", QUOTE(p->root));
	return TAKE_FD(tree);
}

struct layers {
	const struct plan *plan;
	int lower;
	mode_t mode;
};

/* In a user namespace with the sandbox's ids: no file system of the kernel is made with a privilege on the
 * host. */
static int overlay_inside(const void *ctx, int self, struct err *e)
{
	const struct layers *l = ctx;

	(void)self;
	return confine_become_root(l->plan, e) < 0
		       ? -e->code
		       : overlay_make(l->lower, l->mode, l->plan->ephemeral_size, e);
}

static int attach_overlay(const struct plan *p, const struct pins *pins, const struct idmapper *m,
			  const struct maker *maker, struct err *e)
{
	fd_auto int lower = open_root(p, pins, m, e);
	fd_auto int tree = -1;
	struct stat st;

	if (lower < 0)
		return lower;
	if (fstat(lower, &st) < 0)
		return err_sys(e, "look at the root %s", QUOTE(p->root));
	if (p->gate)
		tree = maker_run(maker, maker->ids, CLONE_NEWNS, overlay_inside,
				 &(struct layers){.plan = p, .lower = lower, .mode = st.st_mode}, e);
	else
		tree = overlay_make(lower, st.st_mode, p->ephemeral_size, e);
	if (tree < 0 || attach_on_root(tree, e) < 0)
		return err_wrap(e, "root %s", QUOTE(p->root));
	return TAKE_FD(tree);
}

int root_isolate(struct err *e)
{
	if (AS_ADMIN(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL)) < 0)
		return err_sys(e, "make the mounts of the sandbox private");
	return 0;
}

int root_attach(const struct plan *p, const struct pins *pins, const struct idmapper *m,
		const struct maker *maker, struct err *e)
{
	fd_auto int root = -1, null = -1;

	if (p->root_kind == PLAN_ROOT_HOST)
		return fs_tmpfs_on_root(0755, p->ephemeral_size, e);
	/* Over an image always, so that mount points can be made that it does not have. */
	root = p->ephemeral || plan_root_is_image(p) ? attach_overlay(p, pins, m, maker, e)
						     : attach_directory(p, pins, m, e);
	if (root >= 0 && mask_cover_all(root, pins->masks[0], &null, e) < 0)
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
	fd_auto int top = fs_top_of_root(e);
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
