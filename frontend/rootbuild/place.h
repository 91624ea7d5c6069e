/*
 * place.h - the directory a root is built in. Not pure.
 *
 * A new root grows in a directory beside its place, NAME.croft-XXXXXX, and gets its name when it is whole.
 * With --force a directory that is there is built into as it is.
 */
#pragma once

#include <limits.h>
#include <stdbool.h>

#include "common/err.h"

struct place {
	const char *asked; /* for messages */
	int parent;        /* the directory it lies in; -1 when in_place */
	int fd;            /* of what is built into; -1 before place_open() */
	bool exists;
	bool in_place;            /* --force and it exists */
	char name[NAME_MAX + 1];  /* in parent */
	char temp[NAME_MAX + 32]; /* beside it; "" when there is none */
};

/* Looks at dir, changes nothing: refuses what is no directory, "/", and a directory that is not empty without
 * force. 0 or -errno. */
int place_find(const char *dir, bool force, struct place *ret, struct err *e);
/* Opens the directory to build in. 0 or -errno. */
int place_open(struct place *p, struct err *e);
/* Gives the new directory its name. 0 or -errno. */
int place_commit(struct place *p, struct err *e);
/* Removes what place_open() made, unless it was committed, and closes. */
void place_close(struct place *p);
