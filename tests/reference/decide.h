/*
 * decide.h - the policy's decision written a second time, slowly and in another way: patterns and paths as
 * lists of components, and what the pages say of each line, one sentence after the other. For the tests that
 * compare; it shares no function with policy/.
 */
#pragma once

#include <stdbool.h>

#include "policy/policy.h"

enum reference_place { REFERENCE_ELSEWHERE, REFERENCE_COVERED, REFERENCE_ABOVE };

/* What a pattern says of a path. unknown: what %u and %h cover where the caller has none. */
enum reference_place reference_match(const char *pattern, const struct policy_caller *c, bool unknown,
				     const char *path);

/* Whether one line, which denies or which allows, does so for the request. */
bool reference_denies(const struct policy_rule *line, const struct policy_caller *c,
		      const struct policy_request *r);
bool reference_grants(const struct policy_rule *line, const struct policy_caller *c,
		      const struct policy_request *r);

/* Whether the policy allows the request: one line grants all of it, and none denies it. */
bool reference_allows(const struct policy *p, const struct policy_caller *c, const struct policy_request *r);
