/*
 * ids.h - ranges of user and group ids and what may be written to a map. Pure.
 *
 * Ranges are compared by subtraction of what was compared already; nothing is
 * added before it was compared, so nothing wraps.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	IDS_RANGES_MAX = 340, /* lines of one map: user_namespaces(7), Linux >= 4.15 */
	IDS_TEXT_MAX = 4096,  /* a map written must be shorter than a page: 4095 bytes */
	IDS_READ_MAX = 12288, /* a map read: 340 lines of 33 bytes, user_namespaces(7) */
};

#define ID_NONE UINT32_MAX /* never an id: 4294967295 means "no change" to the kernel */

/* count ids from start on; never empty, never reaches ID_NONE. */
struct id_range {
	uint32_t start;
	uint32_t count;
};

/* One line of a map: count ids from inside on are count ids from outside on. */
struct id_extent {
	uint32_t inside;
	uint32_t outside;
	uint32_t count;
};

/* Whether start and count make a range: count > 0 and the last id below ID_NONE. */
bool id_range_valid(uint32_t start, uint32_t count);
bool id_range_has(const struct id_range *r, uint32_t id);
bool id_ranges_overlap(const struct id_range *a, const struct id_range *b);

/*
 * The map of a caller: his own id at own_inside (ID_NONE: he is not mapped), and the ids of his
 * ranges, in order, at 0, 1, 2 ... leaving own_inside out, at most limit of them.
 * Adjacent pieces are joined. Returns the number of extents, or -EINVAL (a range is not valid, holds own,
 * holds id 0 of the host, or overlaps another), or -E2BIG (more than max extents).
 */
int id_layout(uint32_t own, uint32_t own_inside, const struct id_range *ranges, size_t nranges,
	      uint64_t limit, struct id_extent *ret, size_t max);

/*
 * The map of an idmapped mount that exchanges two ids, neither of them 0 (the same one twice: none), and
 * leaves the others as they are; zero: 0, too, which is not in it otherwise. Text as of id_map_text().
 * Returns the length, or -EINVAL.
 */
int id_map_exchange(uint32_t a, uint32_t b, bool zero, char *buf, size_t size);

/* The id outside of one inside, in a map as text, written for the kernel or by it: 0, -ENOENT, or -EINVAL. */
int id_map_outside(const char *map, uint32_t inside, uint32_t *ret);

/* "inside outside count\n" a line; returns the length, or -E2BIG when it does not fit. */
int id_map_text(const struct id_extent *x, size_t n, char *buf, size_t size);
