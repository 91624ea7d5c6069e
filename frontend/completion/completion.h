/*
 * completion.h - the tables of shell completion, printed from the tree of verbs. Not pure. These modules are
 * no part of croft: a program that runs when croft is built puts the tables into croft.bash, _croft and
 * croft.fish.
 *
 * A level is a verb with the words before it, as "croft root build"; there options may stand, then a word or
 * operands. What a value or operand may be is a list for the shells: words, and @FILE, @DIR, @PATH (file or
 * directory, which something may follow), @ROOT (a named root or a directory), @OWN-ROOT, @USER, @VARIABLE,
 * @COMMAND (a command and its arguments).
 */
#pragma once

#include <stdbool.h>

#include "frontend/verb.h"

enum { LEVEL_MAX = 128, VALUE_MAX = 2048 };

typedef void level_fn(const char *level, const struct verb *v);
/* Calls fn for root and every verb below it. */
void each_level(const struct verb *root, level_fn *fn);

/* The options of a level: the rows of its table, and help, which options_parse() knows by itself. i from 0
 * on; NULL at the end. */
const struct option_row *level_option(const struct verb *v, size_t i);

/* The list for option_row.arg, or for one operand; "" when there is nothing to offer. In buf, which is
 * returned. */
const char *value_list(const char *arg, char buf[VALUE_MAX]);

/* The operand i of a verb as written, without "...", in buf; NULL at the end. *ret_again: more like it may
 * follow. */
const char *operand(const struct verb *v, size_t i, char buf[VALUE_MAX], bool *ret_again);

/* Prints text for a place in single quotes: each character of special behind a backslash, and quote for a
 * single quote. */
void put_escaped(const char *text, const char *special, const char *quote);

void bash_tables(const struct verb *root);
void zsh_tables(const struct verb *root);
void fish_tables(const struct verb *root);
