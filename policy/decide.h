/*
 * decide.h - the decision. Pure: facts in, verdict out.
 */
#pragma once

#include "common/err.h"
#include "policy/policy.h"

/* One loop over the rules. The verdict carries the rule that decided. */
struct policy_verdict policy_decide(const struct policy *p, const struct policy_caller *c,
				    const struct policy_request *r);

/* The smallest limit of that name over the lines that name the caller; UINT64_MAX where there is none. */
uint64_t policy_limit(const struct policy *p, const struct policy_caller *c, enum policy_limit which);

/*
 * Turns a refusal into *e: "<what> denied for alice: <reason>" with the rule as
 * file:line, and a hint (EACCES). what is for example "volume /etc:/x". asked is what
 * the user typed, for the hint "croft policy explain volume /etc". Returns -EACCES.
 */
int policy_refuse(const struct policy_verdict *v, const struct policy_caller *c,
		  const struct policy_request *r, const char *what, const char *asked, struct err *e);
