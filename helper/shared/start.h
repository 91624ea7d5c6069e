/*
 * start.h - leaves behind what the caller may have prepared: ATTACKS section A. Not pure.
 */
#pragma once

#include <stddef.h>

#include "common/err.h"

/*
 * To be called first: what is said about wrong arguments may go to a file that may not grow (SIGXFSZ), too.
 *
 * Should (holds afterwards): not dumpable; the environment is empty; no timer runs, every signal has its
 * default action and is not blocked, but PIPE and XFSZ are ignored; umask 077. Mustn't: read a file, look at
 * a name the caller gave, or need a capability. 0 or -errno, with the status in *e.
 */
int start_clean(struct err *e);

/* Descriptors 0-2 exist. 0 or -errno. */
int start_std(struct err *e);

/* The same, and no other is open but those of keep, ascending. 0 or -errno. */
int start_descriptors(const int *keep, size_t n, struct err *e);

/*
 * For a program that executes nothing: no core file, soft limits as high as the hard ones. The caller may
 * lower them again at any time (prlimit(2) on a program with file capabilities), so nothing later relies on
 * them. 0 or -errno.
 */
int start_limits(struct err *e);
