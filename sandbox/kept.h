/*
 * kept.h - a descriptor of the caller's that the command gets beside 0-2. Not pure.
 */
#pragma once

#include "common/err.h"

/* Refuses a directory and O_PATH, which lead out of the root as standard input would (fchdir(2)), and a
 * terminal. 0 or -errno. */
int kept_check(int fd, struct err *e);
