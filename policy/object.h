/*
 * object.h - describes a pinned object to the policy. Not pure: fstat, fstatfs, /proc/self/fd.
 */
#pragma once

#include "common/err.h"
#include "policy/policy.h"

/* The kernel file system whose type, as proc(5) mountinfo has it, is this; NULL where it is none. */
const char *policy_kernel_fs(const char *type);

/*
 * Fills object, owner, kernel_fs and value (the resolved path, written to path[size])
 * of *ret from the O_PATH descriptor fd; kind, rights and submounts stay as they are. The
 * path is confirmed by opening it again without symbolic links (openat2
 * RESOLVE_NO_SYMLINKS) and comparing device and inode: POLICY rule "compare by the
 * resolved path of the pinned descriptor, then confirm". 0 or -errno.
 */
int policy_object(int fd, char *path, size_t size, struct policy_request *ret, struct err *e);
