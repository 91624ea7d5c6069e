/* `croft root`: build, import, list, rm. */
#include <errno.h>

#include "common/text.h"
#include "frontend/root_verbs.h"

static const char usage[] = "Usage: croft root build [OPTION]... DIR|NAME COMMAND...\n"
			    "       croft root import [OPTION]... FILE|oci:DIR[:TAG] NAME\n"
			    "       croft root list [--json]\n"
			    "       croft root rm [--force] NAME...\n"
			    "\n"
			    "Root file systems: croft-root(1).\n";
static const char more[] = "\n'croft root WORD --help' has the options of each.\n";

static const struct verb *const word[] = {&root_build, &root_import, &root_list, &root_rm, NULL};

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

static int root_main(int argc, char *argv[], struct err *e)
{
	char text[2048];
	const struct verb *v;
	int next, r;

	verb_list(usage, word, more, text, sizeof(text));
	r = root_parse("root", text, NULL, 0, argc, argv, 1, argc, NULL, &next, e);

	if (r <= 0)
		return r;
	v = verb_find(word, argv[next]);
	if (v)
		return v->run(argc - next, argv + next, e);
	err_set(e, EINVAL, "unknown word %s: build, import, list or rm is expected", QUOTE(argv[next]));
	return err_hint(e, "Try 'croft root --help'");
}

const struct verb verb_root = {
	.name = "root",
	.help = "build, import, list and remove root file systems",
	.run = root_main,
	.word = word,
};
