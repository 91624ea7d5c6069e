/*
 * newfs.h - a kernel file system that is needed as a descriptor, too. Not pure: fsopen(2), Linux >= 5.2.
 */
#pragma once

#include "common/err.h"

/* A setting of a file system, as {"hidepid", "invisible"}. */
struct newfs_option {
	const char *key;
	const char *value;
};

/*
 * A new file system, mounted nowhere yet: nosuid, nodev, noexec, and as flags (tree.h) say; option ends with
 * a key of NULL. Its top, or -errno with "mount TYPE on WHERE: ..." in *e.
 */
int newfs_make(const char *type, unsigned flags, const struct newfs_option *option, const char *where,
	       struct err *e);
