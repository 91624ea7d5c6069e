/*
 * json.h - text as a string of JSON, RFC 8259. Pure.
 */
#pragma once

#include <stddef.h>

/* The longest piece, terminated. */
enum { JSON_PIECE_MAX = 8 };

/*
 * What stands between the quotes for the next character at *s, which is moved on: its length, or 0 at the
 * end. Bytes that are not UTF-8 become U+FFFD.
 */
size_t json_piece(const char **s, char piece[JSON_PIECE_MAX]);
