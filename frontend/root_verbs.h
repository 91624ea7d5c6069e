/*
 * root_verbs.h - the words behind `croft root`, and what they share. Not pure.
 */
#pragma once

#include "common/err.h"
#include "frontend/options.h"
#include "frontend/verb.h"

extern const struct verb root_build, root_import, root_list, root_rm;

/*
 * Parses the options of a word; at least min operands follow, and no more than max. 1 and the index of the
 * first; 0 when help was asked for, and printed; -EINVAL.
 */
int root_parse(const char *verb, const char *usage, const struct option_row *row, size_t nrows, int argc,
	       char *argv[], int min, int max, void *ctx, int *ret_next, struct err *e);
