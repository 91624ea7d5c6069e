#include "frontend/rootbuild/manifest.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/text.h"

_Static_assert((MANIFEST_SLOTS & (MANIFEST_SLOTS - 1)) == 0 && MANIFEST_SLOTS >= 2 * MANIFEST_MAX, "slots");

int manifest_new(struct arena *a, struct manifest **ret, struct err *e)
{
	struct manifest *m = arena_alloc(a, sizeof(*m));

	if (!m)
		return err_set(e, ENOMEM, "no memory for the list of files");
	m->arena = a;
	*ret = m;
	return 0;
}

/* The slot that has path, or the empty one where it belongs. FNV-1a. */
static uint32_t slot_of(const struct manifest *m, const char *path)
{
	uint32_t hash = 2166136261U;

	for (const char *p = path; *p; p++)
		hash = (hash ^ (unsigned char)*p) * 16777619U;
	for (uint32_t i = hash & (MANIFEST_SLOTS - 1);; i = (i + 1) & (MANIFEST_SLOTS - 1)) {
		uint32_t n = m->slot[i];

		if (n == 0 || !strcmp(m->entry[n - 1].path, path))
			return i;
	}
}

const struct manifest_entry *manifest_find(const struct manifest *m, const char *path)
{
	uint32_t n = m->slot[slot_of(m, path)];

	return n ? &m->entry[n - 1] : NULL;
}

int manifest_put(struct manifest *m, const struct manifest_entry *entry, struct err *e)
{
	uint32_t *slot = &m->slot[slot_of(m, entry->path)];
	struct manifest_entry *mine;
	char *path, *text = NULL;

	if (*slot) {
		mine = &m->entry[*slot - 1];
		if (mine->kind == MANIFEST_DIR && entry->kind == MANIFEST_DIR)
			mine->mode = entry->mode;
		return 0;
	}
	if (m->count == MANIFEST_MAX)
		return err_set(e, E2BIG, "a root built from commands has at most %d files", MANIFEST_MAX);
	path = arena_copy(m->arena, entry->path, strlen(entry->path));
	if (entry->text)
		text = arena_copy(m->arena, entry->text, strlen(entry->text));
	if (!path || (entry->text && !text))
		return err_set(e, ENOMEM, "no memory left for the list of files");
	mine = &m->entry[m->count++];
	*mine = *entry;
	mine->path = path;
	mine->text = text;
	*slot = m->count;
	return 0;
}

/* A walk along a host path. */
struct chase {
	struct manifest *m;
	const char *asked;
	char real[MANIFEST_PATH_MAX]; /* "" is the root */
	char rest[MANIFEST_PATH_MAX]; /* still to go */
	unsigned links;
	struct err *e;
};

static void go_up(struct chase *c)
{
	char *slash = strrchr(c->real, '/');

	if (slash)
		*slash = '\0';
}

/* c->real leads to a link: its text goes in front of the rest. */
static int follow(struct chase *c)
{
	struct manifest_entry entry = {.path = c->real, .kind = MANIFEST_LINK, .mode = 0777};
	char text[MANIFEST_PATH_MAX], rest[MANIFEST_PATH_MAX];
	ssize_t n = readlink(c->real, text, sizeof(text));
	int r;

	if (n < 0)
		return err_sys(c->e, "read the link %s", QUOTE(c->real));
	if (++c->links > MANIFEST_LINKS_MAX)
		return err_set(c->e, ELOOP, "%s leads through too many symbolic links", QUOTE(c->asked));
	memcpy(rest, c->rest, sizeof(rest));
	if ((size_t)n + strlen(rest) + 2 > sizeof(c->rest))
		return err_set(c->e, ENAMETOOLONG, "%s leads to a path that is too long", QUOTE(c->asked));
	text[n] = '\0';
	entry.text = text;
	r = manifest_put(c->m, &entry, c->e);
	if (r < 0)
		return r;
	stpcpy(stpcpy(stpcpy(c->rest, text), "/"), rest);
	if (text[0] == '/')
		c->real[0] = '\0';
	else
		go_up(c);
	return 0;
}

