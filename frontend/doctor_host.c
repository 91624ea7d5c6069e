#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/arena.h"
#include "common/fd.h"
#include "common/text.h"
#include "frontend/cgroup_place.h"
#include "frontend/doctor.h"
#include "frontend/image.h"
#include "frontend/roots.h"
#include "sandbox/confine.h"
#include "sandbox/landlock.h"
#include "sandbox/fsmount.h"
#include "sandbox/seccomp.h"
#include "sandbox/tree.h"

/* Where children mount what they try: it is there on every host, and hiding it does no harm to them. */
#define TARGET "/proc"

int look_caller(struct doctor *d, struct err *e)
{
	if (caller_get(&d->arena, &d->caller, e) < 0)
		return -e->code;
	if (d->caller.uid == 0) {
		err_set(e, EPERM, "you are root, whose ids croft never gives to a sandbox");
		return err_hint(e, "start it as an ordinary user: runuser -u USER -- croft doctor");
	}
	if (!d->caller.name)
		return found_ok(d, "uid %u, who is not in the user database", d->caller.uid);
	return found_ok(d, "%s, uid %u", QUOTE(d->caller.name), d->caller.uid);
}

int look_kernel(struct doctor *d, struct err *e)
{
	int r = explain_kernel(&d->host, e);

	return r < 0 ? r : found_ok(d, "Linux %s", QUOTE(d->host.release));
}

int look_userns(struct doctor *d, struct err *e)
{
	const struct probe p = {.flags = CLONE_NEWUSER};
	int r = probe_run(&p, e);

	if (r < 0)
		return r;
	d->userns = true;
	if (d->host.max_ns[HOST_USER] == HOST_UNKNOWN)
		return found_ok(d, "allowed");
	return found_ok(d, "allowed (at most %" PRId64 ")%s", d->host.max_ns[HOST_USER],
			d->host.nested ? ", inside of another one" : "");
}

/* --- tried in a child ----------------------------------------------------------- */

/* Each with arguments that the kernel refuses after it has found the call and let us in. */
static const struct {
	const char *name;
	long nr;
	long arg[5];
} call[] = {
	{"clone3", SYS_clone3, {0, 0, 0, 0, 0}},
	{"openat2", SYS_openat2, {-1, 0, 0, 0, 0}},
	{"open_tree", SYS_open_tree, {-1, 0, -1, 0, 0}},
	{"move_mount", SYS_move_mount, {-1, 0, -1, 0, -1}},
	{"mount_setattr", SYS_mount_setattr, {-1, 0, -1, 0, 0}},
	{"close_range", SYS_close_range, {2, 1, 0, 0, 0}},
	{"pidfd_open", SYS_pidfd_open, {-1, 0, 0, 0, 0}},
	{"pidfd_send_signal", SYS_pidfd_send_signal, {-1, 0, 0, 0, 0}},
};

int try_calls(void *ctx, struct err *e)
{
	char missing[256] = "";

	(void)ctx;
	for (size_t i = 0; i < sizeof(call) / sizeof(call[0]); i++) {
		const long *a = call[i].arg;
		size_t used = strlen(missing);

		if (syscall(call[i].nr, a[0], a[1], a[2], a[3], a[4]) < 0 && errno != ENOSYS &&
		    errno != EPERM)
			continue;
		snprintf(missing + used, sizeof(missing) - used, " %s", call[i].name);
	}
	return missing[0] ? err_set(e, ENOSYS, "not usable:%s", missing) : 0;
}

static int open_path(const char *path, struct err *e)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? err_sys(e, "open %s", QUOTE(path)) : fd;
}

static int bind(const char *path, struct err *e)
{
	fd_auto int from = open_path(path, e);
	fd_auto int target = from < 0 ? -1 : open_path(TARGET, e);
	fd_auto int tree = target < 0 ? -1 : tree_clone(from, TREE_READ_ONLY | TREE_NOSUID | TREE_NODEV, e);
	int r = tree < 0 ? -e->code : tree_attach(tree, target, e);

	return r < 0 ? err_wrap(e, "bind %s", QUOTE(path)) : 0;
}

int try_trees(void *ctx, struct err *e)
{
	(void)ctx;
	return bind("/usr", e) < 0 || bind("/sys", e) < 0 ? -e->code : 0;
}

static int mount_on_target(const char *type, unsigned long flags, const char *data, struct err *e)
{
	fd_auto int target = open_path(TARGET, e);

	return target < 0 ? target : fs_mount(target, type, MS_NOSUID | MS_NOEXEC | flags, data, TARGET, e);
}

int try_proc(void *ctx, struct err *e)
{
	(void)ctx;
	return mount_on_target("proc", MS_NODEV, NULL, e);
}

int try_sysfs(void *ctx, struct err *e)
{
	(void)ctx;
	return mount_on_target("sysfs", MS_NODEV, NULL, e);
}

int try_tmpfs(void *ctx, struct err *e)
{
	(void)ctx;
	return mount_on_target("tmpfs", MS_NODEV, "mode=0755,size=65536,nr_inodes=16", e);
}

int try_mqueue(void *ctx, struct err *e)
{
	(void)ctx;
	return mount_on_target("mqueue", MS_NODEV, NULL, e);
}

