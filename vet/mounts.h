/*
 * mounts.h - what the mount table says. Not pure: /proc/self/mountinfo.
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

/* Whether a procfs on /proc is mounted with hidepid (proc(5)), so that it may not show a process to its own
 * user. 0 or -errno. */
int mounts_hide_processes(bool *ret, struct err *e);
