/*
 * root_import.h - what `croft root import` was asked, and a step of it. Not pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "frontend/staging.h"
#include "sandbox/plan.h"

struct import {
	const char *file, *name;
	enum plan_map map;
	uint64_t max_size;
	bool copy, quiet, verbose;
	char terminal[64], *term; /* TERM=..., or NULL */
	int input;                /* the archive, or the directory of the layout */
	struct staging staging;
};

/* What one run of croft-import gets. */
struct import_step {
	const struct staging *where; /* its directory and its lock */
	int input;                   /* standard input; -1: none */
	const char *const *word;     /* the step and what it needs; NULL at the end */
	char *out;                   /* what it prints; NULL: nothing */
	size_t out_size;
};

/* In the user namespace: 0; -ECANCELED when the program has said itself why not; -errno. */
int import_run(const struct import *i, const struct import_step *step, struct err *e);
