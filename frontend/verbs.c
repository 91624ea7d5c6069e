/* The tree of verbs, and `croft` itself, `croft help`, `croft version`. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"
#include "frontend/out.h"
#include "frontend/verb.h"

int verb_help(const char *text, struct err *e)
{
	out("%s", text);
	return out_flush(e);
}

const struct verb *verb_find(const struct verb *const *list, const char *name)
{
	while (*list && strcmp(name, (*list)->name) != 0)
		list++;
	return *list;
}

/* The width of the first column: the longest name, and the operands of words that are operands themselves. */
static int left_of(const struct verb *v, char *buf, size_t size)
{
	const char *operands = v->run || !v->operands ? "" : v->operands;

	return snprintf(buf, size, "%s%s%s", v->name, *operands ? " " : "", operands);
}

void verb_list(const char *before, const struct verb *const *list, const char *after, char *buf, size_t size)
{
	char left[64];
	int width = 0;
	size_t used;

	for (size_t i = 0; list[i]; i++) {
		int n = left_of(list[i], left, sizeof(left));

		width = n > width ? n : width;
	}
	used = (size_t)snprintf(buf, size, "%s", before);
	for (size_t i = 0; list[i] && used < size; i++) {
		left_of(list[i], left, sizeof(left));
		used += (size_t)snprintf(buf + used, size - used, "  %-*s  %s\n", width, left, list[i]->help);
	}
	if (used < size)
		snprintf(buf + used, size - used, "%s", after);
}

static int run_verb(const char *name, int argc, char *argv[], struct err *e)
{
	const struct verb *v = verb_find(verb_croft.word, name);

	if (v)
		return v->run(argc, argv, e);
	err_set(e, EINVAL, "unknown verb %s", QUOTE(name));
	return err_hint(e, "Try 'croft --help'");
}

/* `croft help run` is `croft run --help`. One verb: a word behind it could be the ROOT that is to be run. */
static int help_of(int argc, char *argv[], struct err *e)
{
	char option[] = "--help", *words[] = {argv[1], option, NULL};

	if (argc > 2 && verb_find(verb_croft.word, argv[1])) {
		err_set(e, E2BIG, "help: one verb is enough");
		return err_hint(e, "Try 'croft %s --help'", argv[1]);
	}
	return run_verb(argv[1], 2, words, e);
}

static int help_main(int argc, char *argv[], struct err *e)
{
	char text[2048];

	if (argc > 1 && !strcmp(argv[0], "help") && strcmp(argv[1], "--help") != 0 &&
	    strcmp(argv[1], "-h") != 0)
		return help_of(argc, argv, e);
	verb_list("Usage: croft VERB [OPTION...] [ARGUMENT...]\n\n"
		  "Sandboxes without root: a tenant encloses a plot, the estate's policy says what may be "
		  "inside.\n\n",
		  verb_croft.word,
		  "\ncroft VERB --help says more; croft-VERB(1) all of it. Exit status: the command's own;\n"
		  "128+n when signal n ended it; 125 croft failed or refused; 126 found but not executable;\n"
		  "127 not found.\n",
		  text, sizeof(text));
	return verb_help(text, e);
}

static int version_main(int argc, char *argv[], struct err *e)
{
	(void)argc;
	(void)argv;
	out("croft %s\n", CROFT_VERSION);
	return out_flush(e);
}

static const struct verb verb_help_page = {
	.name = "help",
	.help = "this page; with a verb, what croft VERB --help says",
	.run = help_main,
	.operands = "VERB",
};
static const struct verb verb_version = {.name = "version", .help = "print the version", .run = version_main};
static const struct verb *const verb[] = {
	&verb_run,  &verb_exec,   &verb_ps,     &verb_stop,      &verb_logs,    &verb_attach, &verb_plan,
	&verb_root, &verb_policy, &verb_doctor, &verb_help_page, &verb_version, NULL};

/* Each is the verb with the same name: set is not asked. */
static const struct option_row option[] = {{.name = "version", .help = "print the version"}};
static const struct option_table options = OPTION_TABLE(option);

static int croft_main(int argc, char *argv[], struct err *e)
{
	const char *name = argc > 1 ? argv[1] : NULL;

	if (!name) {
		err_set(e, EINVAL, "a verb is missing");
		return err_hint(e, "Try 'croft --help'");
	}
	if (!strcmp(name, "--help") || !strcmp(name, "-h"))
		name = "help";
	for (size_t i = 0; i < options.nrows; i++)
		if (text_starts(name, "--") && !strcmp(name + 2, options.row[i].name))
			name = options.row[i].name;
	return run_verb(name, argc - 1, argv + 1, e);
}

const struct verb verb_croft = {
	.name = "croft",
	.help = "sandboxes without root",
	.run = croft_main,
	.options = &options,
	.word = verb,
};
