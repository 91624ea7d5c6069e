/*
 * subordinate.h - whose the subordinate ids are: lines of a file, or a rule of the policy. Not pure: reads
 * the file.
 */
#pragma once

#include "common/err.h"
#include "common/ids.h"
#include "policy/policy.h"

struct subordinate {
	const struct policy_rule *rule; /* the line `ids rule` that gives them; NULL: lines of the file */
	int n;                          /* 0: he has none */
	struct id_range range[IDS_RANGES_MAX];
};

/*
 * The ranges of c in file (subuid(5)), by his name and his uid; where he has no line there, the range that
 * the rule for his uid computes: never both. A computed range that anybody has in file is -EEXIST, one that
 * would end beyond IDS_RULE_LAST -ERANGE. Where nsswitch.conf names another source than files, this is not to
 * be asked. 0; or -errno, and *ret is of no use.
 */
int policy_subordinate(const char *file, const struct policy *p, const struct policy_caller *c,
		       struct subordinate *ret, struct err *e);
