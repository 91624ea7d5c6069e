/*
 * plan_fields.h - the table of a plan's fields: name, type, place. Pure.
 */
#pragma once

#include <stddef.h>

#include "sandbox/plan.h"

enum plan_type { PLAN_U32, PLAN_I32, PLAN_U64, PLAN_STR, PLAN_STRINGS, PLAN_NUMBERS, PLAN_BLOB, PLAN_LIST };

/* What every list of a plan looks like. */
struct plan_items {
	const void *item;
	uint32_t count;
};

/* The structures a list is made of: PLAN_U32, PLAN_U64 and PLAN_STR only. */
struct plan_list {
	const struct plan_field *field;
	size_t nfields;
	size_t size; /* of one structure */
};

struct plan_field {
	const char *name;
	enum plan_type type;
	size_t offset;
	const char *const *words; /* PLAN_U32 that is an enum: its words; NULL else */
	size_t nwords;
	const struct plan_list *list; /* PLAN_LIST */
};

extern const struct plan_field plan_field[]; /* of struct plan */
extern const size_t plan_nfields;
extern const struct plan_list plan_op_list; /* of struct plan_op; its first field is the kind */
