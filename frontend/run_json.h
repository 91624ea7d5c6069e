/*
 * run_json.h - a command line of `croft run` in the form of croft-file(5), as JSON: what `croft plan --json`
 * prints and --from reads. Pure.
 */
#pragma once

#include "frontend/run_words.h"

/*
 * An object; an array of objects where the order of options wants one key twice; null where a word is not
 * text that JSON can hold. What the last word replaces is left out. *ret is terminated. 0, or -errno with *e.
 */
int run_json(const struct run_words *w, struct arena *a, const char **ret, struct err *e);
