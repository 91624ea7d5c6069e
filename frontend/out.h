/*
 * out.h - standard output, buffered, with its errors noticed. Not pure.
 */
#pragma once

#include "common/err.h"

void out(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Text of any length; what out() formats has a limit. */
void out_text(const char *text);
/* A JSON string literal with its quotes; bytes that are not UTF-8 become U+FFFD. */
void out_json_string(const char *s);
/* Writes what is left. 0, or -errno with "write standard output: ..." when any write failed. */
int out_flush(struct err *e);
