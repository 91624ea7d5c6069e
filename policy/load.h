/*
 * load.h - opens the policy, with the checks that make it the administrator's. Not pure.
 */
#pragma once

#include "common/arena.h"
#include "common/err.h"
#include "policy/policy.h"

/* Enough for POLICY_RULES_MAX rules and POLICY_BYTES_MAX of text; mem_map() it, untouched pages cost nothing.
 */
enum {
	POLICY_BYTES_MAX = 4 << 20, /* of all policy files together */
	POLICY_RULES_MAX = 65536,
	POLICY_FILES_MAX = 256,
	POLICY_ARENA = 32 << 20,
};

/*
 * Loads SYSCONFDIR/croft/policy.conf and SYSCONFDIR/croft/policy.d/[!.]*.conf in
 * byte order; where neither exists, the policy compiled in. Every file and every
 * directory on the way must be root's and not writable by others, checked on the
 * descriptor; symbolic links are not followed. Any error refuses everything:
 * -errno with file, line and column in *e. The result points into *a.
 */
int policy_load(struct arena *a, struct policy *ret, struct err *e);

/* The same from another directory than SYSCONFDIR/croft, absolute and clean: for the tests. */
int policy_load_from(const char *dir, struct arena *a, struct policy *ret, struct err *e);

/* The rules of these files alone, whoever owns them: for the tools that look at a policy, never for a
 * decision. */
int policy_load_files(const char *const *file, size_t n, struct arena *a, struct policy *ret, struct err *e);

/* The text of the policy compiled in. */
extern const char policy_built_in[];
