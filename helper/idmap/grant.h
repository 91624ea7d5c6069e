/*
 * grant.h - what the caller gets: a function of who he is, the files, and the policy. Not pure: reads files;
 * to be called while no capability is effective.
 */
#pragma once

#include <stdbool.h>

#include "common/err.h"
#include "common/ids.h"
#include "policy/policy.h"

/* What the caller asks for: where his own ids are inside, or ID_NONE. */
struct wish {
	uint32_t own_uid;
	uint32_t own_gid;
};

/* A map as text, ready to be written. */
struct map {
	char text[IDS_TEXT_MAX];
	int len;
};

struct grant {
	struct policy_caller caller;
	struct map uid;
	struct map gid;
	bool deny_setgroups;
	const struct policy_rule *rule; /* the line that allows it */
};

/*
 * Fills *ret for the caller, whose uid and gid stand there already; what is known of him is filled in on
 * failure too, for the log. -errno with the status in *e: HELPER_REFUSED, HELPER_NO_RANGES,
 * HELPER_OTHER_SOURCE.
 */
int grant_decide(const struct wish *w, struct grant *ret, struct err *e);
