#include "tests/reference/ids.h"

#include <errno.h>

static const wide last_id = 4294967294, last_given = 4294967293, no_id = 4294967295;

struct span span_of(uint32_t start, uint32_t count)
{
	return (struct span){start, (wide)start + count - 1};
}

bool spans_meet(struct span a, struct span b)
{
	return a.first <= b.last && b.first <= a.last;
}

/* ---- maps --------------------------------------------------------------------------------- */

bool reference_ranges_good(const struct reference_map *m)
{
	for (size_t i = 0; i < m->n; i++) {
		struct span s = span_of(m->range[i].start, m->range[i].count);

		if (m->range[i].count == 0 || s.first == 0 || s.last > last_id ||
		    spans_meet(s, span_of(m->own, 1)))
			return false;
		for (size_t k = 0; k < i; k++)
			if (spans_meet(s, span_of(m->range[k].start, m->range[k].count)))
				return false;
	}
	return true;
}

/* The i-th id that the ranges give, from 0 on. */
static bool nth(const struct reference_map *m, wide i, wide *ret)
{
	if (i >= m->limit)
		return false;
	for (size_t k = 0; k < m->n; k++) {
		if (i < m->range[k].count) {
			*ret = m->range[k].start + i;
			return true;
		}
		i -= m->range[k].count;
	}
	return false;
}

bool reference_outside(const struct reference_map *m, wide inside, wide *ret)
{
	bool own = m->own_inside != no_id;

	if (own && inside == m->own_inside) {
		*ret = m->own;
		return true;
	}
	return nth(m, own && inside > m->own_inside ? inside - 1 : inside, ret);
}

/* How many extents hold the id; *ret is the one outside. */
static unsigned holders(const struct id_extent *x, size_t n, wide inside, wide *ret)
{
	unsigned found = 0;

	for (size_t i = 0; i < n; i++)
		if (inside >= x[i].inside && inside < (wide)x[i].inside + x[i].count) {
			*ret = x[i].outside + (inside - x[i].inside);
			found++;
		}
	return found;
}

static bool same_near(const struct reference_map *m, const struct id_extent *x, size_t n, const char *text,
		      wide at)
{
	for (wide inside = at - 1; inside <= at + 1; inside++) {
		wide want = -1, got = -1;
		uint32_t outside = 0;
		bool mapped;

		if (inside < 0 || inside > last_id)
			continue;
		mapped = reference_outside(m, inside, &want);
		if (holders(x, n, inside, &got) != mapped || got != want)
			return false;
		/* the text is read from its beginning each time: once a place is enough */
		if (inside != at)
			continue;
		if ((id_map_outside(text, (uint32_t)inside, &outside) == 0) != mapped ||
		    (mapped && outside != want))
			return false;
	}
	return true;
}

bool reference_map_is(const struct reference_map *m, const struct id_extent *x, size_t n, const char *text)
{
	wide sum = 0;

	for (size_t i = 0; i < n; i++)
		if (x[i].count == 0 || !same_near(m, x, n, text, x[i].inside) ||
		    !same_near(m, x, n, text, (wide)x[i].inside + x[i].count))
			return false;
	for (size_t i = 0; i < m->n; i++) {
		sum += m->range[i].count;
		if (!same_near(m, x, n, text, sum))
			return false;
	}
	return same_near(m, x, n, text, m->own_inside) && same_near(m, x, n, text, m->limit) &&
	       same_near(m, x, n, text, 0);
}

/* ---- ids rules ------------------------------------------------------------------------------ */

void reference_rule(const struct ids_rule *r, struct span *ret_uids, struct span *ret_ids)
{
	wide users = (last_given - r->base + 1) / r->size;
	wide most = r->uid_max == no_id ? last_id : r->uid_max;

	*ret_uids = (struct span){r->uid_min, (wide)r->uid_min + users - 1};
	if (ret_uids->last > most)
		ret_uids->last = most;
	*ret_ids =
		(struct span){r->base, r->base + (ret_uids->last - ret_uids->first + 1) * (wide)r->size - 1};
}

bool reference_rule_wrong(const struct ids_rule *r)
{
	struct span uids, ids;

	if (r->size == 0 || r->base == 0 || (wide)r->base + r->size - 1 > last_given ||
	    r->uid_max < r->uid_min)
		return true;
	reference_rule(r, &uids, &ids);
	return (r->uid_max != no_id && uids.last != r->uid_max) || spans_meet(uids, ids);
}

bool reference_rules_conflict(const struct ids_rule *a, const struct ids_rule *b)
{
	struct span auids, aids, buids, bids;

	reference_rule(a, &auids, &aids);
	reference_rule(b, &buids, &bids);
	return spans_meet((struct span){a->uid_min, a->uid_max}, (struct span){b->uid_min, b->uid_max}) ||
	       spans_meet(aids, bids) || spans_meet(aids, buids) || spans_meet(bids, auids);
}

int reference_rule_range(const struct ids_rule *r, uint32_t uid, struct span *ret)
{
	if (uid == 0 || uid == no_id || uid < r->uid_min || uid > r->uid_max)
		return -ENOENT;
	ret->first = r->base + ((wide)uid - r->uid_min) * (wide)r->size;
	ret->last = ret->first + r->size - 1;
	return r->size == 0 || r->base == 0 || ret->last > last_given ? -ERANGE : 0;
}
