/* `croft root rm`: removes named roots, with the files in them that belong to the caller's subordinate ids.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/mem.h"
#include "common/text.h"
#include "frontend/layers.h"
#include "frontend/rm_mapped.h"
#include "frontend/root_verbs.h"
#include "frontend/roots.h"
#include "frontend/staging.h"

enum { ARENA_BYTES = 64 << 10 };

static const char usage[] =
	"Usage: croft root rm [--force] NAME...\n"
	"\n"
	"Removes named roots of yours, with all files in them, those of your subordinate ids included.\n";

static int set_force(void *ctx, const char *value, struct err *e)
{
	(void)e;
	*(bool *)ctx = option_on(value);
	return 0;
}

static const struct option_row row[] = {
	{"force", 'f', NULL, "a root that is not there is no error", set_force}};
static const struct option_table options = OPTION_TABLE(row);

/* A name that no root can have, so that the root is gone at once, and for good if this is stopped half-way.
 */
static int hide(int dir, const char *name, char hidden[ROOTS_HIDDEN_MAX], struct err *e)
{
	for (unsigned i = 0; i < ROOTS_HIDE_TRIES; i++) {
		if (roots_hidden(name, "rm", hidden, e) < 0)
			return -e->code;
		if (syscall(SYS_renameat2, dir, name, dir, hidden, RENAME_NOREPLACE) == 0)
			return 0;
		if (errno != EEXIST)
			break;
	}
	return err_sys(e, "remove root %s", QUOTE(name));
}

/* Not among the user's own: why. */
static int not_there(const char *name, struct arena *a, bool force, struct err *e)
{
	enum plan_root kind;
	const char *path;

	if (roots_find(name, a, &kind, &path, e) == 0) {
		err_set(e, EPERM, "root %s is everybody's, in %s", QUOTE(name), QUOTE(path));
		return err_hint(e, "an administrator can remove that directory");
	}
	return force && e->code == ENOENT ? 0 : -e->code;
}

static int remove_root(const char *dir, const char *name, bool force, struct arena *a, struct err *e)
{
	fd_auto int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char hidden[ROOTS_HIDDEN_MAX];
	struct stat st;
	int r;

	if (fd < 0 && errno != ENOENT)
		return err_sys(e, "open %s", QUOTE(dir));
	if (fd < 0 || (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT))
		return not_there(name, a, force, e);
	r = hide(fd, name, hidden, e);
	if (r < 0)
		return r;
	r = rm_mapped(fd, hidden, e);
	return r < 0 ? err_wrap(e, "root %s is no root any more, but not all of it could be removed",
				QUOTE(name))
		     : 0;
}

/* rm(1) cannot remove what a sandbox left with subordinate ids; made a named root first, it can be removed
 * here. */
static int check_name(const char *name, const char *dir, struct err *e)
{
	int r = roots_check_name(name, e);

	if (r == 0 || !strchr(name, '/'))
		return r;
	return err_hint(e, "mkdir -p %s && mv -T %s %s/removed && croft root rm removed", QUOTE(dir),
			QUOTE(name), QUOTE(dir));
}

/* What an import left that was killed, and the layers that only removed roots had. */
static void sweep(const char *dir)
{
	fd_auto int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	staging_sweep(fd);
	layers_release(fd);
}

static int rm_main(int argc, char *argv[], struct err *e)
{
	bool force = false;
	const char *dir;
	struct arena a;
	int next, r;

	r = root_parse("root rm", usage, options.row, options.nrows, argc, argv, 1, argc, &force, &next, e);
	if (r <= 0)
		return r;
	r = mem_arena(ARENA_BYTES, &a);
	if (r < 0)
		return err_set(e, -r, "set memory aside: %s", strerror(-r));
	r = roots_user_dir(&a, &dir, e);
	/* All names are looked at before anything is removed. */
	for (int i = next; i < argc && r == 0; i++)
		r = check_name(argv[i], dir, e);
	for (int i = next; i < argc && r == 0; i++) {
		const size_t used = a.used;

		r = remove_root(dir, argv[i], force, &a, e);
		a.used = used;
	}
	sweep(dir);
	return r;
}

const struct verb root_rm = {
	.name = "rm",
	.help = "remove named ones of yours",
	.run = rm_main,
	.options = &options,
	.operands = "OWN-ROOT...",
};
