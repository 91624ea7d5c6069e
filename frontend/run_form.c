#include "frontend/run_form.h"

#include <string.h>

#include "common/text.h"
#include "frontend/csv.h"
#include "frontend/join.h"

/* Only what is not given once, without a path of the host's. */
static const struct run_form known[] = {
	{"volume", FORM_MOUNTS, FORM_PATH_SRC, false},
	{"mount", FORM_MOUNTS, FORM_PATH_FIELD, false},
	{"tmpfs", FORM_MOUNTS, FORM_NO_PATH, false},
	{"device", FORM_LIST, FORM_NO_PATH, false}, /* absolute always */
	{"conf", FORM_ONCE, FORM_PATH, false},
	{"env", FORM_ENV, FORM_NO_PATH, false},
	{"env-file", FORM_ENV, FORM_PATH, false},
	{"publish", FORM_LIST, FORM_NO_PATH, false},
	{"tcp-connect", FORM_LIST, FORM_NO_PATH, false},
	{"tcp-bind", FORM_LIST, FORM_NO_PATH, false},
	{"cap-add", FORM_LIST, FORM_NO_PATH, false},
	{"cap-drop", FORM_LIST, FORM_NO_PATH, false},
	{"seccomp", FORM_ONCE, FORM_PATH_DOT, false},
	{"ulimit", FORM_LIST, FORM_NO_PATH, false},
	{"preserve-fd", FORM_LIST, FORM_NO_PATH, false},
	{"from", FORM_ONCE, FORM_NO_PATH, true},
	{"json", FORM_ONCE, FORM_NO_PATH, true},
};

const struct run_form *run_form(const struct option_row *row)
{
	static const struct run_form plain = {.repeat = FORM_ONCE};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(known[i].option, row->name))
			return &known[i];
	return &plain;
}

/* A relative path below folder, behind other text; "." and "./" in front of it say nothing. */
static const char *below(const char *before, const char *folder, const char *path, struct arena *a)
{
	const bool ends = folder[0] && folder[strlen(folder) - 1] == '/';

	while (path[0] == '.' && path[1] == '/')
		path += 2 + strspn(path + 2, "/");
	if (!strcmp(path, "."))
		path = "";
	return join(a, before, folder, ends || !path[0] || path[0] == ':' ? "" : "/", path);
}

static const char *source(const char *value, const char *folder, struct arena *a)
{
	const size_t n = strcspn(value, ":");
	const bool path = memchr(value, '/', n) || text_is(value, n, ".") || text_is(value, n, "..");

	if (!path || value[0] == '/')
		return value;
	/* "." alone has nothing behind it that could be joined */
	return below("", folder, text_is(value, n, ".") ? value + n : value, a);
}

static const char *whole(const char *path, const char *folder, struct arena *a)
{
	return path[0] && path[0] != '/' ? below("", folder, path, a) : path;
}

/* A field of --mount: src=PATH is changed, every other left. */
static const char *field_below(const char *field, const char *folder, struct arena *a)
{
	static const char *const name[] = {"src=", "source="};

	for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++) {
		const char *path = text_starts(field, name[i]) ? field + strlen(name[i]) : "";

		if (path[0] && path[0] != '/')
			return below(name[i], folder, path, a);
	}
	return field;
}

static const char *fields(const char *value, const char *folder, struct arena *a)
{
	/* Each field at most doubled, in quotes, with the folder once more where it is a source. */
	size_t size = 2 * strlen(value) + 3, used = 0;
	const char *p = value, *field = "";
	struct err ignored;
	char *s;
	int r;

	for (const char *at = value; (at = strstr(at, "=")); at++)
		size += 2 * strlen(folder) + 3;
	size += 3 * strlen(value);
	s = arena_alloc(a, size);
	while (s && (r = csv_field(&p, a, &field, &ignored)) > 0) {
		field = field_below(field, folder, a);
		if (!field)
			return NULL;
		used += csv_put(s + used, field);
		s[used++] = ',';
	}
	if (!s || r < 0)
		return s ? value : NULL; /* whoever reads it says what is wrong */
	if (used && field[0])
		used--;
	s[used] = '\0';
	return s;
}

const char *run_form_value(const struct run_form *f, const char *value, const char *folder, struct arena *a)
{
	if (!strcmp(folder, "."))
		return value;
	switch (f->path) {
	case FORM_NO_PATH:
		return value;
	case FORM_PATH:
		return whole(value, folder, a);
	case FORM_PATH_DOT:
		return strpbrk(value, "/.") ? whole(value, folder, a) : value;
	case FORM_PATH_SRC:
		return source(value, folder, a);
	case FORM_PATH_FIELD:
		return fields(value, folder, a);
	}
	return value;
}

const char *run_form_root(const char *root, const char *folder, struct arena *a)
{
	return strcmp(folder, ".") != 0 && strchr(root, '/') ? whole(root, folder, a) : root;
}
