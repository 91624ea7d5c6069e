/*
 * fsmount.h - mounts a kernel file system on a directory that is held by descriptor. Not pure: changes the
 * working directory.
 *
 * mount(2) on "." after fchdir(2): no path is resolved, and it is cheaper than the new mount interface.
 */
#pragma once

#include <stdint.h>

#include "common/err.h"

/* flags: MS_ flags of mount(2). 0 or -errno with "mount TYPE on WHERE: ..." in *e. where is for the message.
 */
int fs_mount(int dir, const char *type, unsigned long flags, const char *data, const char *where,
	     struct err *e);

/* A tmpfs with MS_NOSUID | MS_NODEV and more flags; size in bytes and inodes are always set. */
int fs_tmpfs(int dir, unsigned long flags, uint32_t mode, uint64_t size, uint64_t inodes, const char *where,
	     struct err *e);

/* A tmpfs on "/", of size bytes and standard_inodes(): a descriptor of its top, or -errno. */
int fs_tmpfs_on_root(uint32_t mode, uint64_t size, struct err *e);

/* A descriptor of what was mounted last on "/": a path that begins with / still begins in the old root. */
int fs_top_of_root(struct err *e);
