/*
 * cgroup_scope.h - asks the systemd user manager for a scope, and has croft put into it. Not pure.
 */
#pragma once

#include "common/err.h"
#include "frontend/cgroup_place.h"

/*
 * Should: croft is alone in a new delegated scope that has the controllers of need, which systemd removes
 * when croft is gone; *f is as cgroup_facts_read() sees it then. 0 or -errno with *e.
 */
int scope_enter(unsigned need, struct cgroup_facts *f, struct err *e);
