/*
 * rmtree.h - removes a directory with all below it. Not pure.
 *
 * The tree is hostile and may change meanwhile: everything is done by descriptor and single name, no symbolic
 * link is followed, no mount is crossed (what is mounted in the tree stays, and is an error), nothing outside
 * is touched. Depth has no limit: what lies too deep is moved to the top of the tree first.
 */
#pragma once

#include "common/err.h"

enum {
	RM_TREE_FDS = 64,       /* directories open at once, at most */
	RM_TREE_PASSES = 65536, /* over one directory, in case somebody goes on filling it */
};

/*
 * Removes name, one component, in the directory parent_fd; goes on after what it cannot remove. Directories
 * of the caller's that he cannot read or write get u+rwx first. 0, also when there is none; else the first
 * failure with its path; one that says that another user owns something (-EACCES, -EPERM) goes before all
 * others.
 */
int rm_tree(int parent_fd, const char *name, struct err *e);
