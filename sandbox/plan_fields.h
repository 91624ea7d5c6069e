/*
 * plan_fields.h - the table of a plan's fields: name, type, place. Pure.
 */
#pragma once

#include <stddef.h>

#include "sandbox/plan.h"

enum plan_type { PLAN_U32, PLAN_U64, PLAN_STR, PLAN_STRINGS, PLAN_FDS, PLAN_OPS };

struct plan_field {
	const char *name;
	enum plan_type type;
	size_t offset;
	const char *const *words; /* PLAN_U32 that is an enum: its words; NULL else */
	size_t nwords;
};

extern const struct plan_field plan_field[]; /* of struct plan */
extern const size_t plan_nfields;
extern const struct plan_field plan_op_field[]; /* of struct plan_op: PLAN_U32, PLAN_U64 and PLAN_STR only */
extern const size_t plan_op_nfields;
