/*
 * tie.h - a process of a start does not outlive who started it. Not pure.
 */
#pragma once

#include "common/err.h"

/*
 * Should: this process dies with its parent, whatever kills it. The kernel forgets that at each change of ids
 * or gain of capabilities (prctl(2) PR_SET_PDEATHSIG), so it is asked for again after each; a parent that
 * died in between has closed its end of the socket, and this process ends here. 0 or -errno.
 */
int tie_to_parent(int sock, struct err *e);
