/*
 * environment.h - the environment of the command. Pure.
 */
#pragma once

#include <stddef.h>

#include "common/arena.h"
#include "common/err.h"
#include "sandbox/plan.h"

enum { ENVIRONMENT_MAX = 8192 };

/* Grows by setting names; a later one replaces an earlier one. item[] has room for one more than max. */
struct environment {
	struct arena *a;
	const char *const *caller; /* the caller's own, NULL terminated */
	const char **item;
	uint32_t count, max;
};

/* An empty one. -ENOMEM when the arena is full. */
int environment_init(struct arena *a, const char *const *caller, struct environment *ret, struct err *e);

/* TERM, LANG and LC_* of the caller's, as they are. */
int environment_inherit(struct environment *env, struct err *e);

int environment_set(struct environment *env, const char *name, const char *value, struct err *e);

/* NAME=VALUE, or NAME: the caller's value, nothing where he has none. */
int environment_word(struct environment *env, const char *word, struct err *e);

/* The text of an environment file: such a word a line; blank lines and lines that begin with # are skipped.
 * No quotes, as docker has it. */
int environment_text(struct environment *env, const char *text, size_t size, const char *file, struct err *e);

struct plan_strings environment_list(const struct environment *env);
