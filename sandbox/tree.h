/*
 * tree.h - mount trees by descriptor: open_tree(2), mount_setattr(2), move_mount(2). Not pure.
 *
 * Flags are set on the detached tree before it is attached, recursively, so that sub-mounts are covered and
 * there is no window (CVE-2026-53614).
 */
#pragma once

#include <stdint.h>

#include "common/err.h"

enum tree_flag {
	TREE_READ_ONLY = 1 << 0,
	TREE_NOSUID = 1 << 1,
	TREE_NODEV = 1 << 2,
	TREE_NOEXEC = 1 << 3,
};

/* MOUNT_ATTR_ flags of mount_setattr(2) for TREE_ flags. */
unsigned tree_attributes(unsigned flags);

/* A detached copy of the tree that the O_PATH descriptor fd names, with all mounts below it and flags on
 * each. A descriptor or -errno. */
int tree_clone(int fd, unsigned flags, struct err *e);

/* Sets and clears flags of the one mount that fd is the top of. 0 or -errno. */
int tree_change(int fd, unsigned set, unsigned clear, struct err *e);

/* Attaches a detached tree on what the descriptor target names. 0 or -errno. */
int tree_attach(int tree, int target, struct err *e);
