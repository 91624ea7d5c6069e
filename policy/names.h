/*
 * names.h - the names of /etc/passwd and /etc/group for the policy parser, without NSS. Not pure.
 *
 * Nothing is read before the first name is asked for; then each file is read once and indexed, so that
 * 10 000 rules that name somebody cost 10 000 look-ups in a table.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/err.h"
#include "policy/parse.h"

struct names_file {
	const char *path;
	const char *text; /* NULL: not read yet */
	size_t size;
	uint32_t *slot; /* offset + 1 of a line in text; 0: free */
	size_t mask;    /* slots - 1 */
};

struct names {
	struct names_file user;
	struct names_file group;
	struct arena memory; /* base NULL: not mapped yet */
};

/* For other files than /etc/passwd and /etc/group: the tests. */
void names_init(struct names *n, const char *passwd, const char *group);
struct policy_resolver names_resolver(struct names *n);
/* Gives the memory back. */
void names_close(struct names *n);
