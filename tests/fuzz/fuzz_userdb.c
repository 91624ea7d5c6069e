/*
 * The input is a passwd or a group file. What the finders say of the user 1000 and of some names is what a
 * reader of single lines finds, and the first line that says it counts.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/userdb.h"
#include "tests/fuzz/fuzz.h"

enum { BYTES_MAX = 1 << 15, FIELDS_MAX = 16 };

struct line {
	char *text;
	char *field[FIELDS_MAX];
	size_t n;
	bool nul;
};

static void take_apart(struct line *l, size_t bytes)
{
	char *s = l->text;

	l->nul = strlen(s) != bytes;
	for (l->n = 0; s && l->n < FIELDS_MAX; l->n++) {
		l->field[l->n] = s;
		s = strchr(s, ':');
		if (s)
			*s++ = '\0';
	}
}

static bool id(const char *s, uint32_t *ret)
{
	unsigned long long v;

	if (!*s || strlen(s) > 10 || strspn(s, "0123456789") != strlen(s) || (s[0] == '0' && s[1]))
		return false;
	v = strtoull(s, NULL, 10);
	*ret = (uint32_t)v;
	return v < UINT32_MAX;
}

static bool counts(const struct line *l, size_t fields)
{
	return !l->nul && l->n == fields && l->field[0][0] && !strchr("+-#", l->field[0][0]);
}

static void must_be_user(const struct line *l, const struct userdb_user *u)
{
	uint32_t uid, gid;

	MUST(counts(l, 7) && id(l->field[2], &uid) && id(l->field[3], &gid));
	MUST(u->uid == uid && u->gid == gid && !strcmp(u->name, l->field[0]) &&
	     !strcmp(u->home, l->field[5]) && !strcmp(u->shell, l->field[6]));
}

struct found {
	bool user, name, group;
};

/* What this line is the first to say must be what the finders say. */
static void look_at(const struct line *l, const char *text, size_t size, struct found *f)
{
	struct arena a = fuzz_arena(BYTES_MAX * 4);
	struct userdb_user u;
	uint32_t uid, gid;

	if (counts(l, 7) && id(l->field[2], &uid) && id(l->field[3], &gid)) {
		if (uid == 1000 && !f->user) {
			MUST(userdb_user_by_uid(text, size, 1000, &a, &u) == 0);
			must_be_user(l, &u);
			f->user = true;
		}
		if (!strcmp(l->field[0], "alice") && !f->name) {
			MUST(userdb_user_by_name(text, size, "alice", &a, &u) == 0);
			must_be_user(l, &u);
			f->name = true;
		}
	}
	if (counts(l, 4) && id(l->field[2], &gid) && !strcmp(l->field[0], "staff") && !f->group) {
		MUST(userdb_group_by_name(text, size, "staff", &uid) == 0 && uid == gid);
		f->group = true;
	}
	/* An odd line still names an id that somebody has. */
	if (!l->nul && l->n >= 3 && id(l->field[2], &uid)) {
		const struct id_range r = {.start = uid, .count = 1};
		char name[16];

		MUST(userdb_id_within(text, size, &r, 1, name, sizeof(name), &gid) && gid == uid);
		MUST(memchr(name, '\0', sizeof(name)));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	const size_t all = size;
	struct arena a = fuzz_arena(BYTES_MAX * 4);
	struct found f = {.user = false};
	struct userdb_user u;
	struct line l;
	uint32_t gid;

	if (size > BYTES_MAX)
		return 0;
	while (size > 0) {
		const uint8_t *nl = memchr(data, '\n', size);
		size_t n = nl ? (size_t)(nl - data) : size;

		l.text = fuzz_line(&data, &size);
		take_apart(&l, n);
		look_at(&l, text, all, &f);
		free(l.text);
	}
	MUST(f.user || userdb_user_by_uid(text, all, 1000, &a, &u) == -ENOENT);
	MUST(f.name || userdb_user_by_name(text, all, "alice", &a, &u) == -ENOENT);
	MUST(f.group || userdb_group_by_name(text, all, "staff", &gid) == -ENOENT);
	return 0;
}
