/*
 * verb.h - the words of the command line that say what is to be done: a tree of tables, a file a verb. What
 * is run, the lists in the help and shell completion are made from it.
 */
#pragma once

#include <stddef.h>

#include "common/err.h"
#include "frontend/options.h"

/*
 * argv[0] is the verb. Returns the exit status; a failure is -errno with *e set, which main prints
 * once. What a verb prints on standard output goes through out.h, so that a full disk is an error.
 */
typedef int verb_fn(int argc, char *argv[], struct err *e);

struct verb {
	const char *name;
	const char *help; /* a line, without a full stop */
	verb_fn *run;     /* NULL: the word is an operand, of which only completion knows */
	/* NULL: takes no options, but for --help where it has words. */
	const struct option_table *options;
	/* What may stand in place of operands, a NULL at the end; or NULL. */
	const struct verb *const *word;
	/* A word each, in the language of option_row.arg; "..." behind the last: again and again. COMMAND and
	 * what follows it is a command line of its own. NULL: none. */
	const char *operands;
};

/* What may follow `croft`. */
extern const struct verb verb_croft;
extern const struct verb verb_run, verb_exec, verb_ps, verb_stop, verb_logs, verb_attach;
extern const struct verb verb_plan, verb_policy, verb_root, verb_doctor;

/* The one of the list with this name, or NULL. */
const struct verb *verb_find(const struct verb *const *list, const char *name);
/* A line each, name and help, into buf, between two texts; always terminated, cut when it does not fit. */
void verb_list(const char *before, const struct verb *const *list, const char *after, char *buf, size_t size);

/* Prints the help of a verb made by options_help(). Returns 0 or -errno. */
int verb_help(const char *text, struct err *e);
