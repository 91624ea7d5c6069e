#include <errno.h>
#include <string.h>

#include "common/err.h"
#include "common/fd.h"
#include "common/text.h"
#include "frontend/out.h"
#include "frontend/verb.h"

static verb_fn verb_help_page, verb_version;

static const struct {
	const char *name;
	verb_fn *fn;
	const char *help;
} verb[] = {
	{"run", verb_run, "run a command in a sandbox"},
	{"plan", verb_plan, "print what run would do, and which rule allows it"},
	{"root", verb_root, "build, list and remove root file systems"},
	{"policy", verb_policy, "show, check, explain and test the policy"},
	{"doctor", verb_doctor, "say what works on this host, and what mends the rest"},
	{"help", verb_help_page, "this page; with a verb, what croft VERB --help says"},
	{"version", verb_version, "print the version"},
};
enum { VERBS = sizeof(verb) / sizeof(verb[0]) };

int verb_help(const char *text, struct err *e)
{
	out("%s", text);
	return out_flush(e);
}

static int find_verb(const char *name, verb_fn **ret, struct err *e)
{
	for (size_t i = 0; i < VERBS; i++)
		if (!strcmp(name, verb[i].name)) {
			*ret = verb[i].fn;
			return 0;
		}
	err_set(e, EINVAL, "unknown verb %s", QUOTE(name));
	return err_hint(e, "Try 'croft --help'");
}

/* `croft help run` is `croft run --help`. One verb: a word behind it could be the ROOT that is to be run. */
static int help_of(int argc, char *argv[], struct err *e)
{
	char option[] = "--help", *words[] = {argv[1], option, NULL};
	verb_fn *fn;
	int r = find_verb(argv[1], &fn, e);

	if (r < 0)
		return r;
	if (argc > 2) {
		err_set(e, E2BIG, "help: one verb is enough");
		return err_hint(e, "Try 'croft %s --help'", argv[1]);
	}
	return fn(2, words, e);
}

static int verb_help_page(int argc, char *argv[], struct err *e)
{
	if (argc > 1 && !strcmp(argv[0], "help") && strcmp(argv[1], "--help") != 0 &&
	    strcmp(argv[1], "-h") != 0)
		return help_of(argc, argv, e);
	out("Usage: croft VERB [OPTION...] [ARGUMENT...]\n\n"
	    "Sandboxes without root: a tenant encloses a plot, the estate's policy says what may be "
	    "inside.\n\n");
	for (size_t i = 0; i < VERBS; i++)
		out("  %-8s  %s\n", verb[i].name, verb[i].help);
	out("\ncroft VERB --help says more; croft(1) all of it. Exit status: the command's own; 128+n when "
	    "signal n\n"
	    "ended it; 125 croft failed or refused; 126 found but not executable; 127 not found.\n");
	return out_flush(e);
}

static int verb_version(int argc, char *argv[], struct err *e)
{
	(void)argc;
	(void)argv;
	out("croft %s\n", CROFT_VERSION);
	return out_flush(e);
}

static int run_verb(int argc, char *argv[], struct err *e)
{
	static const struct {
		const char *option, *name;
	} alias[] = {{"--help", "help"}, {"-h", "help"}, {"--version", "version"}};
	const char *name = argc > 1 ? argv[1] : NULL;
	verb_fn *fn;
	int r;

	if (!name) {
		err_set(e, EINVAL, "a verb is missing");
		return err_hint(e, "Try 'croft --help'");
	}
	for (size_t i = 0; i < sizeof(alias) / sizeof(alias[0]); i++)
		if (!strcmp(name, alias[i].option))
			name = alias[i].name;
	r = find_verb(name, &fn, e);
	return r < 0 ? r : fn(argc - 1, argv + 1, e);
}

int main(int argc, char *argv[])
{
	static struct err e;
	int r = fd_fill_std();

	if (r < 0)
		return EXIT_CROFT;
	r = run_verb(argc, argv, &e);
	if (r >= 0)
		return r;
	err_print(&e, "croft");
	return err_exit_status(&e);
}
