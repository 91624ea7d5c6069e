/*
 * `croft root import`: a named root out of an archive, or an image (import_image.c). croft makes the
 * directory and the user namespace, and croft-import, which is linked with libarchive, unpacks in it; then
 * the root gets its name.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/mem.h"
#include "common/signals.h"
#include "common/text.h"
#include "frontend/caller.h"
#include "frontend/import_image.h"
#include "frontend/layers.h"
#include "frontend/mapped.h"
#include "frontend/root_import.h"
#include "frontend/root_verbs.h"
#include "frontend/roots.h"
#include "frontend/spawn.h"
#include "frontend/staging.h"

enum { ARENA_BYTES = 64 << 10 /* two paths */, STEP_WORDS_MAX = LAYERS_MAX + 16 };

static const char program[] = LIBEXECDIR "/croft-import";

static const char usage[] =
	"Usage: croft root import [OPTION]... FILE|oci:DIR[:TAG] NAME\n"
	"\n"
	"Makes a named root of yours out of a tar archive, FILE, which may be compressed by gzip, xz, zstd "
	"or\n"
	"bzip2 ('-' is standard input), or out of an image in the OCI image layout DIR.\n";

static int set_map(void *ctx, const char *value, struct err *e)
{
	(void)e;
	((struct import *)ctx)->map = !strcmp(value, "self") ? PLAN_MAP_SELF : PLAN_MAP_SUBORDINATE;
	return 0;
}

static int set_max_size(void *ctx, const char *value, struct err *e)
{
	struct import *i = ctx;

	if (text_size(value, &i->max_size) < 0 || i->max_size == 0)
		return err_set(e, EINVAL, "%s is not a number of bytes (as 512M)", QUOTE(value));
	return 0;
}

static int set_copy(void *ctx, const char *value, struct err *e)
{
	(void)e;
	((struct import *)ctx)->copy = option_on(value);
	return 0;
}

static int set_quiet(void *ctx, const char *value, struct err *e)
{
	(void)e;
	((struct import *)ctx)->quiet = option_on(value);
	return 0;
}

static int set_verbose(void *ctx, const char *value, struct err *e)
{
	(void)e;
	((struct import *)ctx)->verbose = option_on(value);
	return 0;
}

static const struct option_row row[] = {
	{"map", 0, "subordinate|self", "who owns the files: as in the archive (default), or you all of them",
	 set_map},
	{"copy", 0, NULL, "of an image: files of its own, shared with no other root, to be written to",
	 set_copy},
	{"max-size", 0, "SIZE", "refuse an archive that unpacks to more (default: 32G)", set_max_size},
	{"quiet", 'q', NULL, "print errors only", set_quiet},
	{"verbose", 'v', NULL, "print the name of each file", set_verbose},
};
static const struct option_table options = OPTION_TABLE(row);

/* --- in the user namespace -------------------------------------------------------------------------- */

/* How the program ended. It has printed why itself. */
static int how(int status, struct err *e)
{
	if (status == 0)
		return 0;
	if (status == EXIT_CROFT)
		return err_set(e, ECANCELED, "%s has said why", program);
	if (status > EXIT_SIGNAL)
		return err_set(e, EIO, "%s was ended by signal %d", program, status - EXIT_SIGNAL);
	return err_set(e, EIO, "%s ended with status %d", program, status);
}

static int start(const struct import *i, const struct import_step *step, char *lock, struct err *e)
{
	char flag[3] = "-s", parent[16];
	char *argv[STEP_WORDS_MAX] = {(char[]){"croft-import"}, flag, parent, lock,
				      (char *)(uintptr_t)i->name};
	char *const env[] = {i->term, NULL};
	const struct spawn s = {.path = program,
				.argv = argv,
				.fd = step->input,
				.fd_as = STDIN_FILENO,
				.env = env,
				.out = step->out,
				.out_size = step->out_size};
	size_t n = 5;

	flag[1] = i->quiet ? 'q' : i->verbose ? 'v' : 's';
	snprintf(parent, sizeof(parent), "%d", getpid());
	for (const char *const *w = step->word; *w && n + 1 < STEP_WORDS_MAX; w++)
		argv[n++] = (char *)(uintptr_t)*w;
	return spawn_run(&s, e);
}

/* Should: the program has its input and the lock, nothing else of the caller's, of the environment TERM; its
 * directory is what grows. */
