/*
 * grant.h - the id maps that the caller gets: a function of who he is, the files, and the policy. Not pure:
 * reads files; to be called while no capability is effective.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/arena.h"
#include "common/err.h"
#include "common/ids.h"
#include "common/userdb.h"
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
	struct map uid;
	struct map gid;
	bool deny_setgroups;
	const struct policy_rule *rule; /* the line that allows it */
	const struct policy_rule
		*ids_rule; /* the line that the ids were computed by, of one map or both, or NULL */
};

/* Who asks, and what he is asked by. */
struct grant_facts {
	const struct policy *policy;
	const struct policy_caller *caller;
	const char *passwd; /* the text of /etc/passwd, in which nobody may have an id of a range */
	size_t passwd_size;
	uint32_t last; /* the highest id that may be given */
};

/* The map of the caller alone, to which no grant is needed: setgroups is denied with it. */
void grant_self(const struct wish *w, const struct policy_caller *c, struct grant *ret);

/* Room for /etc/group. */
enum { GRANT_ARENA = USERDB_BYTES_MAX + 64 };

/* -errno with the status in *e: HELPER_REFUSED, HELPER_NO_RANGES, HELPER_OTHER_SOURCE. */
int grant_decide(const struct grant_facts *f, const struct wish *w, struct arena *a, struct grant *ret,
		 struct err *e);
