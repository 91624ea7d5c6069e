#include "frontend/cgroup_place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/text.h"

enum { FILE_MAX = 1 << 16 };

/* --- choosing ---------------------------------------------------------------------------------- */

#define LIST(controllers) cgroup_list((controllers), "", (char[CGROUP_LIST_MAX]){""})
#define DELEGATE                                                                                             \
	"sudo mkdir -p /etc/systemd/system/user@.service.d && printf '[Service]\\nDelegate=cpu cpuset io "   \
	"memory pids\\n' | sudo tee /etc/systemd/system/user@.service.d/delegate.conf && sudo systemctl "    \
	"daemon-reload, then log in again"

static bool serves(const struct cgroup_base *b, unsigned need)
{
	return b->writable && b->delegated && !(need & ~b->have) && (!(need & ~b->given) || !b->busy);
}

static int no_hierarchy(const struct cgroup_facts *f, unsigned need, struct err *e)
{
	if (!f->mounted)
		err_set(e, ENOTSUP, "limit %s: cgroup version 2 is not mounted on this host", LIST(need));
	else
		err_set(e, ENOTSUP,
			"limit %s: on this host cgroup version 1 has %s (a hybrid layout), and version 1 "
			"cannot be "
			"delegated to users",
			LIST(need), LIST(need & f->v1));
	return err_hint(e,
			"add systemd.unified_cgroup_hierarchy=1 to the kernel's command line and start anew; "
			"--ulimit, --timeout and --nice work without cgroups");
}

static int no_controller(const struct cgroup_facts *f, unsigned need, struct err *e)
{
	unsigned missing = need & ~f->kernel;

	err_set(e, ENOTSUP, "limit %s: this kernel has no cgroup controller %s", LIST(need), LIST(missing));
	if (missing & CGROUP_BIT(CGROUP_MEMORY))
		return err_hint(e, "add cgroup_enable=memory to the kernel's command line and start anew");
	return err_hint(e, "start a kernel built with CONFIG_CGROUPS and its controllers");
}

/* A directory that would do, were it not for one thing. */
static int no_directory(const struct cgroup_facts *f, unsigned need, struct err *e)
{
	const struct cgroup_base *b = f->self.writable && f->self.delegated ? &f->self : &f->parent;

	if (need & ~b->have) {
		err_set(e, ENOTSUP, "limit %s: the cgroup %s, which is delegated to you, was not given %s",
			LIST(need), QUOTE(f->own), LIST(need & ~b->have));
		return err_hint(e, "in the unit: Delegate=cpu cpuset io memory pids");
	}
	err_set(e, ENOTSUP,
		"limit %s: other processes are in the cgroup %s, which is delegated to you, so that it can "
		"have "
		"no cgroups with limits below",
		LIST(need), QUOTE(f->own));
	return err_hint(e,
			"move them into a cgroup below it (in a unit: DelegateSubgroup=main), or start croft "
			"in a cgroup of its own: systemd-run --user --scope -p Delegate=yes croft ...");
}

static bool any_directory(const struct cgroup_facts *f)
{
	return (f->self.writable && f->self.delegated) || (f->parent.writable && f->parent.delegated);
}

int cgroup_choose(const struct cgroup_facts *f, unsigned need, enum cgroup_way *ret, struct err *e)
{
	if (need && (!f->mounted || need & f->v1))
		return no_hierarchy(f, need, e);
	if (need & ~f->kernel)
		return no_controller(f, need, e);
	if (!need)
		*ret = CGROUP_NONE;
	else if (serves(&f->parent, need))
		*ret = CGROUP_PARENT;
	else if (serves(&f->self, need))
		*ret = CGROUP_SELF;
	else if (f->bus && !(f->manager_seen && need & ~f->manager))
		*ret = CGROUP_SCOPE;
	else if (any_directory(f))
		return no_directory(f, need, e);
	else if (f->bus) {
		err_set(e, ENOTSUP, "limit %s: your user manager of systemd was not given the controller %s",
			LIST(need), LIST(need & ~f->manager));
		return err_hint(e, DELEGATE);
	} else {
		err_set(e, ENOTSUP,
			"limit %s: no cgroup is delegated to you: you are in %s, and no user manager of "
			"systemd "
			"answers at /run/user/%u",
			LIST(need), QUOTE(f->own), f->uid);
		return err_hint(
			e,
			"sudo loginctl enable-linger %u (packages libpam-systemd, dbus-user-session); "
			"or in a service: Delegate=yes",
			f->uid);
	}
	return 0;
}

/* --- looking ------------------------------------------------------------------------------------ */

/* The beginning of a file as a string; false, and "", where it cannot be read. */
static bool read_text(int dir, const char *name, char *buf, size_t size)
{
	fd_auto int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : fd_read_all(fd, buf, size - 1);

	if (n == -EFBIG)
		n = (ssize_t)size - 1;
	buf[n < 0 ? 0 : n] = '\0';
	return n >= 0;
}

