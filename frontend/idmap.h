/*
 * idmap.h - has the id maps of a new user namespace written. Not pure.
 *
 * The caller's own id alone is written by croft itself. Subordinate ids are written by croft-idmap; where
 * that is not installed, or where nsswitch.conf names another source of subordinate ids than files, by
 * shadow's newuidmap and newgidmap.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "common/err.h"
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
 * What the maps of a subordinate map would be: at most max extents each. For `croft plan` and shadow's
 * programs. 0 or -errno.
 */
struct id_extent;
int idmap_extents(const struct idmap_request *req, struct id_extent *uids, int *ret_nuids,
		  struct id_extent *gids, int *ret_ngids, int max, struct err *e);
