/*
 * spawn.h - runs another program and takes what it says. Not pure: posix_spawn(3).
 */
#pragma once

#include <stddef.h>

#include "common/err.h"

struct spawn {
	const char *path; /* absolute, or a name to be looked up in PATH */
	char *const *argv;
	int fd, fd_as; /* a descriptor the program gets under the number fd_as; -1: none */
	char *out;     /* its standard output, terminated; NULL: /dev/null */
	size_t out_size;
	size_t *out_length; /* NULL, or how much of it there is: it may hold NULs */
	char *const *env;   /* its environment; NULL: ours */
	char *errors;       /* its standard error, terminated, cut when it does not fit; NULL: ours */
	size_t errors_size;
};

/*
 * Runs it to its end. Returns its exit status (128 + n when a signal ended it), -ENOENT when it is not there,
 * or -errno with *e. Output that does not fit is an error (-EFBIG); the program is waited for in any case.
 * Its signal mask is empty.
 */
int spawn_run(const struct spawn *s, struct err *e);

/*
 * The sentence of one of our own programs that failed, from what it said ("NAME: ..." and perhaps "NAME:
 * hint:
 * ..."), which is changed. Returns -EPERM.
 */
int spawn_sentence(const char *name, char *errors, int status, struct err *e);

/* The sentence where one of our own programs, which does what, is not there. Returns -ENOENT. */
int spawn_missing(const char *path, const char *what, struct err *e);

/* spawn_run() of one of our own programs, which does what: 0, or -errno with its own sentence. It has errors.
 */
int spawn_ours(const struct spawn *s, const char *what, struct err *e);
