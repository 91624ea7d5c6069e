/*
 * rm_mapped.h - removes a tree whose files belong to the caller, or to his subordinate ids. Not pure.
 */
#pragma once

#include "common/err.h"

/*
 * rm_tree(); where the caller may not remove something, again as root of a user namespace to which he and all
 * his subordinate ids are mapped. After a failure the sentence says why the caller alone could not, and the
 * hint why that could not either. 0 or -errno.
 */
int rm_mapped(int parent_fd, const char *name, struct err *e);
