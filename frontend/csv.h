/*
 * csv.h - a list of fields with commas between them, as docker has it: "..." may hold commas, "" in it is one
 * quote. Pure.
 */
#pragma once

#include <stddef.h>

#include "common/arena.h"
#include "common/err.h"

/* The next field at *p, which is moved on, into *ret. 1; 0 at the end; -errno with *e. */
int csv_field(const char **p, struct arena *a, const char **ret, struct err *e);

/* Writes a field so that csv_field() reads it back, at most 2 * strlen(field) + 2 bytes and an end. Returns
 * its length. */
size_t csv_put(char *buf, const char *field);
