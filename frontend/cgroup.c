#include "frontend/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/text.h"
#include "frontend/cgroup_place.h"
#include "frontend/cgroup_scope.h"

enum {
	NAMES_MAX = 100, /* tries for a name that is free */
	RETRIES = 200,   /* of PAUSE_NS: a process that has ended is still in its cgroup for a moment */
	PAUSE_NS = 5000000,
	SWEEP_MAX = 4096, /* directory entries looked at */
};

static const char prefix[] = "croft-", box_name[] = "box";

static void pause_a_little(void)
{
	nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
}

static int write_file(int dir, const char *name, const char *value)
{
	fd_auto int fd = openat(dir, name, O_WRONLY | O_CLOEXEC);
	size_t n = strlen(value);

	if (fd < 0)
		return -errno;
	return write(fd, value, n) == (ssize_t)n ? 0 : -errno;
}

/* --- removing ------------------------------------------------------------------------------------ */

static int remove_dir(int base, const char *name)
{
	for (int i = 0; unlinkat(base, name, AT_REMOVEDIR) < 0; i++) {
		if (errno != EBUSY || i == RETRIES)
			return -errno;
		pause_a_little();
	}
	return 0;
}

/*
 * Where base was our own cgroup: as it was before. Controllers are taken back only when no other croft has a
 * cgroup here, whose limits would be gone (it holds a shared lock).
 */
static void move_back(const struct cgroup *c)
{
	char take[CGROUP_LIST_MAX];

	if (flock(c->base, LOCK_EX | LOCK_NB) < 0)
		return;
	if (c->enabled)
		write_file(c->base, "cgroup.subtree_control", cgroup_list(c->enabled, "-", take));
	if (write_file(c->base, "cgroup.procs", "0") == 0)
		remove_dir(c->base, c->leaf);
}

static void undo(void *ctx)
{
	const struct cgroup *c = ctx;

	if (c->limits >= 0) {
		remove_dir(c->limits, box_name);
		remove_dir(c->base, c->name);
	}
	if (c->leaf[0])
		move_back(c);
}

