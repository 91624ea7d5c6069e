#include "policy/decide.h"

#include <assert.h>
#include <string.h>

#include "common/caps.h"
#include "policy/match.h"
#include "policy/rule.h"

bool policy_names(const struct policy_rule *rule, const struct policy_caller *c)
{
	switch ((enum policy_who)rule->who) {
	case WHO_EVERYONE:
		return true;
	case WHO_USER:
		return rule->id == c->uid;
	case WHO_GROUP:
		break;
	}
	if (rule->id == c->gid)
		return true;
	for (size_t i = 0; i < c->ngroups; i++)
		if (rule->id == c->groups[i])
			return true;
	return false;
}

static bool is_path(const struct policy_request *r)
{
	return r->value[0] == '/' && policy_kind_is_path((enum policy_kind)r->kind);
}

/* A request that nobody described (object.h) or whose path was not resolved is covered by nothing. */
static bool described(const struct policy_request *r)
{
	if (!r->value || r->kind >= POLICY_KIND_COUNT)
		return false;
	if (is_path(r))
		return r->object != OBJECT_NONE && path_is_clean(r->value);
	return r->kind != POLICY_VOLUME && r->kind != POLICY_DEVICE && r->object == OBJECT_NONE;
}

static bool owner_fits(const struct policy_rule *rule, const struct policy_caller *c,
		       const struct policy_request *r)
{
	if (rule->conditions & COND_OWNER_CALLER && r->owner != c->uid)
		return false;
	return !(rule->conditions & COND_OWNER_ROOT || r->shared) || r->owner == 0;
}

static bool ports_within(bool only, const uint32_t *port, size_t n, const struct policy_tcp *t, bool connect)
{
	const uint32_t *granted = connect ? t->connect : t->bind;
	size_t ngranted = connect ? t->nconnect : t->nbind, g = 0;

	if (!(connect ? t->only_connect : t->only_bind))
		return true;
	for (size_t i = 0; only && i < n; i++) { /* both ascend */
		while (g < ngranted && granted[g] < port[i])
			g++;
		if (g == ngranted || granted[g] != port[i])
			return false;
	}
	return only;
}

/* Whether the request keeps to the ports that the line names. */
static bool ports_fit(const struct policy_tcp *granted, const struct policy_tcp *asked)
{
	static const struct policy_tcp all = {.only_bind = false};

	if (!granted)
		return true;
	if (!asked)
		asked = &all;
	return ports_within(asked->only_bind, asked->bind, asked->nbind, granted, false) &&
	       ports_within(asked->only_connect, asked->connect, asked->nconnect, granted, true);
}

const char *policy_lacks(const struct policy_rule *rule, const struct policy_request *r)
{
	unsigned missing = r->rights & ~(unsigned)rule->rights;

	if (missing & RIGHT_WRITE)
		return "read-only";
	if (missing & RIGHT_EXEC)
		return "noexec";
	if (missing)
		return "less";
	/* An overlay shows what lies under the mounts below it, instead of them. */
	if (r->submounts && (r->overlay || !(rule->conditions & COND_SUBMOUNTS)))
		return "without the mounts below it";
	if (r->object == OBJECT_SOCKET && !(rule->conditions & COND_SOCKETS))
		return "but no socket or FIFO";
	if (r->shared && !(rule->conditions & COND_SHARED))
		return "not shared";
	if (r->overlay && !(rule->conditions & COND_OVERLAY))
		return "without an overlay";
	if (!ports_fit(rule->tcp, r->tcp))
		return "for some TCP ports only";
	return NULL;
}

/* The capability `default` is several. */
static bool word_fits(const struct policy_rule *rule, const struct policy_request *r)
{
	int cap;

	if (!strcmp(rule->value, r->value))
		return true;
	if (r->kind != POLICY_CAPABILITY || strcmp(rule->value, "default") != 0)
		return false;
	cap = caps_parse(r->value);
	return cap >= 0 && CAPS_DEFAULT & CAP_BIT(cap);
}

static enum pattern_match match_value(const struct policy_rule *rule, const struct policy_caller *c,
				      const struct policy_request *r)
{
	if (is_path(r) != policy_is_path(rule))
		return PATTERN_NO;
	if (!is_path(r))
		return word_fits(rule, r) ? PATTERN_HERE : PATTERN_NO;
	return pattern_match(rule->value, c, rule->action == POLICY_DENY, r->value);
}

/* What cannot be named cannot be covered either. */
static bool has_place(const struct policy_rule *rule, const struct policy_caller *c)
{
	char place[PATTERN_MAX];

	return pattern_place(rule->value, c, place, sizeof(place)) == 0;
}

