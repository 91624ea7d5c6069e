/*
 * copy.h - the bytes of one file, shared where the file system can. Not pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"

/* Asked after each piece; true ends the copy with -EINTR. bytes: done of this file. */
typedef bool copy_watch(void *ctx, uint64_t bytes);

/*
 * Copies size bytes from one regular file, at its start, to another, empty one: as a reflink, in the kernel,
 * or by reading and writing. 0; -EINTR; -EIO when the file has become shorter; -ENOSPC ...
 */
int copy_bytes(int from, int to, uint64_t size, copy_watch *watch, void *ctx);

/* The same, and what is a hole in the one is a hole in the other. */
int copy_sparse(int from, int to, uint64_t size, copy_watch *watch, void *ctx);
