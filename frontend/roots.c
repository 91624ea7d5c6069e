#include "frontend/roots.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "common/text.h"
#include "frontend/image.h"

static bool has_control(const char *name)
{
	for (const char *p = name; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return true;
	return false;
}

int roots_check_name(const char *name, struct err *e)
{
	if (!name[0])
		return err_set(e, EINVAL, "the name of a root is empty");
	if (!strcmp(name, "host"))
		return err_set(e, EINVAL, "'host' is built in and cannot be the name of another root");
	if (strchr(name, '/'))
		return err_set(e, EINVAL, "%s is a path, not the name of a root", QUOTE(name));
	if (name[0] == '.' || name[0] == '-')
		return err_set(e, EINVAL, "the name of a root cannot begin with '%c': %s", name[0],
			       QUOTE(name));
	if (has_control(name))
		return err_set(e, EINVAL, "the name of a root has a control character: %s", QUOTE(name));
	if (strlen(name) > ROOTS_NAME_MAX)
		return err_set(e, ENAMETOOLONG, "the name of a root is longer than %d bytes: %s",
			       ROOTS_NAME_MAX, QUOTE(name));
	return 0;
}

int roots_join(struct arena *a, const char *dir, const char *name, const char **ret, struct err *e)
{
	size_t size = strlen(dir) + strlen(name) + 2;
	char *path;

	if (size > PLAN_PATH_MAX)
		return err_set(e, ENAMETOOLONG, "the path of %s is longer than %d bytes", QUOTE(name),
			       PLAN_PATH_MAX - 1);
	path = arena_alloc(a, size);
	if (!path)
		return err_set(e, ENOMEM, "no memory for the path of %s", QUOTE(name));
	snprintf(path, size, "%s/%s", dir, name);
	*ret = path;
	return 0;
}

int roots_user_dir(struct arena *a, const char **ret, struct err *e)
{
	const char *dir = getenv("XDG_DATA_HOME");

	/* The XDG base directory specification: a relative path there is to be ignored. */
	if (dir && dir[0] == '/')
		return roots_join(a, dir, "croft/roots", ret, e);
	dir = getenv("HOME");
	if (dir && dir[0] == '/')
		return roots_join(a, dir, ".local/share/croft/roots", ret, e);
	err_set(e, ENOENT, "neither XDG_DATA_HOME nor HOME says where your named roots are");
	return err_hint(e, "give a path with a '/', or set HOME");
}

int roots_make_parents(const char *path, struct err *e)
{
	char dir[PLAN_PATH_MAX];

	for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path), path);
		if (mkdir(dir, 0700) < 0 && errno != EEXIST)
			return err_sys(e, "make the directory %s", QUOTE(dir));
	}
	return 0;
}

int roots_hidden(const char *name, const char *why, char ret[ROOTS_HIDDEN_MAX], struct err *e)
{
	uint32_t number;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		return err_sys(e, "get a random number");
	snprintf(ret, ROOTS_HIDDEN_MAX, ".%s.%s-%08x", name, why, number);
	return 0;
}

bool roots_is_linked(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_mode & S_ISUID;
}

const char *roots_shared_dir(void)
{
	return STATEDIR "/roots";
}

/* 1 and *ret when dir has the root called name, 0 when not. */
static int look_in(const char *dir, const char *name, struct arena *a, const char **ret, struct err *e)
{
	const char *path;
	struct stat st;
	int r = roots_join(a, dir, name, &path, e);

	if (r < 0)
		return r;
	if (stat(path, &st) < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return 0;
		return err_sys(e, "look for root %s in %s", QUOTE(name), QUOTE(dir));
	}
	if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
		return err_set(e, ENOTDIR, "root %s: %s is not a directory", QUOTE(name), QUOTE(path));
	*ret = path;
	return 1;
}

static int no_such_root(const char *name, struct err *e)
{
	struct stat st;

	err_set(e, ENOENT, "there is no root called %s", QUOTE(name));
	if (stat(name, &st) == 0 && (S_ISDIR(st.st_mode) || S_ISREG(st.st_mode)))
		return err_hint(e, "write ./%s if you mean the %s here", QUOTE(name),
				S_ISDIR(st.st_mode) ? "directory" : "file");
	return err_hint(e, "'croft root list' shows the names; a directory is written with a '/'");
}

int roots_find(const char *root, struct arena *a, enum plan_root *ret_kind, const char **ret_path,
	       struct err *e)
{
	const char *user_dir, *path;
	int r;

	if (!strcmp(root, "host") || strchr(root, '/')) {
		*ret_path = strchr(root, '/') ? root : "";
		*ret_kind = PLAN_ROOT_HOST;
		return **ret_path ? image_kind(root, ret_kind, e) : 0;
	}
	if (!strcmp(root, ".") || !strcmp(root, "..")) {
		err_set(e, EINVAL, "root %s is neither a path nor a name", root);
		return err_hint(e, "write %s/ for that directory", root);
	}
	r = roots_check_name(root, e);
	if (r < 0)
		return r;
	/* Without a home there are still everybody's roots. */
	r = roots_user_dir(a, &user_dir, e) < 0 ? 0 : look_in(user_dir, root, a, &path, e);
	if (r == 0)
		r = look_in(roots_shared_dir(), root, a, &path, e);
	if (r < 0)
		return r;
	if (r == 0)
		return no_such_root(root, e);
	*ret_path = path;
	return image_kind(path, ret_kind, e);
}
