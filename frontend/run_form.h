/*
 * run_form.h - what a file of options (croft-file(5)) has to know of an option beside its row. Pure.
 */
#pragma once

#include <stdbool.h>

#include "common/arena.h"
#include "frontend/options.h"

/* Whether an option may be given again, and what its order counts among. */
enum form_repeat {
	FORM_ONCE,   /* the last one holds */
	FORM_LIST,   /* each adds to those before */
	FORM_MOUNTS, /* as FORM_LIST, one sequence with the others that put something into the root */
	FORM_ENV,    /* the same for variables */
};

/* Which part of the value is a path of the host's. */
enum form_path {
	FORM_NO_PATH,
	FORM_PATH,       /* all of it */
	FORM_PATH_DOT,   /* all of it, where there is a / or a dot in it */
	FORM_PATH_SRC,   /* what stands before the first colon, where it is a path */
	FORM_PATH_FIELD, /* the field src= or source= of a list with commas */
};

struct run_form {
	const char *option;
	enum form_repeat repeat;
	enum form_path path;
	bool outside; /* stands in no file */
};

/* Of an option of `croft run`; never NULL. */
const struct run_form *run_form(const struct option_row *row);

/*
 * The value with its path relative to folder instead of the working directory. The same pointer where there
 * is nothing to change: no path, an absolute one, or the folder is ".". NULL: the arena is full.
 */
const char *run_form_value(const struct run_form *f, const char *value, const char *folder, struct arena *a);

/* The same for ROOT, which is a path where there is a / in it. */
const char *run_form_root(const char *root, const char *folder, struct arena *a);