static enum policy_reason judge_deny(const struct policy_rule *rule, const struct policy_caller *c,
				     const struct policy_request *r)
{
	enum pattern_match m;

	if (rule->rights & RIGHT_WRITE && !(r->rights & RIGHT_WRITE))
		return REASON_NO_RULE;
	m = match_value(rule, c, r);
	if (m == PATTERN_HERE)
		return owner_fits(rule, c, r) ? REASON_DENIED : REASON_NO_RULE;
	/* Whom the object below belongs to is not known: owner= does not narrow here. */
	if (m == PATTERN_BELOW && r->object == OBJECT_DIRECTORY)
		return rule->conditions & COND_MASK && has_place(rule, c) ? REASON_MASKED
									  : REASON_DENIED_BELOW;
	return REASON_NO_RULE;
}

static enum policy_reason judge_allow(const struct policy_rule *rule, const struct policy_caller *c,
				      const struct policy_request *r)
{
	if (match_value(rule, c, r) != PATTERN_HERE)
		return REASON_NO_RULE;
	if (policy_lacks(rule, r))
		return REASON_RIGHTS;
	return owner_fits(rule, c, r) ? REASON_ALLOWED : REASON_OWNER;
}

enum policy_reason policy_judge(const struct policy_rule *rule, const struct policy_caller *c,
				const struct policy_request *r)
{
	if (rule->action >= POLICY_LIMIT || rule->kind != r->kind || !policy_names(rule, c) || !described(r))
		return REASON_NO_RULE;
	return rule->action == POLICY_DENY ? judge_deny(rule, c, r) : judge_allow(rule, c, r);
}

/* The higher one decides; so the order of rules cannot. */
static int rank(enum policy_reason reason)
{
	static const int table[] = {
		[REASON_NO_RULE] = 0,   [REASON_OWNER] = 1,        [REASON_RIGHTS] = 2,
		[REASON_ALLOWED] = 3,   [REASON_DENIED_BELOW] = 4, [REASON_DENIED] = 5,
		[REASON_KERNEL_FS] = 6, [REASON_DEVICE] = 6,       [REASON_MASKED] = 0,
	};

	static_assert(sizeof(table) / sizeof(table[0]) == POLICY_REASON_COUNT, "a rank a reason");
	return table[reason];
}

struct policy_verdict policy_decide(const struct policy *p, const struct policy_caller *c,
				    const struct policy_request *r)
{
	struct policy_verdict v = {.reason = REASON_NO_RULE};

	if ((r->object == OBJECT_DEVICE) != (r->kind == POLICY_DEVICE))
		return (struct policy_verdict){.reason = REASON_DEVICE};
	if (r->kernel_fs && r->kind != POLICY_DEVICE)
		return (struct policy_verdict){.reason = REASON_KERNEL_FS};
	for (size_t i = 0; i < p->nrules; i++) {
		enum policy_reason said = policy_judge(&p->rule[i], c, r);

		v.masks |= said == REASON_MASKED;
		if (rank(said) <= rank((enum policy_reason)v.reason))
			continue;
		v.reason = (uint8_t)said;
		v.rule = &p->rule[i];
	}
	v.allowed = v.reason == REASON_ALLOWED;
	return v;
}

int policy_masks(const struct policy *p, const struct policy_caller *c, const struct policy_request *r,
		 policy_mask_fn *fn, void *ctx)
{
	int bad = 0;

	for (size_t i = 0; bad == 0 && i < p->nrules; i++) {
		char place[PATTERN_MAX];

		if (policy_judge(&p->rule[i], c, r) != REASON_MASKED)
			continue;
		bad = pattern_place(p->rule[i].value, c, place, sizeof(place));
		if (bad == 0)
			bad = fn(ctx, &p->rule[i], place);
	}
	return bad;
}

const struct policy_rule *policy_line(const struct policy *p, enum policy_action action)
{
	for (size_t i = 0; i < p->nrules; i++)
		if (p->rule[i].action == action)
			return &p->rule[i];
	return NULL;
}

const struct policy_rule *policy_enforced(const struct policy *p)
{
	const struct policy_rule *enforced = policy_line(p, POLICY_ENFORCED);

	return enforced ? enforced : policy_line(p, POLICY_REQUIRED);
}

const struct policy_rule *policy_limit_rule(const struct policy *p, const struct policy_caller *c,
					    enum policy_limit which)
{
	const struct policy_rule *least = NULL;

	for (size_t i = 0; i < p->nrules; i++) {
		const struct policy_rule *rule = &p->rule[i];

		if (rule->action != POLICY_LIMIT || rule->kind != which || !policy_names(rule, c))
			continue;
		if (!least || rule->limit < least->limit)
			least = rule;
	}
	return least;
}

uint64_t policy_limit(const struct policy *p, const struct policy_caller *c, enum policy_limit which)
{
	const struct policy_rule *rule = policy_limit_rule(p, c, which);

	return rule ? rule->limit : UINT64_MAX;
}
