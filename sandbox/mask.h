/*
 * mask.h - what of a file system the sandbox shall not see, or not write. Not pure.
 *
 * All by descriptor, before anything of the sandbox runs, below the top of the mount itself and not by
 * its name in the root: nobody can exchange a mask or its place (CVE-2025-31133, CVE-2025-52565,
 * CVE-2025-52881).
 */
#pragma once

#include "common/err.h"
#include "sandbox/sandbox.h"

/*
 * An O_PATH descriptor of path below base, on the way to which no link is followed; -ENOENT with no sentence
 * where there is nothing. A descriptor or -errno.
 */
int mask_place(int base, const char *path, struct err *e);

/*
 * Covers path below base, which is mounted: a directory by an empty read-only tmpfs, anything else by the
 * host's /dev/null. *null is the first that was covered so, of which the others are copies, or -1: the
 * caller's to close. 1 where it is not there, 0, or -errno.
 */
int mask_cover(int base, const char *path, int *null, struct err *e);

/* Covers all of them below the mounted tree, and holds the directories that lead there in their places: none
 * can be moved. One that is not there is an error. 0 or -errno. */
int mask_cover_all(int tree, const struct sandbox_masks *masks, int *null, struct err *e);

/* Makes path below base, and what is mounted below it, read-only, where it is there. 0 or -errno. */
int mask_read_only(int base, const char *path, struct err *e);
