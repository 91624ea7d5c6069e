/*
 * analyzer.h - what the analyser of clang-tidy cannot see from one file: the functions that set an error
 * return less than 0, so that what comes after `if (r < 0)` is initialised. Included before everything else,
 * except in common/err.c.
 */
#pragma once

#include "common/err.h"

#define err_set(...)    ((void)err_set(__VA_ARGS__), -1)
#define err_sys(...)    ((void)err_sys(__VA_ARGS__), -1)
#define err_wrap(...)   ((void)err_wrap(__VA_ARGS__), -1)
#define err_hint(...)   ((void)err_hint(__VA_ARGS__), -1)
#define err_status(...) ((void)err_status(__VA_ARGS__), -1)
