/* `croft root list`. */
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/mem.h"
#include "common/text.h"
#include "frontend/image.h"
#include "frontend/listing.h"
#include "frontend/out.h"
#include "frontend/root_verbs.h"
#include "frontend/roots.h"

enum { ARENA_BYTES = 64 << 10 }; /* two paths */

static const char usage[] =
	"Usage: croft root list [--json]\n"
	"\n"
	"Prints the named roots: name, whose, kind, path. Of two with one name yours counts.\n";

static void print_root(struct listing *l, const char *name, const char *whose, const char *kind,
		       const char *dir)
{
	char path[PATH_MAX + NAME_MAX];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	listing_item(l);
	if (!l->json) {
		out("%-20s %-8s %-9s %s\n", QUOTE(name), whose, kind, QUOTE(path));
		return;
	}
	out("{\"name\": ");
	out_json_string(name);
	out(", \"where\": \"%s\", \"kind\": \"%s\", \"path\": ", whose, kind);
	out_json_string(path);
	out("}");
}

static const char *image_word(int dir, const char *name)
{
	static const char *const word[] = {
		[PLAN_ROOT_HOST] = NULL, /* not a name here */
		[PLAN_ROOT_DIR] = NULL,
		[PLAN_ROOT_SQUASHFS] = "squashfs",
		[PLAN_ROOT_EROFS] = "erofs",
	};
	static_assert(sizeof(word) / sizeof(word[0]) == PLAN_ROOT_COUNT, "a word for each");
	char path[PATH_MAX];
	struct err ignored;
	enum plan_root kind;
	fd_auto int fd = openat(dir, name, O_PATH | O_CLOEXEC);

	return fd >= 0 && fd_path(fd, path, sizeof(path), &ignored) == 0 &&
			       image_kind(path, &kind, &ignored) == 0
		       ? word[kind]
		       : NULL;
}

/* NULL: it is no root. Names that croft itself would not take are none. */
static const char *kind_of(int dir, const char *name)
{
	struct stat st;
	struct err ignored;

	if (roots_check_name(name, &ignored) < 0 || fstatat(dir, name, &st, 0) < 0)
		return NULL;
	if (S_ISDIR(st.st_mode))
		return st.st_mode & S_ISUID ? "layers" : "directory";
	return S_ISREG(st.st_mode) ? image_word(dir, name) : NULL;
}

static int list_directory(struct listing *l, const char *whose, const char *dir, struct err *e)
{
	fd_auto int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent **entry;
	int n;

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : err_sys(e, "open %s", QUOTE(dir));
	n = scandir(dir, &entry, NULL, alphasort);
	if (n < 0)
		return err_sys(e, "read %s", QUOTE(dir));
	for (int i = 0; i < n; i++) {
		const char *kind = kind_of(fd, entry[i]->d_name);

		if (kind)
			print_root(l, entry[i]->d_name, whose, kind, dir);
		free(entry[i]);
	}
	free(entry);
	return 0;
}

static int list_main(int argc, char *argv[], struct err *e)
{
	struct listing l;
	const char *dir;
	struct arena a;
	int r = listing_begin(&l, "root list", usage, argc, argv, e);

	if (r <= 0)
		return r;
	r = mem_arena(ARENA_BYTES, &a);
	if (r < 0)
		return err_set(e, -r, "set memory aside: %s", strerror(-r));
	r = roots_user_dir(&a, &dir, e);
	/* Without a home there are still everybody's. */
	r = r == -ENOENT ? 0 : r < 0 ? r : list_directory(&l, "user", dir, e);
	if (r == 0)
		r = list_directory(&l, "shared", roots_shared_dir(), e);
	return r < 0 ? r : listing_end(&l, e);
}

const struct verb root_list = {
	.name = "list",
	.help = "the named ones, yours and everybody's",
	.run = list_main,
	.options = &listing_options,
};
