/*
 * write.h - the only place where a capability is effective. Not pure.
 */
#pragma once

#include "common/err.h"
#include "helper/idmap/target.h"
#include "helper/shared/grant.h"
#include "helper/shared/privilege.h"

extern const struct privilege idmap_privilege;

/*
 * Writes setgroups (where it is to be denied), then gid_map, then uid_map, one write(2) each: whoever stops
 * us half-way is left with a target that has less than it was granted, never more. Each capability is
 * effective only from the opening of its file to the end of its write, since the kernel asks both the opener
 * and the writer (user_namespaces(7), CVE-2013-1959). 0 or -errno with the status in *e.
 */
int write_maps(const struct target *t, const struct grant *g, struct err *e);
