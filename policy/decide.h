/*
 * decide.h - the decision. Pure: facts in, verdict out.
 */
#pragma once

#include "common/err.h"
#include "policy/policy.h"

/*
 * What one rule says to the request: REASON_ALLOWED, _DENIED, _DENIED_BELOW, _MASKED, _RIGHTS, _OWNER, or
 * REASON_NO_RULE where it does not concern it.
 */
enum policy_reason policy_judge(const struct policy_rule *rule, const struct policy_caller *c,
				const struct policy_request *r);

/* Whether a rule's WHO names the caller. */
bool policy_names(const struct policy_rule *rule, const struct policy_caller *c);

/* The first line of that action, or NULL. */
const struct policy_rule *policy_line(const struct policy *p, enum policy_action action);

/* The line that leaves croft-gate as the only door, `mode enforced` or `require boundary`; or NULL. */
const struct policy_rule *policy_enforced(const struct policy *p);

/* One loop over the rules. The verdict carries the rule that decided. */
struct policy_verdict policy_decide(const struct policy *p, const struct policy_caller *c,
				    const struct policy_request *r);

/*
 * Shows fn each place below an allowed request that has to be covered, an absolute path, with the line that
 * wants it: in the order of the lines, one may lie in another. 0, or the first -errno of fn.
 */
typedef int policy_mask_fn(void *ctx, const struct policy_rule *rule, const char *place);
int policy_masks(const struct policy *p, const struct policy_caller *c, const struct policy_request *r,
		 policy_mask_fn *fn, void *ctx);

/* The line with the smallest limit of that name that names the caller; NULL where there is none. */
const struct policy_rule *policy_limit_rule(const struct policy *p, const struct policy_caller *c,
					    enum policy_limit which);

/* The smallest limit of that name over the lines that name the caller; UINT64_MAX where there is none. */
uint64_t policy_limit(const struct policy *p, const struct policy_caller *c, enum policy_limit which);

/* What a line grants less than the request wants, as "read-only"; NULL where it lacks nothing. */
const char *policy_lacks(const struct policy_rule *rule, const struct policy_request *r);

/*
 * Turns a refusal into *e: "<what> denied for alice: <reason>" with the rule as
 * file:line, and a hint (EACCES). what is for example "volume /etc:/x". asked is what
 * the user typed, for the hint "croft policy explain volume /etc". Returns -EACCES.
 */
int policy_refuse(const struct policy_verdict *v, const struct policy_caller *c,
		  const struct policy_request *r, const char *what, const char *asked, struct err *e);
