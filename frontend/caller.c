#include "frontend/caller.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/text.h"
#include "common/userdb.h"
#include "frontend/spawn.h"

#define GETENT "/usr/bin/getent"

enum { GETENT_MAX = 65536, PATH_SIZE = 4096, GROUPS_MAX = 65536 /* NGROUPS_MAX of Linux */ };

static int no_memory(struct err *e)
{
	return err_set(e, ENOMEM, "the user database does not fit into the memory set aside");
}

/* ---- getent ---- */

/* What getent says of a user; the empty string when it knows none. */
static int read_getent(const char *key, char *buf, size_t size, struct err *e)
{
	char name[] = "getent", db[] = "passwd", end[] = "--", copy[300], errors[64];
	char *argv[] = {name, end, db, copy, NULL};
	const struct spawn s = {.path = GETENT,
				.argv = argv,
				.fd = -1,
				.out = buf,
				.out_size = size,
				.errors = errors,
				.errors_size = sizeof(errors)};
	int r;

	snprintf(copy, sizeof(copy), "%s", key);
	r = spawn_run(&s, e);
	if (r > 0)
		buf[0] = '\0';
	return r < 0 ? r : 0;
}

/* ---- passwd ---- */

/* By name, or by uid where name is NULL. -ENOENT without a sentence when nobody is there. */
static int find_in(const char *text, size_t size, const char *name, uid_t uid, struct arena *a,
		   struct userdb_user *ret, struct err *e)
{
	int r = name ? userdb_user_by_name(text, size, name, a, ret)
		     : userdb_user_by_uid(text, size, uid, a, ret);

	return r == -ENOMEM ? no_memory(e) : r;
}

/* A function of its own: its stack is large, and most users are in /etc/passwd. */
static __attribute__((noinline)) int ask_getent(const char *name, uid_t uid, struct arena *a,
						struct userdb_user *ret, struct err *e)
{
	char buf[GETENT_MAX], number[16];
	int r;

	snprintf(number, sizeof(number), "%u", (unsigned)uid);
	r = read_getent(name ? name : number, buf, sizeof(buf), e);
	return r < 0 ? r : find_in(buf, strlen(buf), name, uid, a, ret, e);
}

static int find_user(const char *name, uid_t uid, struct arena *a, struct userdb_user *ret, struct err *e)
{
	const char *text;
	size_t size;
	int r = userdb_read(AT_FDCWD, "/etc/passwd", 0, a, &text, &size, e);

	if (r == 0)
		r = find_in(text, size, name, uid, a, ret, e);
	return r != -ENOENT || access(GETENT, X_OK) < 0 ? r : ask_getent(name, uid, a, ret, e);
}

/* ---- home ---- */

/*
 * The home directory as the kernel resolves it, so that a link on the way (/home -> /data/home) does not keep
 * %h from covering resolved paths. Only where it leads to a directory of his own: otherwise whoever can bend
 * a link could choose what %h means.
 */
static const char *resolve_home(const char *home, uid_t uid, struct arena *a)
{
	char path[PATH_SIZE];
	fd_auto int fd = -1;
	struct stat st;
	struct err e;

	if (home[0] != '/')
		return home;
	fd = fd_openat2(AT_FDCWD, home, O_PATH | O_DIRECTORY, 0, RESOLVE_NO_MAGICLINKS);
	if (fd < 0 || fstat(fd, &st) < 0 || st.st_uid != uid || fd_path(fd, path, sizeof(path), &e) < 0)
		return home;
	return strcmp(path, home) ? arena_copy(a, path, strlen(path)) : home;
}

static int fill_user(const struct userdb_user *u, struct arena *a, struct policy_caller *c, struct err *e)
{
	c->name = u->name;
	c->home = resolve_home(u->home, c->uid, a);
	return c->home ? 0 : no_memory(e);
}

/* ---- the caller ---- */

