#include "common/ids.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"

bool id_range_valid(uint32_t start, uint32_t count)
{
	return count > 0 && count <= ID_NONE - start;
}

bool id_range_has(const struct id_range *r, uint32_t id)
{
	return id >= r->start && id - r->start < r->count;
}

bool id_ranges_overlap(const struct id_range *a, const struct id_range *b)
{
	return id_range_has(a, b->start) || id_range_has(b, a->start);
}

static int check(uint32_t own, const struct id_range *r, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!id_range_valid(r[i].start, r[i].count) || r[i].start == 0 || id_range_has(&r[i], own))
			return -EINVAL;
		for (size_t k = 0; k < i; k++)
			if (id_ranges_overlap(&r[k], &r[i]))
				return -EINVAL;
	}
	return 0;
}

struct layout {
	struct id_extent *x;
	size_t n;
	size_t max;
};

static int add(struct layout *l, uint32_t inside, uint32_t outside, uint32_t count)
{
	struct id_extent *last = l->n ? &l->x[l->n - 1] : NULL;

	if (count == 0)
		return 0;
	if (last && inside - last->inside == last->count && outside - last->outside == last->count &&
	    outside > last->outside) {
		last->count += count;
		return 0;
	}
	if (l->n == l->max)
		return -E2BIG;
	l->x[l->n++] = (struct id_extent){.inside = inside, .outside = outside, .count = count};
	return 0;
}

/*
 * No number here can wrap: checked ranges are disjoint and leave out 0, own and ID_NONE, so all their ids and
 * the one at own_inside together are fewer than 2^32 - 1 and fit from 0 on inside.
 */
int id_layout(uint32_t own, uint32_t own_inside, const struct id_range *ranges, size_t nranges,
	      uint64_t limit, struct id_extent *ret, size_t max)
{
	struct layout l = {.x = ret, .max = max};
	bool own_todo = own_inside != ID_NONE;
	uint32_t next = 0;
	int r = check(own, ranges, nranges);

	for (size_t i = 0; i < nranges && r == 0 && limit > 0; i++) {
		uint32_t start = ranges[i].start;
		uint32_t count = ranges[i].count < limit ? ranges[i].count : (uint32_t)limit;

		limit -= count;
		if (own_todo && own_inside - next <= count) {
			uint32_t before = own_inside - next;

			r = add(&l, next, start, before);
			if (r == 0)
				r = add(&l, own_inside, own, 1);
			own_todo = false;
			next = own_inside + 1;
			start += before;
			count -= before;
		}
		if (r == 0)
			r = add(&l, next, start, count);
		next += count;
	}
	if (r == 0 && own_todo)
		r = add(&l, own_inside, own, 1);
	return r < 0 ? r : (int)l.n;
}

int id_map_text(const struct id_extent *x, size_t n, char *buf, size_t size)
{
	size_t used = 0;

	if (size > 0)
		buf[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		int len = snprintf(buf + used, size - used, "%u %u %u\n", x[i].inside, x[i].outside,
				   x[i].count);

		if (len < 0 || (size_t)len >= size - used)
			return -E2BIG;
		used += (size_t)len;
	}
	return (int)used;
}

int id_map_exchange(uint32_t a, uint32_t b, bool zero, char *buf, size_t size)
{
	const uint32_t low = a < b ? a : b, high = a < b ? b : a, first = zero ? 0 : 1;
	const struct id_extent all[] = {
		{first, first, low - first},
		{low, high, 1},
		{low + 1, low + 1, high - low - 1},
		{high, low, 1},
		{high + 1, high + 1, ID_NONE - 1 - high},
	};
	struct id_extent x[5];
	size_t n = 0;

	if (low == 0 || high == ID_NONE)
		return -EINVAL;
	if (low == high)
		return id_map_text(&(struct id_extent){first, first, ID_NONE - first}, 1, buf, size);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i].count > 0)
			x[n++] = all[i];
	return id_map_text(x, n, buf, size);
}

/* One number of a map's text, with the blanks before it and the blank or newline behind it. */
static const char *map_number(const char *s, uint32_t *ret)
{
	size_t n;

	s += strspn(s, " ");
	n = strspn(s, "0123456789");
	return text_u32n(s, n, ret) < 0 || !s[n] ? NULL : s + n + 1;
}

int id_map_outside(const char *map, uint32_t inside, uint32_t *ret)
{
	while (*map) {
		uint32_t first, outside, count;

		map = map_number(map, &first);
		map = map ? map_number(map, &outside) : NULL;
		map = map ? map_number(map, &count) : NULL;
		if (!map)
			return -EINVAL;
		if (inside >= first && inside - first < count) {
			*ret = outside + (inside - first);
			return 0;
		}
	}
	return -ENOENT;
}
