/*
 * member.h - the names that an archive gives to its members. Pure.
 */
#pragma once

#include <stddef.h>

#include "common/err.h"

enum { MEMBER_MAX = 4096 }; /* with its terminator: PATH_MAX */

/*
 * The path below the root that name means, without empty and "." components and without the slashes in front;
 * "." is the root itself. A ".." component, no name at all, or one that is too long is refused: what is for
 * the message, "member" or "hard link to". 0 or -EINVAL, -ENAMETOOLONG.
 */
int member_path(const char *what, const char *name, char ret[MEMBER_MAX], struct err *e);
