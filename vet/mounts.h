/*
 * mounts.h - what is mounted below a path. Not pure: /proc/self/mountinfo.
 */
#pragma once

#include <stdbool.h>

#include "common/err.h"

/*
 * Whether anything is mounted below path, a resolved one: *ret_any is set then, and *ret_kernel_fs is the
 * name of a kernel file system among it, that is never part of a volume; both stay as they are otherwise.
 * Mounts that others cover count, too. 0 or -errno; a table that does not fit is an error.
 */
int mounts_below(const char *path, bool *ret_any, const char **ret_kernel_fs, struct err *e);
