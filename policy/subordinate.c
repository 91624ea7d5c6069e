#include "policy/subordinate.h"

#include <errno.h>
#include <stdio.h>

#include "common/subid.h"
#include "common/text.h"
#include "policy/ids_rule.h"

/* Who else has an id of a range. */
struct search {
	const struct id_range *range;
	struct id_range found;
	char who[64];
};

static int see_line(void *ctx, const char *owner, size_t len, const struct id_range *r)
{
	struct search *s = ctx;

	if (!id_ranges_overlap(r, s->range))
		return 0;
	s->found = *r;
	snprintf(s->who, sizeof(s->who), "%.*s", (int)len, owner);
	return -EEXIST;
}

static int check_others(const char *file, const struct policy_rule *rule, const struct id_range *range,
			struct err *e)
{
	struct search s = {.range = range};
	int r = subid_each(file, see_line, &s, e);

	if (r != -EEXIST)
		return r;
	err_set(e, EEXIST, "the range %u:%u of the ids rule %s:%u overlaps %u:%u, which is %s's in %s",
		range->start, range->count, QUOTE(rule->file), rule->line, s.found.start, s.found.count,
		QUOTE(s.who), file);
	return err_hint(e, "an administrator gives the rule a base that nobody has: croft policy check");
}

static int compute(const char *file, const struct policy_rule *rule, uint32_t uid, struct id_range *ret,
		   struct err *e)
{
	if (ids_rule_range(rule->ids, uid, ret) == 0)
		return check_others(file, rule, ret, e);
	err_set(e, ERANGE, "uid %u is too high for the ids rule %s:%u: its ids would end beyond %u", uid,
		QUOTE(rule->file), rule->line, IDS_RULE_LAST);
	return err_hint(e, "the last uid that the rule has ids for is %u; others need a line in %s",
			ids_rule_last_uid(rule->ids), file);
}

int policy_subordinate(const char *file, const struct policy *p, const struct policy_caller *c,
		       struct subordinate *ret, struct err *e)
{
	int n = subid_read(file, c->name, c->uid, ret->range, IDS_RANGES_MAX, e);
	int r = n < 0 ? n : 0;

	ret->rule = n == 0 ? policy_ids_rule(p, c->uid) : NULL;
	if (ret->rule) {
		r = compute(file, ret->rule, c->uid, &ret->range[0], e);
		n = 1;
	}
	ret->n = r < 0 ? 0 : n;
	return r;
}
