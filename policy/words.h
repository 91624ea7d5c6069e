/*
 * words.h - a line of a policy as words. Pure.
 *
 * Words are separated by blanks and tabs. A word with blanks stands in double quotes; inside them \" \\ and
 * \n are the only escapes. A # at the beginning of a word begins a comment. Whatever else is odd is an error
 * with its column: nothing is guessed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

enum {
	WORDS_LINE_MAX = 10000, /* bytes: a pattern of 4095, each byte escaped, and the rest of the line */
	WORDS_MAX = 16,         /* the longest line of the language has 10 */
};

struct word {
	const char *s; /* unescaped, terminated */
	uint32_t column;
};

struct words {
	struct word word[WORDS_MAX];
	size_t n;        /* 0: a blank line, or a comment */
	uint32_t column; /* behind the last word: where one more was expected */
	char text[WORDS_LINE_MAX + WORDS_MAX];
};

/* A text that is read line by line. */
struct lines {
	const char *file; /* for messages */
	const char *next;
	const char *end;
	uint32_t line; /* the one that was read last, from 1 */
};

/*
 * Reads the next line that has words. Returns 1, 0 at the end of the text, or -EINVAL with
 * "file:line:column: what". Every line ends in a newline, the last one too: without it the file may have been
 * cut in the middle of a word that then means something else.
 */
int lines_next(struct lines *l, struct words *ret, struct err *e);

/* -EINVAL with "file:line:column: " before the sentence. */
int lines_error(const struct lines *l, uint32_t column, struct err *e, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
