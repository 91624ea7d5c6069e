/*
 * json.h - strict reading of a JSON document, with the place of each mistake: "syscalls[3].args[0].op". Not
 * pure: json-c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

enum { JSON_DEPTH_MAX = 16, JSON_PLACE_MAX = 200 };

struct json_object;

struct json_node {
	struct json_object *value;  /* borrowed from the document */
	char place[JSON_PLACE_MAX]; /* "" for the document itself */
};

enum json_kind { JSON_OBJECT, JSON_ARRAY, JSON_STRING, JSON_NUMBER };

/* The document, an object; who gets it owns ret->value (json_free). -EINVAL with line and column in *e. */
int json_parse(const char *text, size_t size, struct json_node *ret, struct err *e);
void json_free(struct json_node *document);

/*
 * The member of that name: 1 with *ret; 0 where there is none, or it is null; -EINVAL where it is of another
 * kind. A number is whole and not negative.
 */
int json_member(const struct json_node *object, const char *name, enum json_kind kind, struct json_node *ret,
		struct err *e);

/* -EINVAL with *e for a member that is not among the names (NULL at the end). */
int json_only(const struct json_node *object, const char *const *names, struct err *e);

size_t json_length(const struct json_node *array);
int json_item(const struct json_node *array, size_t i, enum json_kind kind, struct json_node *ret,
	      struct err *e);

const char *json_text(const struct json_node *string);
uint64_t json_number(const struct json_node *number);

/* Sets the sentence with the place before it. Returns -EINVAL. */
int json_wrong(const struct json_node *n, struct err *e, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