static int get_groups(struct arena *a, struct policy_caller *c, struct err *e)
{
	int n = getgroups(0, NULL);
	gid_t *groups;

	if (n < 0)
		return err_sys(e, "ask for the supplementary groups");
	groups = arena_array(a, (size_t)n + 1, sizeof(*groups));
	if (!groups)
		return no_memory(e);
	n = n ? getgroups(n, groups) : 0;
	if (n < 0)
		return err_sys(e, "ask for the supplementary groups");
	c->groups = groups;
	c->ngroups = (size_t)n;
	return 0;
}

int caller_get(struct arena *a, struct policy_caller *ret, struct err *e)
{
	struct policy_caller c = {.uid = getuid(), .gid = getgid()};
	struct userdb_user u;
	int r = get_groups(a, &c, e);

	if (r == 0)
		r = find_user(NULL, c.uid, a, &u, e);
	if (r == 0)
		r = fill_user(&u, a, &c, e);
	if (r < 0 && r != -ENOENT)
		return r;
	*ret = c;
	return 0;
}

/* ---- another user ---- */

/* Whether name stands in the comma-separated list s[0..n). */
static bool is_member(const char *s, size_t n, const char *name)
{
	const char *end = s + n;

	while (s < end) {
		const char *comma = memchr(s, ',', (size_t)(end - s));
		size_t len = (size_t)((comma ? comma : end) - s);

		if (text_is(s, len, name))
			return true;
		s += len + 1;
	}
	return false;
}

/* NAME:PASSWORD:GID:MEMBERS, when name is a member. */
static bool group_of(const char *line, size_t n, const char *name, gid_t *ret)
{
	const char *field[4] = {line}, *end = line + n;
	uint32_t gid;

	for (int i = 1; i < 4; i++) {
		const char *colon = memchr(field[i - 1], ':', (size_t)(end - field[i - 1]));

		if (!colon)
			return false;
		field[i] = colon + 1;
	}
	if (!is_member(field[3], (size_t)(end - field[3]), name))
		return false;
	if (text_u32n(field[2], (size_t)(field[3] - field[2]) - 1, &gid) < 0 || gid == ID_NONE)
		return false;
	*ret = gid;
	return true;
}

static int groups_of(const char *name, struct arena *a, struct policy_caller *c, struct err *e)
{
	const char *text, *end;
	gid_t *groups, gid;
	size_t size;
	int r = userdb_read(AT_FDCWD, "/etc/group", 0, a, &text, &size, e);

	if (r < 0)
		return r;
	groups = arena_array(a, GROUPS_MAX, sizeof(*groups));
	if (!groups)
		return no_memory(e);
	c->groups = groups;
	for (end = text + size; text < end;) {
		const char *nl = memchr(text, '\n', (size_t)(end - text));
		size_t n = (size_t)((nl ? nl : end) - text);

		if (group_of(text, n, name, &gid) && c->ngroups < GROUPS_MAX)
			groups[c->ngroups++] = gid;
		text += n + 1;
	}
	return 0;
}

int caller_of_user(const char *user, struct arena *a, struct policy_caller *ret, struct err *e)
{
	struct policy_caller c = {.uid = 0};
	struct userdb_user u;
	uint32_t uid = 0;
	bool number = text_id(user, &uid) == 0;
	int r = find_user(number ? NULL : user, uid, a, &u, e);

	if (r == -ENOENT)
		return err_set(e, ENOENT, "no user '%s'", QUOTE(user));
	if (r != 0)
		return r;
	c.uid = u.uid;
	c.gid = u.gid;
	r = groups_of(u.name, a, &c, e);
	if (r == 0)
		r = fill_user(&u, a, &c, e);
	if (r == 0)
		*ret = c;
	return r;
}

/* The ids of the host's root are nobody's to hand out: what root inside did would be done by the host's root.
 */
int caller_refuse_root(struct err *e)
{
	char map[64] = "";
	fd_auto int fd = -1;
	ssize_t n;

	if (geteuid() != 0)
		return 0;
	fd = open("/proc/self/uid_map", O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, map, sizeof(map) - 1);
	if (n > 0 && !strstr(map, " 4294967295"))
		return 0; /* root of a user namespace: an ordinary user outside */
	err_set(e, EPERM, "started by root: root inside would be the host's root");
	return err_hint(e, "start it as an ordinary user: runuser -u NAME -- croft ...");
}
