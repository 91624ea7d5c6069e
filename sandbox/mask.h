/*
 * mask.h - what of /proc and /sys the sandbox shall not see, or not write. Not pure.
 *
 * All by descriptor, before anything of the sandbox runs, on file systems that were mounted a moment ago:
 * nobody is there who could exchange a mask or its place (CVE-2025-31133, CVE-2025-52565, CVE-2025-52881).
 */
#pragma once

#include "common/err.h"

/*
 * Covers path below root: a file by the sandbox's /dev/null, which must be there, a directory by an empty
 * read-only tmpfs. Where path is not there, nothing is to be covered: 0. 0 or -errno.
 */
int mask_cover(int root, const char *path, struct err *e);

/* Makes path, and what is mounted below it, read-only, where it is there. 0 or -errno. */
int mask_read_only(int root, const char *path, struct err *e);
