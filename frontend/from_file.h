/*
 * from_file.h - options of `croft run` from a file: --from. Not pure: runs croft-from.
 */
#pragma once

#include "common/arena.h"
#include "common/err.h"
#include "frontend/run_words.h"

/* Of the file, `-` for standard input, opened as the caller; relative paths are relative to its folder. 0, or
 * -errno with *e. */
int from_file(const char *file, struct arena *a, struct run_words *ret, struct err *e);
