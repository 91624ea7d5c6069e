/*
 * value.h - what a document of TOML or JSON says, without what they differ in. C and C++.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/arena.h"

/* The file; how deep lists and tables may lie in one another. */
enum { FROM_BYTES_MAX = 1 << 20, VALUE_DEPTH_MAX = 8 };

enum value_kind {
	VALUE_FLAG,   /* true or false */
	VALUE_TEXT,   /* a string */
	VALUE_NUMBER, /* a number, as text */
	VALUE_LIST,
	VALUE_TABLE,
	VALUE_OTHER, /* a date, a time, null: of no use here */
};

struct value {
	enum value_kind kind;
	unsigned line;   /* 0: the library does not know it */
	const char *key; /* in a table */
	const char *text;
	bool on;
	struct value *first, *last, *next; /* of lists and tables, in the order of the document */
};

/* A member of a list (key NULL) or a table. NULL: the arena is full. */
struct value *value_add(struct arena *a, struct value *parent, enum value_kind kind, const char *key,
			unsigned line);

/* False: the arena is full, or the text holds a NUL. */
bool value_set_text(struct arena *a, struct value *v, const char *s, size_t n);
bool value_set_integer(struct arena *a, struct value *v, long long n);
/* The shortest decimal that is the same number. */
bool value_set_real(struct arena *a, struct value *v, double d);
