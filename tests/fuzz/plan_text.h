/*
 * plan_text.h - a plan as text: what is kept of plans for the fuzz targets, since their bytes change with
 * each version. The first line is "plan"; then a line a field that is not as in an empty plan, by its name in
 * plan_fields.h: "uid 1000", "map subordinate". A list has a line an item: "argv sh"; one of structures a
 * line "ops" where an item begins, then its fields: "ops.target /tmp". \n and \\ are the only escapes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "sandbox/plan.h"

bool plan_text_is(const uint8_t *data, size_t size);

/* False: a line is not understood. */
bool plan_text_read(const uint8_t *data, size_t size, struct arena *a, struct plan *ret);

/*
 * The plan of an input, which is text or encoded bytes. 0 or -errno, as plan_decode(). In a replay what is
 * kept as text has to be a plan.
 */
int plan_text_input(const uint8_t *data, size_t size, struct arena *a, struct plan *ret, struct err *e);
