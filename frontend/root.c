/* `croft root`: build, list, rm. */
#include <errno.h>
#include <string.h>

#include "common/text.h"
#include "frontend/root_verbs.h"

static const char usage[] = "Usage: croft root build [OPTION]... DIR|NAME COMMAND...\n"
			    "       croft root list [--json]\n"
			    "       croft root rm [--force] NAME...\n"
			    "\n"
			    "Root file systems: croft-root(1).\n"
			    "  build  make one out of commands of the host and the libraries they need\n"
			    "  list   the named ones, yours and everybody's\n"
			    "  rm     remove named ones of yours\n"
			    "\n"
			    "'croft root WORD --help' has the options of each.\n";

static const struct {
	const char *name;
	verb_fn *run;
} word[] = {
	{"build", root_build},
	{"list", root_list},
	{"rm", root_rm},
};

int root_parse(const char *verb, const char *text, const struct option_row *row, size_t nrows, int argc,
	       char *argv[], int min, int max, void *ctx, int *ret_next, struct err *e)
{
	char help[4096]; /* a page of text: options_help() cuts what does not fit */
	int next, r = options_parse(verb, row, nrows, argc, argv, ctx, &next, e);

	if (r == -ECANCELED) {
		options_help(text, row, nrows, help, sizeof(help));
		return verb_help(help, e);
	}
	if (r < 0)
		return r;
	if (argc - next < min || argc - next > max) {
		err_set(e, EINVAL, "%s: %s", verb,
			argc - next < min ? "an operand is missing" : "too many operands");
		return err_hint(e, "Try 'croft %s --help'", verb);
	}
	*ret_next = next;
	return 1;
}

int verb_root(int argc, char *argv[], struct err *e)
{
	int next, r = root_parse("root", usage, NULL, 0, argc, argv, 1, argc, NULL, &next, e);

	if (r <= 0)
		return r;
	for (size_t i = 0; i < sizeof(word) / sizeof(word[0]); i++)
		if (!strcmp(argv[next], word[i].name))
			return word[i].run(argc - next, argv + next, e);
	err_set(e, EINVAL, "unknown word %s: build, list or rm is expected", QUOTE(argv[next]));
	return err_hint(e, "Try 'croft root --help'");
}
