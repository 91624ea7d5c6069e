#include "policy/names.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "common/mem.h"
#include "common/userdb.h"

/* Both texts and both tables; a table has at most two slots of four bytes for each line of at least four
 * bytes, rounded up to a power of two. */
enum { NAMES_ARENA = 8 * USERDB_BYTES_MAX };

void names_init(struct names *n, const char *passwd, const char *group)
{
	*n = (struct names){.user = {.path = passwd}, .group = {.path = group}};
}

void names_close(struct names *n)
{
	if (n->memory.base)
		munmap(n->memory.base, n->memory.size);
	names_init(n, n->user.path, n->group.path);
}

/* FNV-1a. The files are root's: nobody else can choose names that collide. */
static uint32_t hash(const char *s, size_t n)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)s[i]) * 16777619u;
	return h;
}

static size_t line_length(const struct names_file *f, size_t at)
{
	const char *nl = memchr(f->text + at, '\n', f->size - at);

	return nl ? (size_t)(nl - f->text) - at : f->size - at;
}

/* Later lines of the same name come behind the first one: the first match counts. */
static void add_line(struct names_file *f, size_t at, size_t n)
{
	const char *colon = memchr(f->text + at, ':', n);
	size_t i;

	if (!colon)
		return;
	i = hash(f->text + at, (size_t)(colon - f->text) - at) & f->mask;
	while (f->slot[i])
		i = (i + 1) & f->mask;
	f->slot[i] = (uint32_t)at + 1;
}

static int make_index(struct names_file *f, struct arena *a, struct err *e)
{
	size_t lines = policy_count_lines(f->text, f->size) + 1, slots = 16;

	while (slots < 2 * lines)
		slots *= 2;
	f->slot = arena_array(a, slots, sizeof(*f->slot));
	if (!f->slot)
		return err_set(e, ENOMEM, "%s has too many lines", f->path);
	f->mask = slots - 1;
	for (size_t at = 0; at < f->size;) {
		size_t n = line_length(f, at);

		add_line(f, at, n);
		at += n + 1;
	}
	return 0;
}

static int load(struct names *n, struct names_file *f, struct err *e)
{
	const char *text;
	size_t size;
	int r;

	if (!n->memory.base) {
		r = mem_arena(NAMES_ARENA, &n->memory);
		if (r < 0)
			return err_set(e, -r, "set memory aside for user names: %s", strerror(-r));
	}
	r = userdb_read(AT_FDCWD, f->path, 0, &n->memory, &text, &size, e);
	if (r < 0)
		return r;
	f->size = size;
	f->text = text;
	r = make_index(f, &n->memory, e);
	if (r < 0)
		f->text = NULL;
	return r;
}

/* The finders of userdb.h, on one line: they alone know what a well-formed line is. */
static int look_at(const struct names *n, enum policy_who who, const char *line, size_t size,
		   const char *name, uint32_t *ret)
{
	struct arena scratch = n->memory; /* what is put there is forgotten */
	struct userdb_user u;
	int r;

	if (who == WHO_GROUP)
		return userdb_group_by_name(line, size, name, ret);
	r = userdb_user_by_name(line, size, name, &scratch, &u);
	if (r == 0)
		*ret = u.uid;
	return r;
}

static int find(void *ctx, enum policy_who who, const char *name, uint32_t *ret, struct err *e)
{
	struct names *n = ctx;
	struct names_file *f = who == WHO_GROUP ? &n->group : &n->user;

	if (!f->text) {
		int r = load(n, f, e);

		/* -ENOENT would read as "no such name". */
		if (r < 0)
			return r == -ENOENT ? -EIO : r;
	}
	for (size_t i = hash(name, strlen(name)) & f->mask; f->slot[i]; i = (i + 1) & f->mask) {
		size_t at = f->slot[i] - 1;
		int r = look_at(n, who, f->text + at, line_length(f, at), name, ret);

		if (r == -ENOMEM)
			return err_set(e, ENOMEM, "a line of %s is too long", f->path);
		if (r == 0)
			return 0;
	}
	return -ENOENT;
}

struct policy_resolver names_resolver(struct names *n)
{
	return (struct policy_resolver){.find = find, .ctx = n};
}
