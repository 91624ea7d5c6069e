/*
 * mask.h - what of /proc and /sys the sandbox shall not see, or not write. Not pure.
 *
 * All by descriptor, before anything of the sandbox runs, below the top of the file system itself and not by
 * its name in the root: nobody can exchange a mask or its place (CVE-2025-31133, CVE-2025-52565,
 * CVE-2025-52881).
 */
#pragma once

#include "common/err.h"

/*
 * Covers path below base, a mounted file system: a file by /dev/null of root, which must be there, a
 * directory by an empty read-only tmpfs. Where path is not there, nothing is to be covered: 0. 0 or -errno.
 */
int mask_cover(int base, const char *path, int root, struct err *e);

/* Makes path below base, and what is mounted below it, read-only, where it is there. 0 or -errno. */
int mask_read_only(int base, const char *path, struct err *e);