static int arrive(struct chase *c, const struct stat *st, bool last)
{
	struct manifest_entry entry = {.path = c->real};

	if (S_ISDIR(st->st_mode)) {
		entry.kind = MANIFEST_DIR;
		entry.mode = (st->st_mode & 0755) | 0700;
		/* A mode that the skeleton gave stays. */
		return manifest_find(c->m, c->real) ? 0 : manifest_put(c->m, &entry, c->e);
	}
	if (!last)
		return err_set(c->e, ENOTDIR, "%s: %s is not a directory", QUOTE(c->asked), QUOTE(c->real));
	if (!S_ISREG(st->st_mode))
		return err_set(c->e, EINVAL, "%s is not a regular file", QUOTE(c->asked));
	entry.kind = MANIFEST_FILE;
	entry.mode = st->st_mode & 0777;
	entry.size = (uint64_t)st->st_size;
	return manifest_put(c->m, &entry, c->e);
}

/* One component, which starts at name and is len long; what follows is kept in c->rest. */
static int step(struct chase *c, const char *name, size_t len)
{
	size_t n = strlen(c->real);
	const char *after = name + len;
	struct stat st;

	if (text_is(name, len, "."))
		len = 0;
	if (text_is(name, len, "..")) {
		go_up(c);
		len = 0;
	}
	if (len + 2 > sizeof(c->real) - n)
		return err_set(c->e, ENAMETOOLONG, "%s leads to a path that is too long", QUOTE(c->asked));
	if (len) {
		c->real[n] = '/';
		memcpy(c->real + n + 1, name, len);
		c->real[n + 1 + len] = '\0';
	}
	memmove(c->rest, after, strlen(after) + 1);
	if (!len)
		return 0;
	if (lstat(c->real, &st) < 0)
		return err_sys(c->e, "look at %s", QUOTE(c->asked));
	return S_ISLNK(st.st_mode) ? follow(c) : arrive(c, &st, !c->rest[strspn(c->rest, "/")]);
}

int manifest_add(struct manifest *m, const char *path, char *ret_real, struct err *e)
{
	struct chase c = {.m = m, .asked = path, .e = e};
	const char *p, *name;
	size_t len;

	if (path[0] != '/' || strlen(path) >= sizeof(c.rest))
		return err_set(e, EINVAL, "%s is not an absolute path of at most %zu bytes", QUOTE(path),
			       sizeof(c.rest) - 1);
	memcpy(c.rest, path, strlen(path) + 1);
	while (p = c.rest, (name = path_next(&p, &len))) {
		int r = step(&c, name, len);

		if (r < 0)
			return r;
	}
	if (ret_real)
		snprintf(ret_real, MANIFEST_PATH_MAX, "%s", c.real[0] ? c.real : "/");
	return 0;
}

int manifest_add_optional(struct manifest *m, const char *path, struct err *e)
{
	struct stat st;

	return stat(path, &st) < 0 ? 0 : manifest_add(m, path, NULL, e);
}

static int add_below(struct manifest *m, const char *path, const char *name, unsigned depth, struct err *e)
{
	char full[MANIFEST_PATH_MAX];
	struct stat st;
	int n = snprintf(full, sizeof(full), "%s/%s", path, name);

	if (n < 0 || (size_t)n >= sizeof(full))
		return err_set(e, ENAMETOOLONG, "a path below %s is too long", QUOTE(path));
	if (stat(full, &st) < 0)
		return 0;
	if (S_ISDIR(st.st_mode))
		return manifest_add_tree(m, full, depth - 1, e);
	return S_ISREG(st.st_mode) ? manifest_add(m, full, NULL, e) : 0;
}

int manifest_add_tree(struct manifest *m, const char *path, unsigned depth, struct err *e)
{
	const struct dirent *d;
	DIR *dir;
	int r;

	if (depth == 0)
		return 0;
	r = manifest_add(m, path, NULL, e);
	if (r < 0)
		return r;
	dir = opendir(path);
	if (!dir)
		return err_sys(e, "open the directory %s", QUOTE(path));
	while (r == 0 && (errno = 0, d = readdir(dir)))
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			r = add_below(m, path, d->d_name, depth, e);
	if (r == 0 && errno)
		r = err_sys(e, "read the directory %s", QUOTE(path));
	closedir(dir);
	return r;
}