/* What a croft left that was killed together with its keeper. Who lives holds a lock on the directory. */
static void sweep(int base)
{
	int copy = openat(base, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* of d */
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;

	if (!d) {
		fd_close(copy);
		return;
	}
	for (int i = 0; i < SWEEP_MAX && (entry = readdir(d)); i++) {
		fd_auto int dir = -1;

		if (!text_starts(entry->d_name, prefix))
			continue;
		dir = openat(base, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (dir < 0 || flock(dir, LOCK_EX | LOCK_NB) < 0)
			continue;
		unlinkat(dir, box_name, AT_REMOVEDIR);
		unlinkat(base, entry->d_name, AT_REMOVEDIR);
	}
	closedir(d);
}

/* --- making ------------------------------------------------------------------------------------------- */

/*
 * A fresh directory in base with our lock on it, and its name. One that a sweeping croft takes away before it
 * is locked is made again. Returns a descriptor.
 */
static int make_dir(int base, char name[CGROUP_NAME_MAX], struct err *e)
{
	for (int i = 0; i < NAMES_MAX; i++) {
		fd_auto int fd = -1;
		struct stat st;

		if (i == 0)
			snprintf(name, CGROUP_NAME_MAX, "%s%d", prefix, getpid());
		else
			snprintf(name, CGROUP_NAME_MAX, "%s%d.%d", prefix, getpid(), i);
		if (mkdirat(base, name, 0755) < 0) {
			if (errno == EEXIST)
				continue;
			err_sys(e, "make the cgroup %s", name);
			name[0] = '\0';
			return -e->code;
		}
		fd = openat(base, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) == 0 && fstatat(base, name, &st, 0) == 0)
			return TAKE_FD(fd);
		unlinkat(base, name, AT_REMOVEDIR);
	}
	name[0] = '\0';
	return err_set(e, EEXIST, "make a cgroup: no name is free");
}

/* Should: croft is in a cgroup below base, which then may have controllers for those below it. */
static int step_down(struct cgroup *c, struct err *e)
{
	fd_auto int leaf = make_dir(c->base, c->leaf, e);
	int r = leaf < 0 ? leaf : write_file(leaf, "cgroup.procs", "0");

	if (leaf >= 0 && r < 0) {
		unlinkat(c->base, c->leaf, AT_REMOVEDIR);
		c->leaf[0] = '\0';
		return err_set(e, -r, "move croft into a cgroup below its own: %s", strerror(-r));
	}
	return r;
}

static int enable(struct cgroup *c, unsigned controllers, struct err *e)
{
	char give[CGROUP_LIST_MAX];
	int r;

	if (!controllers)
		return 0;
	cgroup_list(controllers, "+", give);
	r = write_file(c->base, "cgroup.subtree_control", give);
	if (r < 0)
		return err_set(e, -r, "give a cgroup the controllers %s: %s", give, strerror(-r));
	c->enabled = controllers;
	return 0;
}

/* Whether there is swap that could be used; /proc/swaps has a line above the first device. */
static bool has_swap(void)
{
	char text[1024];
	fd_auto int fd = open("/proc/swaps", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	text[n < 0 ? 0 : n] = '\0';
	return strchr(text, '\n') && strchr(text, '\n')[1];
}

static int set_limit(int dir, const struct cgroup_setting *s, struct err *e)
{
	const char *file = s->file;
	int r = write_file(dir, file, s->value);

	if (r == -ENOENT && s->other) {
		file = s->other;
		r = write_file(dir, file, s->other_value);
	}
	if (r == -ENOENT && !strcmp(file, "memory.swap.max") && !has_swap())
		return 0; /* a kernel that does not count swap, and nothing to count */
	if (r == -ENOENT) {
		err_set(e, ENOTSUP, "limit %s: this kernel has no %s", cgroup_word[s->controller], s->file);
		if (s->controller == CGROUP_IO)
			return err_hint(
				e, "sudo modprobe bfq, and choose that scheduler for the disk; or a kernel "
				   "built with CONFIG_BLK_CGROUP_IOCOST=y");
		return err_hint(e, "add swapaccount=1 to the kernel's command line and start anew");
	}
	return r < 0 ? err_set(e, -r, "set %s to %s: %s", file, s->value, strerror(-r)) : 0;
}

static int make_limits(const struct plan *p, struct cgroup *c, struct err *e)
{
	struct cgroup_setting s[CGROUP_SETTINGS_MAX];
	int n = cgroup_settings(p, s);

	c->limits = make_dir(c->base, c->name, e);
	if (c->limits < 0)
		return c->limits;
	for (int i = 0; i < n; i++)
		if (set_limit(c->limits, &s[i], e) < 0)
			return -e->code;
	if (mkdirat(c->limits, box_name, 0755) < 0)
		return err_sys(e, "make the cgroup %s/%s", c->name, box_name);
	c->box = openat(c->limits, box_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return c->box < 0 ? err_sys(e, "open the cgroup %s/%s", c->name, box_name) : 0;
}

/* Opens base; a shared lock says that its controllers are needed. */
static int open_base(const struct cgroup_facts *f, bool parent, struct cgroup *c, struct err *e)
{
	char dir[PATH_MAX], path[PATH_MAX];

	snprintf(path, sizeof(path), "%s", f->own);
	if (parent)
		*strrchr(path, '/') = '\0';
	if (cgroup_dir(f->at, f->root, path, dir, sizeof(dir)) < 0)
		return err_set(e, ENAMETOOLONG, "the cgroup %s has too long a path", QUOTE(path));
	c->base = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (c->base < 0)
		return err_sys(e, "open the cgroup %s", QUOTE(dir));
	for (int i = 0; flock(c->base, LOCK_SH | LOCK_NB) < 0; i++) {
		if (i == RETRIES)
			return err_sys(e, "lock the cgroup %s", QUOTE(dir));
		pause_a_little();
	}
	return 0;
}

static int make(const struct plan *p, struct cgroup *c, struct err *e)
{
	static struct cgroup_facts f;
	const unsigned need = cgroup_needs(p);
	enum cgroup_way way;
	const struct cgroup_base *b;

	if (!need)
		return 0;
	cgroup_facts_read(&f);
	if (cgroup_choose(&f, need, &way, e) < 0)
		return -e->code;
	c->scope = way == CGROUP_SCOPE;
	if (c->scope && scope_enter(need, &f, e) < 0)
		return -e->code;
	b = way == CGROUP_PARENT ? &f.parent : &f.self;
	if (open_base(&f, way == CGROUP_PARENT, c, e) < 0)
		return -e->code;
	sweep(c->base);
	if (way != CGROUP_PARENT && step_down(c, e) < 0)
		return -e->code;
	if (enable(c, need & ~b->given, e) < 0 || make_limits(p, c, e) < 0)
		return -e->code;
	return c->scope ? 0 : keeper_start(&c->keeper, (const int[]){c->base, c->limits}, 2, undo, c, e);
}

int cgroup_make(const struct plan *p, struct cgroup *ret, struct err *e)
{
	int r;

	*ret = (struct cgroup){.box = -1, .limits = -1, .base = -1};
	r = make(p, ret, e);
	if (r < 0)
		cgroup_end(ret);
	return r;
}

/* --- afterwards --------------------------------------------------------------------------------------- */

static uint64_t read_event(int dir, const char *file, const char *key)
{
	char text[512];
	fd_auto int fd = openat(dir, file, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : fd_read_all(fd, text, sizeof(text) - 1);

	text[n < 0 ? 0 : n] = '\0';
	return cgroup_event(text, key);
}

void cgroup_hits(const struct cgroup *c, struct cgroup_hits *ret)
{
	*ret = (struct cgroup_hits){0};
	if (c->limits < 0)
		return;
	ret->killed = read_event(c->limits, "memory.events", "oom_kill");
	ret->refused = read_event(c->limits, "pids.events", "max");
}

void cgroup_end(struct cgroup *c)
{
	keeper_end(&c->keeper);
	if (c->base >= 0)
		undo(c);
	fd_close(c->box);
	fd_close(c->limits);
	fd_close(c->base);
	c->box = c->limits = c->base = -1;
}