int try_terminal(void *ctx, struct err *e)
{
	fd_auto int master = -1, slave = -1;
	int unlock = 0, r;

	(void)ctx;
	r = mount_on_target("devpts", 0, "newinstance,ptmxmode=0666,mode=0620", e);
	if (r < 0)
		return r;
	master = open(TARGET "/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (master < 0)
		return err_sys(e, "open the ptmx of a new devpts");
	if (ioctl(master, TIOCSPTLCK, &unlock) < 0)
		return err_sys(e, "unlock a new terminal");
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	return slave < 0 ? err_sys(e, "open a new terminal") : 0;
}

/* That a file of the lower directory can be removed shows more than the mount: whiteouts work. */
int try_overlay(void *ctx, struct err *e)
{
	fd_auto int file = -1;

	(void)ctx;
	if (try_tmpfs(NULL, e) < 0)
		return -e->code;
	if (chdir(TARGET) < 0 || mkdir("lower", 0755) < 0 || mkdir("upper", 0755) < 0 ||
	    mkdir("work", 0755) < 0 || mkdir("merged", 0755) < 0)
		return err_sys(e, "make the directories of an overlay");
	file = open("lower/file", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (file < 0)
		return err_sys(e, "make a file below an overlay");
	if (mount("overlay", "merged", "overlay", MS_NOSUID | MS_NODEV,
		  "lowerdir=lower,upperdir=upper,workdir=work,userxattr") < 0)
		return err_sys(e, "mount an overlay");
	return unlink("merged/file") < 0 ? err_sys(e, "remove a file of an overlay") : 0;
}

int try_keyring(void *ctx, struct err *e)
{
	(void)ctx;
	return confine_keyring(e);
}

int try_filter(void *ctx, struct err *e)
{
	const struct plan p = {.seccomp = PLAN_SECCOMP_DEFAULT};

	(void)ctx;
	if (seccomp_available(e) < 0)
		return -e->code;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(e, "set no_new_privs");
	return confine_seccomp(&p, e);
}

/* --- the root ------------------------------------------------------------------- */

/* Whether the tree at path has a program to start, as seen from inside. */
static int has_shell(int root, const char *path, struct err *e)
{
	static const char *const shell[] = {"bin/bash", "bin/sh"};

	for (size_t i = 0; i < sizeof(shell) / sizeof(shell[0]); i++) {
		fd_auto int fd =
			fd_openat2(root, shell[i], O_PATH, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);

		if (fd >= 0)
			return 0;
	}
	err_set(e, ENOENT, "%s has neither /bin/bash nor /bin/sh", QUOTE(path));
	return err_hint(e, "name the command to start, or make a root with: croft root build DIR bash");
}

static int try_root(void *ctx, struct err *e)
{
	return bind(ctx, e);
}

int look_root(struct doctor *d, struct err *e)
{
	char space[2 * PATH_MAX];
	struct arena a = {.base = space, .size = sizeof(space)};
	struct probe p = {.flags = CLONE_NEWUSER | CLONE_NEWNS, .run = try_root};
	enum plan_root kind;
	const char *path;
	fd_auto int root = -1;

	if (roots_find(d->root, &a, &kind, &path, e) < 0)
		return -e->code;
	if (kind == PLAN_ROOT_HOST)
		return found_ok(d, "the host's own");
	if (kind != PLAN_ROOT_DIR)
		return image_find(kind, &path, e) < 0 || image_device(e) < 0
			       ? -e->code
			       : found_ok(d, "an image that %s reads", path);
	root = open_path(path, e);
	if (root < 0)
		return root;
	p.ctx = (void *)(uintptr_t)path;
	if (d->userns && probe_run(&p, e) < 0)
		return -e->code;
	if (has_shell(root, path, e) < 0)
		return found_warn(d, e);
	return found_ok(d, "%s can be entered", QUOTE(path));
}

/* --- landlock --------------------------------------------------------------------- */

int look_landlock(struct doctor *d, struct err *e)
{
	int abi = landlock_abi();
	const char *lacks = landlock_lacks(abi);

	if (!lacks[0])
		return found_ok(d, "version %d: files, mounts and TCP ports", abi);
	if (abi > 0) {
		err_set(e, ENOSYS, "version %d, without %s", abi, lacks);
		err_hint(e, "start a newer kernel: Linux 6.7 has all that croft uses");
	} else {
		err_set(e, ENOSYS, "not there, or switched off");
		err_hint(
			e,
			"a kernel with CONFIG_SECURITY_LANDLOCK=y, and landlock in lsm= of its command line");
	}
	return found_warn(d, e);
}

/* --- cgroup ----------------------------------------------------------------------- */

int look_cgroup(struct doctor *d, struct err *e)
{
	bool v2 = access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0;
	bool mixed = access("/sys/fs/cgroup/unified/cgroup.controllers", F_OK) == 0;
	bool v1 = access("/sys/fs/cgroup", F_OK) == 0;

	(void)e;
	return found_ok(d, "%s",
			v2      ? "version 2 alone"
			: mixed ? "version 1, and version 2 beside it"
			: v1    ? "version 1 alone"
				: "not mounted");
}

/* Of memory, processor, processes and disk; what needs no cgroup works everywhere. */
int look_limits(struct doctor *d, struct err *e)
{
	static struct cgroup_facts f;
	static const char *const way_word[CGROUP_WAYS] = {"", "in the cgroup above yours",
							  "in the cgroup you are in",
							  "in a scope of your user manager"};
	unsigned can = 0, cannot = 0;
	enum cgroup_way way = CGROUP_NONE;
	char list[CGROUP_LIST_MAX];

	cgroup_facts_read(&f);
	for (int i = 0; i < CGROUP_CONTROLLERS; i++) {
		struct err each = {.code = 0};

		if (cgroup_choose(&f, CGROUP_BIT(i), &way, &each) == 0)
			can |= CGROUP_BIT(i);
		else
			cannot |= CGROUP_BIT(i);
	}
	if (!cannot)
		return found_ok(d, "%s, %s", cgroup_list(can, "", list), way_word[way]);
	cgroup_choose(&f, cannot, &way, e);
	return can ? err_wrap(e, "%s only", cgroup_list(can, "", list)) : -e->code;
}
