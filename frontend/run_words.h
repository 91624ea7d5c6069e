/*
 * run_words.h - a command line of `croft run` as a list of options, ROOT and COMMAND, before it means
 * anything: what the words of a file (--from) are put before, and what `croft plan --json` prints as one.
 * Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/err.h"
#include "frontend/options.h"

struct run_word {
	const struct option_row *row;
	const char *value; /* of a switch: option_on() */
};

struct run_words {
	struct run_word *option;
	size_t noptions;
	const char *root;  /* NULL: none was given */
	char *const *argv; /* COMMAND [ARG...] */
	size_t argc;
	const char *from; /* the file of --from, or NULL */
	bool json;
};

/*
 * Of argv[1...]. Where there is --from, what follows `--` is COMMAND, and ROOT is the file's; without, ROOT
 * comes first. *ret points into argv. 0; -ECANCELED for --help; -errno with *e.
 */
int run_words_read(int argc, char *const argv[], struct arena *a, struct run_words *ret, struct err *e);

/*
 * What croft-from printed: records that end with a NUL. `o`: an option as a word, --name or --name=VALUE.
 * `r`: ROOT. `c`: COMMAND and what follows it, one each. 0, or -EPROTO with *e.
 */
int run_words_records(char *records, size_t size, struct arena *a, struct run_words *ret, struct err *e);

/* The file's, then the other's: lists go on, of what can be given once the later holds, and so do ROOT and
 * COMMAND. */
int run_words_merge(const struct run_words *file, const struct run_words *line, struct arena *a,
		    struct run_words *ret, struct err *e);

/* Every relative path made one below folder. */
int run_words_rebase(struct run_words *w, const char *folder, struct arena *a, struct err *e);

/* As a command line again, of a verb; *ret_argv ends with NULL. */
int run_words_argv(const struct run_words *w, char *verb, struct arena *a, int *ret_argc, char ***ret_argv,
		   struct err *e);
