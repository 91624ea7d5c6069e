/* `croft root build`: hands over to croft-root, which is linked with libelf. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/mem.h"
#include "common/text.h"
#include "frontend/root_verbs.h"
#include "frontend/roots.h"
#include "frontend/spawn.h"

static const char program[] = LIBEXECDIR "/croft-root";

static const char usage[] =
	"Usage: croft root build [OPTION]... DIR|NAME COMMAND...\n"
	"\n"
	"Makes a root file system of COMMANDs of the host, the libraries they need and a minimal /etc.\n"
	"A DIR has a '/'; a NAME is kept with your other named roots. A COMMAND is a name or a path.\n";

struct options {
	bool force, quiet, verbose;
};

static int set_force(void *ctx, const char *value, struct err *e)
{
	(void)e;
	((struct options *)ctx)->force = option_on(value);
	return 0;
}

static int set_quiet(void *ctx, const char *value, struct err *e)
{
	(void)e;
	((struct options *)ctx)->quiet = option_on(value);
	return 0;
}

static int set_verbose(void *ctx, const char *value, struct err *e)
{
	(void)e;
	((struct options *)ctx)->verbose = option_on(value);
	return 0;
}

static const struct option_row row[] = {
	{"force", 'f', NULL, "add to a directory that is not empty, replace files in it", set_force},
	{"quiet", 'q', NULL, "print errors only", set_quiet},
	{"verbose", 'v', NULL, "print the name of each file", set_verbose},
};
static const struct option_table options = OPTION_TABLE(row);

static int directory_of(const char *root, struct arena *a, const char **ret, struct err *e)
{
	const char *dir, *path;
	int r;

	if (strchr(root, '/')) {
		*ret = root;
		return 0;
	}
	r = roots_check_name(root, e);
	if (r < 0 && (!strcmp(root, ".") || !strcmp(root, "..")))
		return err_hint(e, "write %s/ for that directory", root);
	if (r == 0)
		r = roots_user_dir(a, &dir, e);
	if (r == 0)
		r = roots_join(a, dir, root, &path, e);
	if (r == 0)
		r = roots_make_parents(path, e);
	if (r == 0)
		*ret = path;
	return r;
}

static int start(char *argv[], struct err *e)
{
	execv(program, argv);
	if (errno == ENOENT)
		return spawn_missing(program, "'croft root build' needs", e);
	return err_sys(e, "start %s", program);
}

/* The options in croft-root's own form, then DIR, COMMAND... */
static int hand_over(const struct options *o, const char *dir, char *const command[], int ncommands,
		     struct arena *a, struct err *e)
{
	char name[] = "croft-root", force[] = "-f", quiet[] = "-q", verbose[] = "-v", end[] = "--";
	char **argv = arena_array(a, (size_t)ncommands + 7, sizeof(*argv)), **p = argv;
	char *copy = arena_copy(a, dir, strlen(dir));

	if (!argv || !copy)
		return err_set(e, ENOMEM, "no memory for the command line of %s", program);
	*p++ = name;
	if (o->force)
		*p++ = force;
	if (o->quiet)
		*p++ = quiet;
	if (o->verbose)
		*p++ = verbose;
	*p++ = end;
	*p++ = copy;
	memcpy(p, command, (size_t)ncommands * sizeof(*p));
	return start(argv, e);
}

static int build_main(int argc, char *argv[], struct err *e)
{
	struct options o = {.force = false};
	const char *dir;
	struct arena a;
	int next, r;

	r = root_parse("root build", usage, options.row, options.nrows, argc, argv, 2, argc, &o, &next, e);
	if (r <= 0)
		return r;
	if (o.quiet && o.verbose)
		return err_set(e, EINVAL, "options --quiet and --verbose exclude each other");
	r = mem_arena((size_t)argc * sizeof(char *) + (64 << 10), &a);
	if (r < 0)
		return err_set(e, -r, "set memory aside: %s", strerror(-r));
	r = directory_of(argv[next++], &a, &dir, e);
	/* DIR is an operand; "--" behind it is what people write before a command. */
	if (r == 0 && !strcmp(argv[next], "--"))
		next++;
	if (r == 0 && next == argc)
		r = err_set(e, EINVAL, "root build: a command is missing");
	return r == 0 ? hand_over(&o, dir, argv + next, argc - next, &a, e) : r;
}

const struct verb root_build = {
	.name = "build",
	.help = "make one out of commands of the host and the libraries they need",
	.run = build_main,
	.options = &options,
	.operands = "DIR|NAME COMMAND",
};
