/*
 * rm_mapped.h - removes a tree whose files belong to the caller's subordinate ids. Not pure.
 */
#pragma once

#include "common/err.h"

/*
 * rm_tree() as root of a new user namespace, to which the caller and all his subordinate ids are mapped, in a
 * child that dies with this process. *e says on entry why the caller alone could not; after a failure it
 * still does, and its hint says why this could not either. 0 or -errno.
 */
int rm_mapped(int parent_fd, const char *name, struct err *e);
