/*
 * run_help.h - the help of `croft run` and `croft plan`.
 */
#pragma once

#include "common/err.h"

/* Prints it for that verb. 0 or -errno. */
int run_help(const char *verb, struct err *e);
