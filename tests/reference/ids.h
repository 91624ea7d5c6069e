/*
 * ids.h - ranges of ids, maps and ids rules once more, in 128 bits, where nothing wraps, and by asking id by
 * id. For the tests that compare; it shares no function with common/ and policy/.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/ids.h"
#include "policy/policy.h"

__extension__ typedef __int128 wide;

/* From first to last, both in it; empty where last is before first. */
struct span {
	wide first, last;
};
struct span span_of(uint32_t start, uint32_t count);
bool spans_meet(struct span a, struct span b);

/* What id_layout() is asked for. */
struct reference_map {
	uint32_t own, own_inside; /* ID_NONE: not mapped */
	const struct id_range *range;
	size_t n;
	uint64_t limit;
};

/* Whether the ranges may be mapped: none is empty, too long, holds 0 or own, or meets another. */
bool reference_ranges_good(const struct reference_map *m);

/* The id outside of one inside; false: there is none. */
bool reference_outside(const struct reference_map *m, wide inside, wide *ret);

/* Whether extents, and the same as text, map what they should: asked at each place where either may change,
 * and beside it. */
bool reference_map_is(const struct reference_map *m, const struct id_extent *x, size_t n, const char *text);

/* The uids that get ids of a rule, and the ids that it gives. Of a rule with a size. */
void reference_rule(const struct ids_rule *r, struct span *ret_uids, struct span *ret_ids);
/* Whether an administrator may not write it. */
bool reference_rule_wrong(const struct ids_rule *r);
/* Whether he may not write both, of which neither is wrong. */
bool reference_rules_conflict(const struct ids_rule *a, const struct ids_rule *b);
/* As ids_rule_range(). */
int reference_rule_range(const struct ids_rule *r, uint32_t uid, struct span *ret);
