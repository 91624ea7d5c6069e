#include "frontend/run_words.h"

#include <errno.h>
#include <string.h>

#include "common/text.h"
#include "frontend/join.h"
#include "frontend/run_form.h"
#include "frontend/run_options.h"

static int too_long(struct err *e)
{
	return err_set(e, E2BIG, "the command line is too long");
}

static int add(void *ctx, const struct option_row *row, const char *value, struct err *e)
{
	struct run_words *w = ctx;

	if (!strcmp(row->name, "from")) {
		if (w->from)
			return err_set(e, EINVAL, "option --from: given more than once");
		if (row->set(NULL, value, e) < 0)
			return err_wrap(e, "option --from");
		w->from = value;
	} else {
		if (!strcmp(row->name, "json"))
			w->json = option_on(value);
		w->option[w->noptions++] = (struct run_word){row, value};
	}
	return 0;
}

/* The most options that argc words can be: -abc is three. */
static size_t most_options(int argc, char *const argv[])
{
	size_t n = 0;

	for (int i = 1; i < argc; i++)
		n += argv[i][0] == '-' && argv[i][1] != '-' ? strlen(argv[i]) : 1;
	return n;
}

int run_words_read(int argc, char *const argv[], struct arena *a, struct run_words *ret, struct err *e)
{
	struct run_words w = {.option = arena_array(a, most_options(argc, argv) + 1, sizeof(*w.option))};
	int next, ended;

	if (!w.option)
		return too_long(e);
	ended = options_walk(argv[0], run_option, run_noptions, argc, argv, add, &w, &next, e);
	if (ended < 0)
		return ended;
	if (next < argc && !(w.from && ended)) {
		w.root = argv[next++];
		if (next < argc && !strcmp(argv[next], "--"))
			next++;
	}
	w.argv = argv + next;
	w.argc = (size_t)(argc - next);
	*ret = w;
	return 0;
}

/* --- from a file ------------------------------------------------------------------------------------ */

static int strange(struct err *e)
{
	return err_set(e, EPROTO, "croft-from said what croft does not understand");
}

int run_words_records(char *records, size_t size, struct arena *a, struct run_words *ret, struct err *e)
{
	struct run_words w = {.root = NULL};
	char *root = NULL, **word, **command;
	size_t n = 0, options = 1;
	int next;

	for (size_t i = 0; i < size; i++)
		n += !records[i];
	word = arena_array(a, n + 2, sizeof(*word));
	command = arena_array(a, n + 1, sizeof(*command));
	w.option = arena_array(a, n + 1, sizeof(*w.option));
	if (!word || !command || !w.option)
		return too_long(e);
	if (size && records[size - 1])
		return strange(e);
	word[0] = records;
	for (char *p = records; p < records + size; p += strlen(p) + 1) {
		if (*p == 'o')
			word[options++] = p + 1;
		else if (*p == 'c')
			command[w.argc++] = p + 1;
		else if (*p == 'r' && !root)
			root = p + 1;
		else
			return strange(e);
	}
	if (options_walk("run", run_option, run_noptions, (int)options, word, add, &w, &next, e) != 0 ||
	    next != (int)options || w.from)
		return strange(e);
	w.argv = command;
	w.root = root;
	*ret = w;
	return 0;
}

int run_words_merge(const struct run_words *file, const struct run_words *line, struct arena *a,
		    struct run_words *ret, struct err *e)
{
	const struct run_words *command = line->argc ? line : file;
	struct run_words w = {.root = line->root ? line->root : file->root,
			      .argv = command->argv,
			      .argc = command->argc,
			      .from = line->from,
			      .json = line->json,
			      .noptions = file->noptions + line->noptions};

	w.option = arena_array(a, w.noptions + 1, sizeof(*w.option));
	if (!w.option)
		return too_long(e);
	memcpy(w.option, file->option, file->noptions * sizeof(*w.option));
	memcpy(w.option + file->noptions, line->option, line->noptions * sizeof(*w.option));
	*ret = w;
	return 0;
}

int run_words_rebase(struct run_words *w, const char *folder, struct arena *a, struct err *e)
{
	for (size_t i = 0; i < w->noptions; i++) {
		struct run_word *o = &w->option[i];

		if (!o->value)
			continue;
		o->value = run_form_value(run_form(o->row), o->value, folder, a);
		if (!o->value)
			return too_long(e);
	}
	if (!w->root)
		return 0;
	w->root = run_form_root(w->root, folder, a);
	return w->root ? 0 : too_long(e);
}

/* --- as a command line ---------------------------------------------------------------------------------- */

static char *option_word(const struct run_word *o, struct arena *a)
{
	const char *s = join(a, "--", o->row->name, o->value ? "=" : "", o->value ? o->value : "");

	return s ? arena_copy(a, s, strlen(s)) : NULL;
}

int run_words_argv(const struct run_words *w, char *verb, struct arena *a, int *ret_argc, char ***ret_argv,
		   struct err *e)
{
	char **argv = arena_array(a, w->noptions + w->argc + 5, sizeof(*argv));
	char *dashes = arena_copy(a, "--", 2),
	     *root = w->root ? arena_copy(a, w->root, strlen(w->root)) : NULL;
	size_t n = 0;

	if (!argv || !dashes || (w->root && !root) || w->noptions + w->argc > INT32_MAX - 5)
		return too_long(e);
	argv[n++] = verb;
	for (size_t i = 0; i < w->noptions; i++) {
		argv[n] = option_word(&w->option[i], a);
		if (!argv[n++])
			return too_long(e);
	}
	if (root) { /* a COMMAND without one would be taken for it */
		argv[n++] = dashes;
		argv[n++] = root;
		argv[n++] = dashes;
		for (size_t i = 0; i < w->argc; i++)
			argv[n++] = w->argv[i];
	}
	*ret_argc = (int)n;
	*ret_argv = argv;
	return 0;
}
