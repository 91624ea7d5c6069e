#include "policy/ids_rule.h"

#include <errno.h>
#include <stdio.h>

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* How many ids there are from base on; 0 where base is none that may be given. */
static uint64_t room(const struct ids_rule *r)
{
	return r->base == 0 || r->base > IDS_RULE_LAST ? 0 : (uint64_t)IDS_RULE_LAST - r->base + 1;
}

static bool fits_one(const struct ids_rule *r)
{
	return r->size > 0 && r->size <= room(r);
}

bool ids_rule_covers(const struct ids_rule *r, uint32_t uid)
{
	return uid != 0 && uid != ID_NONE && uid >= r->uid_min && uid <= r->uid_max;
}

int ids_rule_range(const struct ids_rule *r, uint32_t uid, struct id_range *ret)
{
	uint64_t before;

	if (!ids_rule_covers(r, uid))
		return -ENOENT;
	before = (uint64_t)(uid - r->uid_min) * r->size; /* two factors of 32 bits: never beyond 64 */
	if (!fits_one(r) || before > room(r) - r->size)
		return -ERANGE;
	*ret = (struct id_range){.start = (uint32_t)(r->base + before), .count = r->size};
	return 0;
}

uint32_t ids_rule_last_uid(const struct ids_rule *r)
{
	uint64_t last = r->uid_min + (room(r) / r->size - 1);

	return (uint32_t)least(last, least(r->uid_max, ID_NONE - 1));
}

struct id_range ids_rule_uids(const struct ids_rule *r)
{
	return (struct id_range){.start = r->uid_min, .count = ids_rule_last_uid(r) - r->uid_min + 1};
}

struct id_range ids_rule_region(const struct ids_rule *r)
{
	uint64_t count = (uint64_t)ids_rule_uids(r).count * r->size;

	return (struct id_range){.start = r->base, .count = (uint32_t)count};
}

/* ---- mistakes ---- */

static uint32_t end(struct id_range r)
{
	return r.start + (r.count - 1);
}

static bool users_among(const struct ids_rule *ids, const struct ids_rule *users)
{
	const struct id_range a = ids_rule_region(ids), b = ids_rule_uids(users);

	return id_ranges_overlap(&a, &b);
}

bool ids_rule_mistake(const struct ids_rule *r, enum ids_rule_word *ret_word, char *buf, size_t size)
{
	uint32_t last;

	if (!fits_one(r)) {
		*ret_word = IDS_RULE_SIZE;
		snprintf(buf, size, "expected at most %llu ids, as many as there are from %u to %u",
			 (unsigned long long)room(r), r->base, IDS_RULE_LAST);
		return true;
	}
	if (r->uid_max < r->uid_min) {
		*ret_word = IDS_RULE_UID_MAX;
		snprintf(buf, size, "expected a uid-max that is not below uid-min, %u", r->uid_min);
		return true;
	}
	last = ids_rule_last_uid(r);
	if (r->uid_max != IDS_RULE_NO_MAX && r->uid_max != last) {
		*ret_word = IDS_RULE_UID_MAX;
		snprintf(buf, size, "expected at most %u: the ids of higher uids would end beyond %u", last,
			 IDS_RULE_LAST);
		return true;
	}
	if (users_among(r, r)) {
		*ret_word = IDS_RULE_BASE;
		snprintf(buf, size,
			 "the ids of this rule, %u to %u, hold uids that it is for, %u to %u: expected a "
			 "base that keeps them apart",
			 r->base, end(ids_rule_region(r)), r->uid_min, last);
		return true;
	}
	return false;
}

bool ids_rule_conflict(const struct ids_rule *r, const struct ids_rule *other, const char *name,
		       enum ids_rule_word *ret_word, char *buf, size_t size)
{
	const struct id_range mine = ids_rule_region(r), its = ids_rule_region(other);

	*ret_word = IDS_RULE_UID_MIN;
	if (r->uid_min <= other->uid_max && other->uid_min <= r->uid_max) {
		uint32_t both = r->uid_min > other->uid_min ? r->uid_min : other->uid_min;

		snprintf(buf, size,
			 "%s is for uid %u too: expected one rule for a uid, kept apart by uid-max", name,
			 both);
		return true;
	}
	*ret_word = IDS_RULE_BASE;
	if (id_ranges_overlap(&mine, &its)) {
		snprintf(buf, size, "the ids of this rule, %u to %u, overlap those of %s, %u to %u",
			 mine.start, end(mine), name, its.start, end(its));
		return true;
	}
	if (users_among(r, other) || users_among(other, r)) {
		snprintf(buf, size, "the ids of %s hold uids that %s is for",
			 users_among(r, other) ? "this rule" : name,
			 users_among(r, other) ? name : "this rule");
		return true;
	}
	return false;
}

/* ---- the lines of a policy ---- */

const struct policy_rule *policy_ids_rule(const struct policy *p, uint32_t uid)
{
	for (size_t i = 0; i < p->nrules; i++)
		if (p->rule[i].action == POLICY_IDS_RULE && ids_rule_covers(p->rule[i].ids, uid))
			return &p->rule[i];
	return NULL;
}

size_t policy_ids_rules(const struct policy_rule *rule, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += rule[i].action == POLICY_IDS_RULE;
	return count;
}
