/*
 * fuse.h - a file system that a process outside serves. Not pure.
 */
#pragma once

#include "common/err.h"

/*
 * In a user namespace where this process has CAP_SYS_ADMIN: a read-only FUSE file system of it, and its
 * descriptor sent to sock, whose other end serves it. Ids in it are ids of this user namespace. Whatever
 * looks into it waits until it is served, and is refused (ENOTCONN) when whoever got the descriptor has
 * ended. A detached mount or -errno.
 */
int fuse_make(int sock, struct err *e);
