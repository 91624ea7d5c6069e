/*
 * start.h - leaves behind what the caller may have prepared: ATTACKS section A. Not pure.
 */
#pragma once

#include "common/err.h"

/*
 * To be called first, with the arguments checked and nothing opened yet.
 *
 * Should (holds afterwards): not dumpable, no core file; the environment is empty; no timer runs, every
 * signal has its default action and is not blocked, but PIPE and XFSZ are ignored; soft limits are as high as
 * the hard ones; umask 077; descriptors 0-2 exist; no other descriptor but fd is open. Mustn't: read a file,
 * look at a name the caller gave, or need a capability.
 *
 * Limits may be lowered again by the caller at any time (prlimit(2) on a program with file capabilities), so
 * nothing later relies on them. 0 or -errno, with the status in *e.
 */
int start_clean(int fd, struct err *e);
