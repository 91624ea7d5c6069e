#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"
#include "policy/decide.h"
#include "policy/match.h"
#include "policy/rule.h"

struct refusal {
	const struct policy_verdict *v;
	const struct policy_caller *c;
	const struct policy_request *r;
	char where[300];            /* file:line of the rule */
	char text[POLICY_TEXT_MAX]; /* the rule */
	char why[ERR_MSG_MAX];
};

static void who_asks(const struct policy_caller *c, char *buf, size_t size)
{
	if (c->name)
		snprintf(buf, size, "%s", QUOTE(c->name));
	else
		snprintf(buf, size, "uid %u", (unsigned)c->uid);
}

static void why_denied(struct refusal *f, const char *pattern)
{
	const char *lost = "";

	if (text_starts(pattern, "%h") && !pattern_home_usable(f->c->home, true))
		lost = " (the caller's home directory is not known, so %h may be anywhere)";
	else if (!f->c->name && strstr(pattern, "/%u"))
		lost = " (the caller has no name, so %u may be anything)";
	snprintf(f->why, sizeof(f->why), "%s denies it: %s%s", f->where, QUOTE(f->text), lost);
}

static void why_below(struct refusal *f, const char *pattern)
{
	snprintf(f->why, sizeof(f->why), "%s is above %s, which %s denies: %s", QUOTE(f->r->value),
		 QUOTE(pattern), f->where, QUOTE(f->text));
}

static void why_rights(struct refusal *f, const struct policy_rule *rule)
{
	const char *less = policy_lacks(rule, f->r);

	snprintf(f->why, sizeof(f->why), "rule %s allows it %s", f->where, less ? less : "less");
}

static void why_owner(struct refusal *f, const struct policy_rule *rule)
{
	snprintf(f->why, sizeof(f->why), "rule %s allows it where it belongs to %s, and it belongs to uid %u",
		 f->where, rule->conditions & COND_OWNER_ROOT ? "root" : "the caller", (unsigned)f->r->owner);
}

static void why_rule(struct refusal *f, const struct policy_rule *rule)
{
	switch ((enum policy_reason)f->v->reason) {
	case REASON_DENIED:
		why_denied(f, rule->value);
		return;
	case REASON_DENIED_BELOW:
		why_below(f, rule->value);
		return;
	case REASON_OWNER:
		why_owner(f, rule);
		return;
	case REASON_RIGHTS:
	case REASON_MASKED:
	case REASON_NO_RULE:
	case REASON_ALLOWED:
	case REASON_KERNEL_FS:
	case REASON_DEVICE:
	case POLICY_REASON_COUNT:
		break;
	}
	why_rights(f, rule);
}

static void why_no_rule(struct refusal *f)
{
	const char *kind = policy_kind_word[f->r->kind];

	if (f->v->reason == REASON_KERNEL_FS)
		snprintf(f->why, sizeof(f->why),
			 "%s lies on %s, a file system of the kernel, which is never a %s",
			 QUOTE(f->r->value), f->r->kernel_fs, kind);
	else if (f->v->reason == REASON_DEVICE && f->r->kind == POLICY_DEVICE)
		snprintf(f->why, sizeof(f->why), "%s is no device", QUOTE(f->r->value));
	else if (f->v->reason == REASON_DEVICE)
		snprintf(f->why, sizeof(f->why), "%s is a device, which is never a %s", QUOTE(f->r->value),
			 kind);
	else
		snprintf(f->why, sizeof(f->why), "no rule allows it");
}

/* What to ask for instead, where asking for less would do. */
static const char *ask_for(const struct policy_verdict *v, const struct policy_request *r)
{
	unsigned missing;

	if (v->reason == REASON_DEVICE && r->kind == POLICY_VOLUME)
		return "ask for it with --device";
	if (v->reason != REASON_RIGHTS || !v->rule)
		return NULL;
	if (v->rule->tcp)
		return "ask for it with --tcp-bind and --tcp-connect, and ports of that rule";
	missing = r->rights & ~(unsigned)v->rule->rights;
	if (missing & RIGHT_WRITE && missing & RIGHT_EXEC)
		return "ask for it with :ro,noexec";
	if (missing & RIGHT_WRITE)
		return r->kind == POLICY_ROOT ? "ask for it with --read-only or --ephemeral"
					      : "ask for it with :ro";
	return missing & RIGHT_EXEC ? "ask for it with :noexec" : NULL;
}

int policy_refuse(const struct policy_verdict *v, const struct policy_caller *c,
		  const struct policy_request *r, const char *what, const char *asked, struct err *e)
{
	struct refusal f = {.v = v, .c = c, .r = r};
	const char *instead = ask_for(v, r);
	char who[300];

	who_asks(c, who, sizeof(who));
	if (v->rule) {
		snprintf(f.where, sizeof(f.where), "%s:%u", QUOTE(v->rule->file), v->rule->line);
		policy_rule_text(v->rule, f.text, sizeof(f.text));
		why_rule(&f, v->rule);
	} else {
		why_no_rule(&f);
	}
	err_set(e, EACCES, "%s: denied for %s: %s", QUOTE(what), who, f.why);
	return err_hint(e, "%s%scroft policy explain %s %s", instead ? instead : "",
			instead ? "; or see: " : "", policy_kind_word[r->kind], QUOTE(asked));
}
