/*
 * dir.h - the names in a directory, without allocating. Not pure: getdents64(2).
 */
#pragma once

/* Negative: stop with that. */
typedef int dir_name_fn(void *ctx, const char *name);

/* Shows fn every name in the directory fd, "." and ".." among them. 0, what fn said, or -errno. */
int dir_each(int fd, dir_name_fn *fn, void *ctx);