int import_run(const struct import *i, const struct import_step *step, struct err *e)
{
	char lock[16];
	int status;

	snprintf(lock, sizeof(lock), "%d", step->where->lock);
	if (fchdir(step->where->root) < 0 || fcntl(step->where->lock, F_SETFD, 0) < 0)
		return err_sys(e, "enter the directory of root %s", QUOTE(i->name));
	status = start(i, step, lock, e);
	if (status == -ENOENT)
		return spawn_missing(program, "'croft root import' needs", e);
	return status < 0 ? status : how(status, e);
}

static int unpack(void *ctx, struct err *e)
{
	const struct import *i = ctx;
	char size[32];
	const char *const words[] = {"archive", size, NULL};
	const struct import_step step = {.where = &i->staging, .input = i->input, .word = words};

	snprintf(size, sizeof(size), "%" PRIu64, i->max_size);
	return import_run(i, &step, e) < 0 ? -e->code : staging_publish(&i->staging, i->name, e);
}

/* --- outside ------------------------------------------------------------------------------------------ */

static int open_archive(struct import *i, struct err *e)
{
	struct stat st;

	i->input = !strcmp(i->file, "-") ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
					 : open(i->file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (i->input < 0)
		return err_sys(e, "open %s", QUOTE(i->file));
	if (fstat(i->input, &st) < 0)
		return err_sys(e, "look at %s", QUOTE(i->file));
	return S_ISDIR(st.st_mode) ? err_set(e, EISDIR, "%s is a directory, not an archive", QUOTE(i->file))
				   : 0;
}

static int is_free(int roots, const char *name, struct err *e)
{
	struct stat st;

	if (fstatat(roots, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_sys(e, "look for root %s", QUOTE(name));
	err_set(e, EEXIST, "root %s is there already", QUOTE(name));
	return err_hint(e, "choose another name, or remove it first: croft root rm %s", QUOTE(name));
}

/* Should: whatever ends it, the root is there under its name and whole, or nothing of it is. */
static int grow(struct import *i, int roots, struct err *e)
{
	struct err second;
	int r;

	staging_sweep(roots);
	r = staging_make(roots, i->name, &i->staging, e);
	if (r < 0)
		return r;
	r = mapped_run(i->map, "unpack", unpack, i, e);
	if (staging_end(&i->staging, &second) < 0)
		note_print("croft", "%s", second.msg);
	return r;
}

static int import(struct import *i, struct arena *a, struct err *e)
{
	const bool image = text_starts(i->file, IMPORT_IMAGE_PREFIX);
	const char *dir, *path;
	fd_auto int roots = -1;

	if (caller_refuse_root(e) < 0 || roots_check_name(i->name, e) < 0 ||
	    (!image && open_archive(i, e) < 0) || roots_user_dir(a, &dir, e) < 0 ||
	    roots_join(a, dir, i->name, &path, e) < 0 || roots_make_parents(path, e) < 0)
		return -e->code;
	roots = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (roots < 0)
		return err_sys(e, "open %s", QUOTE(dir));
	if (is_free(roots, i->name, e) < 0)
		return -e->code;
	return image ? import_image(i, roots, e) : grow(i, roots, e);
}

/* For the line of progress, and all that is left of the environment. */
static void find_terminal(struct import *i)
{
	const char *term = getenv("TERM");

	if (term && (size_t)snprintf(i->terminal, sizeof(i->terminal), "TERM=%s", term) < sizeof(i->terminal))
		i->term = i->terminal;
}

static int import_main(int argc, char *argv[], struct err *e)
{
	static struct import i = {.map = PLAN_MAP_SUBORDINATE, .max_size = UINT64_C(32) << 30, .input = -1};
	struct arena a;
	int next, r;

	r = root_parse("root import", usage, options.row, options.nrows, argc, argv, 2, 2, &i, &next, e);
	if (r <= 0)
		return r;
	if (i.quiet && i.verbose)
		return err_set(e, EINVAL, "options --quiet and --verbose exclude each other");
	r = mem_arena(ARENA_BYTES, &a);
	if (r < 0)
		return err_set(e, -r, "set memory aside: %s", strerror(-r));
	find_terminal(&i);
	i.file = argv[next];
	i.name = argv[next + 1];
	signals_install();
	r = import(&i, &a, e);
	signals_end();
	return r == -ECANCELED ? EXIT_CROFT : r;
}

const struct verb root_import = {
	.name = "import",
	.help = "make one out of a tar archive or an image layout",
	.run = import_main,
	.options = &options,
	.operands = "FILE NAME",
};
