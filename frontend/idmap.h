/*
 * idmap.h - has the id maps of a new user namespace written. Not pure.
 *
 * The caller's own id alone is written by croft itself. Subordinate ids are written by croft-idmap; where
 * that is not installed, or where nsswitch.conf names another source of subordinate ids than files, by
 * shadow's newuidmap and newgidmap, which know nothing of ids that a rule of the policy computes.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "common/err.h"
#include "common/ids.h"
#include "policy/policy.h"
#include "policy/subordinate.h"
#include "sandbox/plan.h"

struct idmap_request {
	enum plan_map map;
	uint32_t own_uid; /* where the caller's own ids are inside; ignored by PLAN_MAP_ISOLATED */
	uint32_t own_gid;
	uint32_t alone_uid; /* the same where nothing else is mapped: PLAN_MAP_SELF, and what PLAN_MAP_AUTO
			       falls back to */
	uint32_t alone_gid;
};

/*
 * pid: a child of this process, not yet reaped, in a user namespace that this process's user made; it must
 * have no maps yet. *ret_used is the map that was written, for PLAN_MAP_AUTO (may be NULL). 0 or -errno; the
 * target may be left with a part of its maps then, and must not go on.
 */
int idmap_write(pid_t pid, const struct idmap_request *req, enum plan_map *ret_used, struct err *e);

/*
 * The ranges of c in a file as croft-idmap finds them: it knows a caller by /etc/passwd alone, so that a line
 * by a name of another source counts only where no rule is for his uid. p: the policy, for its lines `ids
 * rule`. Where nsswitch.conf names another source than files, this is not to be asked. 0 or -errno.
 */
int idmap_ranges(const char *file, const struct policy *p, const struct policy_caller *c,
		 struct subordinate *ret, struct err *e);

/* What the maps of a subordinate map would be. rule: the line `ids rule` that the ids come from, or NULL. */
struct idmap_extents {
	struct id_extent uid[IDS_RANGES_MAX], gid[IDS_RANGES_MAX];
	int nuid, ngid;
	const struct policy_rule *uid_rule, *gid_rule;
};

/* For `croft plan` and shadow's programs. *ret is large: make it static. 0 or -errno. */
int idmap_extents(const struct idmap_request *req, struct idmap_extents *ret, struct err *e);
