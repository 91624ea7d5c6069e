#include "policy/load.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/dir.h"
#include "common/fd.h"
#include "common/text.h"
#include "policy/names.h"
#include "policy/parse.h"

enum { OVERFLOW_UID = 65534, PATH_SIZE = 4096 };

struct source {
	const char *path;
	const char *text;
	size_t size;
};

struct loader {
	struct arena *a;
	struct err *e;
	size_t bytes; /* of all sources */
	size_t n;
	bool trusted; /* the files need not be root's: FILE of `croft policy check` */
	struct source source[POLICY_FILES_MAX];
};

/* ---- whose it is ---- */

static int bad_owner(const char *path, const struct stat *st, struct err *e)
{
	err_set(e, EPERM,
		"%s belongs to uid %u: the policy is valid only where it and every directory above it "
		"belong to root",
		QUOTE(path), (unsigned)st->st_uid);
	if (st->st_uid == OVERFLOW_UID)
		return err_hint(
			e,
			"uid %d is what a user namespace shows for ids it does not map: inside this one "
			"the owner of the policy cannot be verified",
			OVERFLOW_UID);
	return err_hint(e, "chown root %s", QUOTE(path));
}

static int check_owner(int fd, const char *path, struct stat *st, struct err *e)
{
	if (fstat(fd, st) < 0)
		return err_sys(e, "look at %s", QUOTE(path));
	if (st->st_uid != 0)
		return bad_owner(path, st, e);
	if (st->st_mode & (S_IWGRP | S_IWOTH)) {
		err_set(e, EPERM, "%s may be written by others than root (mode %04o)", QUOTE(path),
			(unsigned)st->st_mode & 07777);
		return err_hint(e, "chmod go-w %s", QUOTE(path));
	}
	return 0;
}

static int cannot_open(const char *path, struct err *e)
{
	if (errno == ELOOP || errno == ENOTDIR)
		return err_set(e, errno,
			       "%s is a symbolic link or not of the expected type: the policy is not read "
			       "through links",
			       QUOTE(path));
	if (errno == EACCES) {
		err_sys(e, "open %s", QUOTE(path));
		return err_hint(e,
				"everyone who may use croft must be able to read the policy: chmod a+rX %s",
				QUOTE(path));
	}
	return err_sys(e, "open %s", QUOTE(path));
}

/*
 * Opens a directory, component by component from / on, each one root's. Returns a descriptor (O_PATH),
 * -ENOENT without a sentence when a component does not exist, or -errno.
 */
static int walk(const char *dir, struct err *e)
{
	fd_auto int fd = openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char path[PATH_SIZE];
	const char *p = dir, *c;
	struct stat st;
	size_t len;
	int r;

	if (fd < 0)
		return err_sys(e, "open /");
	r = check_owner(fd, "/", &st, e);
	while (r == 0 && (c = path_next(&p, &len))) {
		size_t upto = (size_t)(p - dir);
		int next;

		if (upto >= sizeof(path))
			return err_set(e, ENAMETOOLONG, "the path of the policy is too long");
		memcpy(path, dir, upto);
		path[upto] = '\0';
		next = openat(fd, path + (c - dir), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0)
			return errno == ENOENT ? -ENOENT : cannot_open(path, e);
		fd_close(fd);
		fd = next;
		r = check_owner(fd, path, &st, e);
	}
	return r < 0 ? r : TAKE_FD(fd);
}

/* ---- reading ---- */

static const char *join(struct arena *a, const char *dir, const char *name)
{
	size_t n = strlen(dir), m = strlen(name);
	char *path = arena_alloc(a, n + m + 2);

	if (!path)
		return NULL;
	memcpy(path, dir, n);
	path[n] = '/';
	memcpy(path + n + 1, name, m);
	return path;
}

static int no_memory(struct loader *l)
{
	return err_set(l->e, ENOMEM, "the policy does not fit into the memory set aside");
}

static int read_source(struct loader *l, int fd, const char *path)
{
	struct stat st;
	char *text;
	ssize_t n;
	int r = 0;

	if (!l->trusted)
		r = check_owner(fd, path, &st, l->e);
	else if (fstat(fd, &st) < 0)
		r = err_sys(l->e, "look at %s", QUOTE(path));
	if (r < 0)
		return r;
	if (!S_ISREG(st.st_mode))
		return err_set(l->e, EINVAL, "%s is not a regular file", QUOTE(path));
	if (st.st_size < 0 || (size_t)st.st_size > POLICY_BYTES_MAX - l->bytes)
		return err_set(l->e, EFBIG, "%s: the policy is larger than %d bytes", QUOTE(path),
			       POLICY_BYTES_MAX);
	text = arena_alloc(l->a, (size_t)st.st_size + 1);
	if (!text)
		return no_memory(l);
	n = fd_read_all(fd, text, (size_t)st.st_size);
	if (n < 0)
		return err_set(l->e, (int)-n, "read %s: %s", QUOTE(path), strerror((int)-n));
	l->bytes += (size_t)n;
	l->source[l->n++] = (struct source){path, text, (size_t)n};
	return 0;
}

