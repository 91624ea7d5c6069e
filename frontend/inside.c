#include "frontend/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>

#include "common/fd.h"
#include "common/mem.h"
#include "common/text.h"
#include "common/userdb.h"

struct look_up {
	int root; /* O_PATH descriptor */
	struct arena *a;
	struct err *e;
};

/* The text of a database; an absent one is empty. */
static int read_database(const struct look_up *l, const char *path, const char **ret, size_t *ret_size)
{
	struct arena big;
	int r = mem_arena(USERDB_BYTES_MAX + 4096, &big);

	if (r < 0)
		return err_set(l->e, -r, "get memory: %s", strerror(-r));
	r = userdb_read(l->root, path, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS, &big, ret, ret_size, l->e);
	if (r == -ENOENT || r == -ENOTDIR) {
		*ret = "";
		*ret_size = 0;
		return 0;
	}
	return r < 0 ? err_wrap(l->e, "root's /%s", path) : 0;
}

static int find_user(const struct look_up *l, const char *user, struct inside_user *ret)
{
	struct userdb_user u;
	const char *text;
	char clean[PATH_MAX];
	size_t size;
	bool number = text_id(user, &ret->uid) == 0;
	int r = read_database(l, "etc/passwd", &text, &size);

	if (r < 0)
		return r;
	r = number ? userdb_user_by_uid(text, size, ret->uid, l->a, &u)
		   : userdb_user_by_name(text, size, user, l->a, &u);
	if (r == -ENOENT && number)
		return 0;
	if (r == -ENOENT)
		return err_set(l->e, ENOENT, "user %s: not in /etc/passwd of the root", QUOTE(user));
	if (r < 0)
		return err_set(l->e, -r, "user %s: %s", QUOTE(user), strerror(-r));
	ret->name = u.name;
	ret->uid = u.uid;
	ret->gid = u.gid;
	if (path_clean(u.home, clean, sizeof(clean)) == 0 &&
	    (ret->home = arena_copy(l->a, clean, strlen(clean))) == NULL)
		return err_set(l->e, ENOMEM, "user %s: out of memory", QUOTE(user));
	if (u.shell[0] == '/')
		ret->shell = u.shell;
	return 0;
}

static int find_group(const struct look_up *l, const char *group, uint32_t *ret)
{
	const char *text;
	size_t size;
	int r;

	if (text_id(group, ret) == 0)
		return 0;
	r = read_database(l, "etc/group", &text, &size);
	if (r < 0)
		return r;
	if (userdb_group_by_name(text, size, group, ret) < 0)
		return err_set(l->e, ENOENT, "group %s: not in /etc/group of the root", QUOTE(group));
	return 0;
}

/* What a root says of nobody. */
static void fill_in(struct inside_user *u)
{
	if (!u->home)
		u->home = u->uid == 0 ? "/root" : "/";
	if (u->uid == 0 && !strcmp(u->name, "0"))
		u->name = "root";
}

/* The user of spec, and what stands behind the colon, or NULL. */
static int split(const char *spec, struct arena *a, struct inside_user *ret, const char **ret_group,
		 struct err *e)
{
	const char *colon = spec ? strchr(spec, ':') : NULL;
	const char *user = !spec ? "0" : colon ? arena_copy(a, spec, (size_t)(colon - spec)) : spec;

	*ret = (struct inside_user){.name = user, .shell = "/bin/sh"};
	*ret_group = colon ? colon + 1 : NULL;
	return user ? 0 : err_set(e, ENOMEM, "user %s: out of memory", QUOTE(spec));
}

int inside_user(const char *root, const char *spec, struct arena *a, struct inside_user *ret, struct err *e)
{
	fd_auto int fd =
		fd_openat2(AT_FDCWD, root ? root : "/", O_PATH | O_DIRECTORY, 0, RESOLVE_NO_MAGICLINKS);
	const struct look_up l = {.root = fd, .a = a, .e = e};
	struct inside_user u;
	const char *group;
	int r;

	if (fd < 0)
		return err_sys(e, "root %s", QUOTE(root));
	r = split(spec, a, &u, &group, e);
	if (r == 0)
		r = find_user(&l, u.name, &u);
	if (r == 0 && group)
		r = find_group(&l, group, &u.gid);
	if (r < 0)
		return r;
	fill_in(&u);
	*ret = u;
	return 0;
}

int inside_number(const char *spec, struct arena *a, struct inside_user *ret, struct err *e)
{
	struct inside_user u;
	const char *group;
	int r = split(spec, a, &u, &group, e);

	if (r < 0)
		return r;
	if (text_id(u.name, &u.uid) < 0 || (group && text_id(group, &u.gid) < 0)) {
		err_set(e, EINVAL, "user %s: names are not looked up in an image", QUOTE(spec));
		return err_hint(e, "give numbers: UID or UID:GID");
	}
	fill_in(&u);
	*ret = u;
	return 0;
}
