/*
 * tied.h - the end of whoever started croft. Not pure.
 *
 * Not by prctl(2) PR_SET_PDEATHSIG: that is told of the end of the thread that started croft, and a caller
 * with threads goes on.
 */
#pragma once

#include <sys/types.h>

enum { TIED_GONE = -2 };

/* A descriptor that can be read, poll(2), when the parent process is gone; -1 when that cannot be known:
 * nobody outside of a pid namespace is; TIED_GONE when starter, which getppid(2) said when croft began, is
 * the parent no more. */
int tied_open(pid_t starter);