/* Returns 0, -ENOENT without a sentence when there is no such file, or -errno. */
static int add_file(struct loader *l, int dirfd, const char *name, const char *path)
{
	/* O_NONBLOCK: a FIFO must not hold us for ever. */
	int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | (l->trusted ? 0 : O_NOFOLLOW);
	fd_auto int fd = -1;

	if (!path)
		return no_memory(l);
	if (l->n == POLICY_FILES_MAX)
		return err_set(l->e, E2BIG, "%s: more than %d policy files", QUOTE(path), POLICY_FILES_MAX);
	fd = openat(dirfd, name, flags);
	if (fd < 0)
		return errno == ENOENT ? -ENOENT : cannot_open(path, l->e);
	return read_source(l, fd, path);
}

/* ---- policy.d ---- */

struct name_list {
	const char *name[POLICY_FILES_MAX];
	size_t n;
};

static bool counts(const char *name)
{
	size_t n = strlen(name);

	return name[0] != '.' && n > 5 && !strcmp(name + n - 5, ".conf");
}

struct listing {
	struct loader *l;
	struct name_list *list;
	bool said; /* what failed is in l->e */
};

static int add_name(void *ctx, const char *name)
{
	struct listing *g = ctx;
	struct name_list *list = g->list;

	if (!counts(name))
		return 0;
	g->said = true;
	if (list->n == POLICY_FILES_MAX)
		return err_set(g->l->e, E2BIG, "more than %d policy files", POLICY_FILES_MAX);
	list->name[list->n] = arena_copy(g->l->a, name, strlen(name));
	if (!list->name[list->n++])
		return no_memory(g->l);
	g->said = false;
	return 0;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int list_dir(struct loader *l, int fd, const char *path, struct name_list *list)
{
	struct listing g = {.l = l, .list = list};
	int r = dir_each(fd, add_name, &g);

	if (r < 0)
		return g.said ? r : err_set(l->e, -r, "list %s: %s", QUOTE(path), strerror(-r));
	qsort(list->name, list->n, sizeof(list->name[0]), by_bytes);
	return 0;
}

static int add_dropins(struct loader *l, int dirfd, const char *dir)
{
	fd_auto int fd = -1;
	const char *path = join(l->a, dir, "policy.d");
	struct name_list list = {.n = 0};
	struct stat st;
	int r;

	if (!path)
		return no_memory(l);
	fd = openat(dirfd, "policy.d", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : cannot_open(path, l->e);
	r = check_owner(fd, path, &st, l->e);
	if (r == 0)
		r = list_dir(l, fd, path, &list);
	for (size_t i = 0; r == 0 && i < list.n; i++) {
		const char *file = join(l->a, path, list.name[i]);

		r = add_file(l, fd, list.name[i], file);
		if (r == -ENOENT)
			r = err_set(l->e, ENOENT, "%s was removed meanwhile", QUOTE(file));
	}
	return r;
}

/* ---- rules ---- */

static int parse_sources(struct loader *l, struct policy *ret)
{
	struct policy_rules rules = {.n = 0};
	struct policy_resolver resolver;
	struct names names;
	size_t lines = 0;
	int r = 0;

	for (size_t i = 0; i < l->n; i++)
		lines += policy_count_lines(l->source[i].text, l->source[i].size);
	rules.max = lines < POLICY_RULES_MAX ? lines : POLICY_RULES_MAX;
	rules.rule = arena_array(l->a, rules.max, sizeof(*rules.rule));
	if (!rules.rule)
		return no_memory(l);
	names_init(&names, "/etc/passwd", "/etc/group");
	resolver = names_resolver(&names);
	for (size_t i = 0; r == 0 && i < l->n; i++)
		r = policy_parse(l->source[i].text, l->source[i].size, l->source[i].path, &resolver, l->a,
				 &rules, l->e);
	names_close(&names);
	if (r == 0)
		*ret = (struct policy){.rule = rules.rule, .nrules = rules.n};
	return r;
}

static int load_built_in(struct loader *l, struct policy *ret)
{
	int r;

	l->source[l->n++] = (struct source){"built-in policy", policy_built_in, strlen(policy_built_in)};
	r = parse_sources(l, ret);
	if (r == 0)
		ret->built_in = true;
	return r;
}

static int load_dir(struct loader *l, const char *dir)
{
	fd_auto int fd = walk(dir, l->e);
	int r;

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	r = add_file(l, fd, "policy.conf", join(l->a, dir, "policy.conf"));
	if (r < 0 && r != -ENOENT)
		return r;
	return add_dropins(l, fd, dir);
}

int policy_load_from(const char *dir, struct arena *a, struct policy *ret, struct err *e)
{
	struct loader l = {.a = a, .e = e};
	int r = load_dir(&l, dir);

	if (r == 0)
		r = l.n ? parse_sources(&l, ret) : load_built_in(&l, ret);
	return r;
}

int policy_load(struct arena *a, struct policy *ret, struct err *e)
{
	return policy_load_from(SYSCONFDIR "/croft", a, ret, e);
}

int policy_load_files(const char *const *file, size_t n, struct arena *a, struct policy *ret, struct err *e)
{
	struct loader l = {.a = a, .e = e, .trusted = true};
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		r = add_file(&l, AT_FDCWD, file[i], file[i]);
		if (r == -ENOENT)
			r = err_set(e, ENOENT, "open %s: No such file or directory", QUOTE(file[i]));
	}
	return r < 0 ? r : parse_sources(&l, ret);
}
