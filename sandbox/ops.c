#include "sandbox/ops.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/text.h"
#include "sandbox/dev.h"
#include "sandbox/fsmount.h"
#include "sandbox/inroot.h"
#include "sandbox/mask.h"
#include "sandbox/newfs.h"
#include "sandbox/plain.h"
#include "sandbox/tree.h"

/* The places of the file systems that croft makes. */
enum own { OWN_PROC, OWN_SYS, OWN_DEV, OWN_COUNT };
static const char *const own_place[OWN_COUNT] = {"/proc", "/sys", "/dev"};

struct mounted {
	int top[OWN_COUNT];    /* what is put there later is found from it; or -1 */
	bool there[OWN_COUNT]; /* mounted, and then: */
	bool plain[OWN_COUNT]; /* no link led there */
	dev_t device[OWN_COUNT];
	int null; /* of mask_cover() */
};

struct work {
	const struct plan *plan;
	const struct plan_op *op;
	int source; /* pinned, or -1 */
	const struct sandbox_masks *masks;
	int root;
	struct gifts *gifts;
	const struct idmapper *idmapper;
	struct mounted *mounted;
};

/* Whether what fd names is where the directory called name in the root is, or lies below it. */
static int lies_in(const struct work *w, const char *name, int fd, struct err *e)
{
	fd_auto int dir = inroot_open(w->root, name, O_PATH | O_DIRECTORY);
	char path[PATH_MAX], below[PATH_MAX];

	if (dir < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0; /* not made yet */
	if (dir < 0)
		return err_sys(e, "open %s in the root", name);
	if (fd_path(dir, path, sizeof(path), e) < 0 || fd_path(fd, below, sizeof(below), e) < 0)
		return -e->code;
	return path_covers(path, below);
}

/* A place of the root to mount on: O_PATH. */
struct place {
	int fd;
	bool plain; /* no link led there */
};

/* Whether the place lies where croft's own file system is. */
static int lies_at(const struct work *w, enum own own, const struct place *place, dev_t device, struct err *e)
{
	const struct mounted *m = w->mounted;

	/* Whoever may write in the root may rename what leads to it meanwhile, and no name tells then. */
	if (m->there[own] && m->device[own] == device)
		return 1;
	/* Neither is behind a link, so their names say where they are. */
	if (place->plain && m->there[own] && m->plain[own] && plain_apart(w->op->target, own_place[own]))
		return 0;
	return lies_in(w, own_place[own], place->fd, e);
}

/*
 * A link in the root may lead a mount point into the file systems that croft makes: refused, so that nothing
 * stands over or below /proc, /sys and /dev but what the plan says (CVE-2019-19921, CVE-2023-27561). Compared
 * is where the names lead, since these places may be links themselves.
 */
static int refuse_kernel_place(const struct work *w, const struct place *place, struct err *e)
{
	struct stat st;

	if (fstat(place->fd, &st) < 0)
		return err_sys(e, "look at the mount point");
	for (enum own own = 0; own < OWN_COUNT; own++) {
		int r = path_covers(own_place[own], w->op->target) ? 0 : lies_at(w, own, place, st.st_dev, e);

		if (r < 0)
			return r;
		if (r > 0)
			return err_set(e, EPERM,
				       "the mount point lies in /proc, /sys or /dev of the sandbox");
	}
	return 0;
}

/* The mount point of an operation, made when missing: O_PATH. */
static int mount_point(const struct work *w, bool directory, struct place *ret, struct err *e)
{
	ret->fd = inroot_mount_point(w->root, w->op->target, directory, &ret->plain, e);
	return ret->fd;
}

/* A file that has no place there is left out when it is optional: a host's /etc without /etc/hostname has no
 * mount point for one. */
static bool left_out(const struct plan_op *op, int r)
{
	return (op->kind == OP_CONF || op->kind == OP_TEXT) && op->flags & OPF_OPTIONAL &&
	       (r == -EROFS || r == -EACCES || r == -EPERM || r == -ENOENT);
}

static int bind_at(const struct work *w, int source, unsigned flags, struct err *e)
{
	/* First what can fail without leaving a mount point behind. */
	fd_auto int tree = tree_clone(source, flags, e);
	fd_auto int target = -1;
	struct place place;
	struct stat st;
	int r;

	if (tree < 0)
		return tree;
	if (fstat(tree, &st) < 0)
		return err_sys(e, "look at the source");
	if (S_ISLNK(st.st_mode)) /* of the host, and was none a moment ago */
		return err_set(e, ELOOP, "it is a symbolic link");
	if (w->op->flags & OPF_IDMAP && idmapped_volume(w->idmapper, tree, e) < 0)
		return -e->code;
	target = mount_point(w, S_ISDIR(st.st_mode), &place, e);
	if (target < 0)
		return left_out(w->op, target) ? 0 : target;
	if (refuse_kernel_place(w, &place, e) < 0)
		return -e->code;
	r = tree_attach(tree, target, e);
	if (r == -ENOTDIR || r == -EINVAL)
		return err_set(e, -r, "one of both is a directory, the other is not");
	return r < 0 ? r : mask_cover_all(tree, w->masks, &w->mounted->null, e);
}

static int run_volume(const struct work *w, struct err *e)
{
	const struct plan_op *op = w->op;
	unsigned flags = TREE_NOSUID | TREE_NODEV;

	if (w->source < 0)
		return 0;
	if (op->flags & OPF_READ_ONLY)
		flags |= TREE_READ_ONLY;
	if (op->flags & OPF_NOEXEC)
		flags |= TREE_NOEXEC;
	if (bind_at(w, w->source, flags, e) < 0)
		return err_wrap(e, "volume %s:%s", QUOTE(op->source), QUOTE(op->target));
	return 0;
}

static int run_device(const struct work *w, struct err *e)
{
	const struct plan_op *op = w->op;

	if (dev_bind(w->root, w->source, op->target, e) < 0)
		return err_wrap(e, "device %s:%s", QUOTE(op->source), QUOTE(op->target));
	return 0;
}

static int run_conf(const struct work *w, struct err *e)
{
	const unsigned flags = TREE_NOSUID | TREE_NODEV | TREE_NOEXEC | TREE_READ_ONLY;

	if (w->source < 0)
		return 0;
	return bind_at(w, w->source, flags, e) < 0 ? err_wrap(e, "%s", QUOTE(w->op->target)) : 0;
}

/* The text in a nameless file of the sandbox's /dev tmpfs: bound on the target, then unlinked. */
static int text_file(const struct work *w, struct err *e)
{
	static const char name[] = ".text";
	const int dir = w->mounted->top[OWN_DEV];
	fd_auto int fd = -1;
	int r;

	if (dir < 0)
		return err_set(e, EINVAL, "there is no /dev in this sandbox");
	fd = openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(e, "make a file in /dev");
	r = fd_write_all(fd, w->op->text, strlen(w->op->text));
	if (r == 0 && fchmod(fd, w->op->mode) < 0)
		r = -errno;
	errno = -r;
	r = r < 0 ? err_sys(e, "write a file in /dev")
		  : bind_at(w, fd, TREE_NOSUID | TREE_NODEV | TREE_NOEXEC, e);
	if (unlinkat(dir, name, 0) < 0 && r == 0)
		r = err_sys(e, "unlink a file in /dev");
	return r;
}

static int run_text(const struct work *w, struct err *e)
{
	return text_file(w, e) < 0 ? err_wrap(e, "%s", QUOTE(w->op->target)) : 0;
}

/* The home of a system user may be a directory of the host's system (/usr/sbin, /bin): it stays as it is. */
static int run_dir(const struct work *w, struct err *e)
{
	fd_auto int fd = inroot_directory(w->root, w->op->target, (mode_t)w->op->mode, e);

	if (fd < 0)
		return fd == -EROFS ? 0 : fd;
	if (gifts_give(w->gifts, w->plan, fd, w->plan->gid, e) < 0)
		return err_wrap(e, "%s", QUOTE(w->op->target));
	return 0;
}

/* What is no link on the host. */
static int mirror_mount(const struct work *w, struct err *e)
{
	const struct plan_op *op = w->op;
	fd_auto int fd = fd_open(op->source, O_PATH | O_NOFOLLOW);

	if (fd < 0)
		return err_sys(e, "open the host's %s", QUOTE(op->source));
	return bind_at(w, fd, TREE_NOSUID | TREE_NODEV | TREE_READ_ONLY, e) < 0
		       ? err_wrap(e, "bind the host's %s", QUOTE(op->source))
		       : 0;
}

static int run_mirror(const struct work *w, struct err *e)
{
	const struct plan_op *op = w->op;
	char link[PATH_MAX];
	ssize_t n = readlink(op->source, link, sizeof(link));

	if (n < 0 && errno == ENOENT && op->flags & OPF_OPTIONAL)
		return 0;
	if (n < 0 && errno == EINVAL)
		return mirror_mount(w, e);
	if (n < 0)
		return err_sys(e, "open the host's %s", QUOTE(op->source));
	if ((size_t)n >= sizeof(link))
		return err_set(e, ENAMETOOLONG, "read the host's link %s", QUOTE(op->source));
	link[n] = '\0';
	return inroot_symlink(w->root, link, op->target, e);
}

/* Remembers the file system of croft's own that fd, which it takes, is the top of. */
static int note_own(const struct work *w, enum own own, int fd, bool plain, struct err *e)
{
	fd_auto int top = fd;
	struct stat st;

	if (fstat(top, &st) < 0)
		return err_sys(e, "look at %s of the sandbox", own_place[own]);
	w->mounted->there[own] = true;
	w->mounted->plain[own] = plain;
	w->mounted->device[own] = st.st_dev;
	fd_close(w->mounted->top[own]);
	w->mounted->top[own] = TAKE_FD(top);
	return 0;
}

/* Mounts tree, which it takes, in its place. */
static int attach_kernel_fs(const struct work *w, enum own own, int tree, struct err *e)
{
	fd_auto int owned = tree;
	struct place place;
	fd_auto int dir = tree < 0 ? tree : mount_point(w, true, &place, e);

	if (dir < 0)
		return dir;
	if (tree_attach(owned, dir, e) < 0)
		return err_wrap(e, "%s", QUOTE(w->op->target));
	return note_own(w, own, TAKE_FD(owned), place.plain, e);
}

static int run_proc(const struct work *w, struct err *e)
{
	/* proc(5): the words since Linux 5.8. */
	static const char *const hide[PLAN_HIDEPID_COUNT] = {NULL, "noaccess", "invisible", "ptraceable"};
	const struct plan *p = w->plan;
	struct newfs_option option[3] = {{NULL, NULL}};
	unsigned n = 0;
	int tree;

	if (hide[p->hidepid])
		option[n++] = (struct newfs_option){"hidepid", hide[p->hidepid]};
	if (p->proc_subset_pid)
		option[n++] = (struct newfs_option){"subset", "pid"};
	tree = newfs_make("proc", 0, option, w->op->target, e);
	if (tree == -EPERM)
		err_hint(e, "the kernel gives a new procfs only where the present /proc is not partly "
			    "covered, as "
			    "containers have it: croft doctor");
	return attach_kernel_fs(w, OWN_PROC, tree, e);
}

static int run_sysfs(const struct work *w, struct err *e)
{
	const struct newfs_option none = {NULL, NULL};

	return attach_kernel_fs(w, OWN_SYS, newfs_make("sysfs", TREE_READ_ONLY, &none, w->op->target, e), e);
}

static int run_mqueue(const struct work *w, struct err *e)
{
	fd_auto int dir = inroot_directory(w->root, w->op->target, 0755, e);

	if (dir < 0)
		return dir;
	return fs_mount(dir, "mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, w->op->target, e);
}

static int run_sys_host(const struct work *w, struct err *e)
{
	fd_auto int fd = fd_open("/sys", O_PATH | O_DIRECTORY);

	if (fd < 0)
		return err_sys(e, "open the host's /sys");
	return attach_kernel_fs(
		w, OWN_SYS, tree_clone(fd, TREE_NOSUID | TREE_NODEV | TREE_NOEXEC | TREE_READ_ONLY, e), e);
}

static int run_tmpfs(const struct work *w, struct err *e)
{
	const struct plan_op *op = w->op;
	struct place place;
	fd_auto int dir = mount_point(w, true, &place, e);
	unsigned long flags =
		(op->flags & OPF_NOEXEC ? MS_NOEXEC : 0u) | (op->flags & OPF_READ_ONLY ? MS_RDONLY : 0u);

	if (dir < 0)
		return dir;
	if (refuse_kernel_place(w, &place, e) < 0)
		return -e->code;
	return fs_tmpfs(dir, flags, op->mode, op->size, op->inodes, op->target, e);
}

static int run_dev(const struct work *w, struct err *e)
{
	bool plain;
	int top = dev_make(w->root, w->op->target, &plain, e);

	return top < 0 ? top : note_own(w, OWN_DEV, top, plain, e);
}

static int run_devpts(const struct work *w, struct err *e)
{
	const struct plan *p = w->plan;

	/* croft-gate mounts it where group 5 is the host's, which nobody inside has. */
	return dev_pts(w->root, w->op->target, !p->gate || p->map == PLAN_MAP_NONE, e);
}

/* The file system that a place is in, and the place below it. */
static int mask_base(const struct work *w, const char **ret_place, struct err *e)
{
	const bool proc = text_starts(w->op->target, "/proc/");
	const int base = w->mounted->top[proc ? OWN_PROC : OWN_SYS];

	if (base < 0 || (!proc && !text_starts(w->op->target, "/sys/")))
		return err_set(e, EINVAL, "%s is not in a /proc or /sys of this sandbox",
			       QUOTE(w->op->target));
	*ret_place = w->op->target + (proc ? strlen("/proc/") : strlen("/sys/"));
	return base;
}

static int run_mask(const struct work *w, struct err *e)
{
	const char *place;
	int base = mask_base(w, &place, e), r;

	if (base < 0)
		return base;
	r = mask_cover(base, place, &w->mounted->null, e);
	return r > 0 ? 0 : r;
}

static int run_read_only(const struct work *w, struct err *e)
{
	const char *place;
	int base = mask_base(w, &place, e);

	return base < 0 ? base : mask_read_only(base, place, e);
}

static int (*const run[])(const struct work *, struct err *) = {
	[OP_MIRROR] = run_mirror, [OP_VOLUME] = run_volume, [OP_CONF] = run_conf,
	[OP_DEVICE] = run_device, [OP_TEXT] = run_text,     [OP_DIR] = run_dir,
	[OP_PROC] = run_proc,     [OP_SYSFS] = run_sysfs,   [OP_SYS_HOST] = run_sys_host,
	[OP_TMPFS] = run_tmpfs,   [OP_DEV] = run_dev,       [OP_DEVPTS] = run_devpts,
	[OP_MQUEUE] = run_mqueue, [OP_MASK] = run_mask,     [OP_READ_ONLY] = run_read_only,
};
static_assert(sizeof(run) / sizeof(run[0]) == OP_KIND_COUNT, "a function for each operation");

int ops_run(const struct plan *p, const struct pins *pins, int root, struct gifts *gifts,
	    const struct idmapper *m, struct err *e)
{
	struct mounted mounted = {.top = {-1, -1, -1}, .null = -1};
	int r = 0;

	for (uint32_t i = 0; i < p->ops.count && r >= 0; i++) {
		const struct work w = {.plan = p,
				       .op = &p->ops.item[i],
				       .source = pins->op[i],
				       .masks = pins->masks[i + 1],
				       .root = root,
				       .gifts = gifts,
				       .idmapper = m,
				       .mounted = &mounted};

		r = run[w.op->kind](&w, e);
	}
	for (enum own own = 0; own < OWN_COUNT; own++)
		fd_close(mounted.top[own]);
	fd_close(mounted.null);
	return r < 0 ? r : 0;
}
