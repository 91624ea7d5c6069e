/*
 * document.h - reads a document of TOML or JSON into values. Not pure: toml++, jansson. C and C++.
 */
#pragma once

#include "common/err.h"
#include "frontend/from/value.h"

/* Whichever it is: a document that begins with { is JSON. *ret is a table. 0, or -errno with *e, which has
 * the line. */
int document_read(const char *text, size_t size, struct arena *a, struct value *ret, struct err *e);

int toml_document(const char *text, size_t size, struct arena *a, struct value *ret, struct err *e);
int json_document(const char *text, size_t size, struct arena *a, struct value *ret, struct err *e);

/* What both say. */
int document_nul(unsigned line, struct err *e);
int document_deep(unsigned line, struct err *e);
int document_memory(struct err *e);
