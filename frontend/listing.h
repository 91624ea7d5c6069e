/*
 * listing.h - verbs that print a list, with --json an array. Not pure.
 */
#pragma once

#include <stdbool.h>

#include "common/err.h"
#include "frontend/options.h"

struct listing {
	bool json;
	unsigned count; /* items so far */
};

/* The options of such a verb: --json alone. */
extern const struct option_table listing_options;

/* Parses the options of a verb without operands, and begins. 1; 0 when help was asked for, and printed;
 * -EINVAL.
 */
int listing_begin(struct listing *l, const char *verb, const char *usage, int argc, char *argv[],
		  struct err *e);
/* Before each item: what separates it from the one before. */
void listing_item(struct listing *l);
/* Writes the end, and all that waits. 0 or -errno. */
int listing_end(const struct listing *l, struct err *e);
