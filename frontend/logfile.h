/*
 * logfile.h - what a detached sandbox says, kept in a file that does not grow without end. Not pure.
 *
 * The command writes into a pipe, so that it never holds a file of the host's. Of the file the oldest part is
 * given back to the file system (a hole, fallocate(2)), so that what a reader has not read keeps its place.
 */
#pragma once

#include <sys/types.h>

#include "common/err.h"

enum { LOGFILE_KEEP = 4 << 20 }; /* bytes; twice as many are there at most */

struct logfile {
	int pipe, file; /* -1: none */
	off_t from, to; /* what is in it */
};

/* The file log of the directory dir. *ret_write is for who writes. 0 or -errno. */
int logfile_open(int dir, struct logfile *ret, int *ret_write, struct err *e);

/* What is in the pipe now. A file system that is full loses it: the command goes on. */
void logfile_move(struct logfile *l);

void logfile_close(struct logfile *l);