static unsigned read_controllers(int dir, const char *name)
{
	char text[512];

	return read_text(dir, name, text, sizeof(text)) ? cgroup_controllers(text) : 0;
}

/* Whether somebody else than this process is in it; a process of another pid namespace shows as 0. */
static bool has_others(int dir)
{
	char text[256], own[24];

	if (!read_text(dir, "cgroup.procs", text, sizeof(text)))
		return true;
	snprintf(own, sizeof(own), "%d\n", getpid());
	return text[0] && strcmp(text, own) != 0;
}

/*
 * What lies below the user manager is the manager's to divide, unless it says that it gave it away: it would
 * take controllers back from a cgroup that it does not know. It says so by an extended attribute (systemd
 * 251).
 */
static bool is_delegated(int dir, const char *path)
{
	char yes[2] = "";

	if (!cgroup_is_managers(path))
		return true;
	return fgetxattr(dir, "user.delegate", yes, sizeof(yes)) == 1 && yes[0] == '1';
}

static void look_at(const char *dir, const char *path, struct cgroup_base *ret)
{
	fd_auto int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	*ret = (struct cgroup_base){.writable = false};
	if (fd < 0)
		return;
	ret->writable = faccessat(fd, ".", W_OK, AT_EACCESS) == 0 &&
			faccessat(fd, "cgroup.procs", W_OK, AT_EACCESS) == 0 &&
			faccessat(fd, "cgroup.subtree_control", W_OK, AT_EACCESS) == 0;
	ret->delegated = is_delegated(fd, path);
	ret->busy = has_others(fd);
	ret->have = read_controllers(fd, "cgroup.controllers");
	ret->given = read_controllers(fd, "cgroup.subtree_control");
}

static void look_at_parent(struct cgroup_facts *f)
{
	char path[PATH_MAX], dir[PATH_MAX];
	char *slash;

	snprintf(path, sizeof(path), "%s", f->own);
	slash = strrchr(path, '/');
	if (!slash || slash == path)
		return; /* the parent is the root, which is nobody's but root's */
	*slash = '\0';
	if (cgroup_dir(f->at, f->root, path, dir, sizeof(dir)) == 0)
		look_at(dir, path, &f->parent);
}

static void look_at_manager(struct cgroup_facts *f)
{
	char dir[PATH_MAX], path[128];
	fd_auto int fd = -1;

	snprintf(path, sizeof(path), "/user.slice/user-%u.slice/user@%u.service", f->uid, f->uid);
	if (cgroup_dir(f->at, f->root, path, dir, sizeof(dir)) < 0)
		return;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	f->manager_seen = true;
	f->manager = read_controllers(fd, "cgroup.controllers");
}

static bool is_own_socket(const char *path, uint32_t uid)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISSOCK(st.st_mode) && st.st_uid == uid;
}

static bool find_bus(uint32_t uid)
{
	const char *dir = getenv("XDG_RUNTIME_DIR");
	char path[PATH_MAX];

	if (dir && snprintf(path, sizeof(path), "%s/bus", dir) < (int)sizeof(path) &&
	    is_own_socket(path, uid))
		return true;
	snprintf(path, sizeof(path), "/run/user/%u/bus", uid);
	return is_own_socket(path, uid);
}

static void look_at_root(struct cgroup_facts *f)
{
	fd_auto int fd = open(f->at, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	/* The root of the mount is that of the hierarchy unless this is a container. */
	f->kernel = ~0U;
	if (fd >= 0 && !strcmp(f->root, "/"))
		f->kernel = read_controllers(fd, "cgroup.controllers") | f->v1;
}

void cgroup_facts_read(struct cgroup_facts *ret)
{
	static char text[FILE_MAX];
	char dir[PATH_MAX];

	*ret = (struct cgroup_facts){.uid = geteuid()};
	if (read_text(AT_FDCWD, "/proc/self/cgroup", text, sizeof(text))) {
		ret->v1 = cgroup_v1(text);
		if (cgroup_own(text, ret->own, sizeof(ret->own)) < 0)
			return;
	}
	if (!read_text(AT_FDCWD, "/proc/self/mountinfo", text, sizeof(text)) ||
	    cgroup_mounted(text, ret->at, ret->root, sizeof(ret->at)) < 0)
		return;
	ret->mounted = true;
	look_at_root(ret);
	if (cgroup_dir(ret->at, ret->root, ret->own, dir, sizeof(dir)) == 0)
		look_at(dir, ret->own, &ret->self);
	look_at_parent(ret);
	look_at_manager(ret);
	ret->bus = find_bus(ret->uid);
}
