/*
 * options.h - command lines from a table. Pure, but for options_help(), which returns text.
 *
 * One row an option: parsing, `--help`, the check against the man page and shell completion are
 * made from the same table. `--` always ends options; so does the first word that is not one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/err.h"

struct option_row {
	const char *name; /* without the dashes */
	char letter;      /* or 0 */
	/*
	 * NULL: a switch; else what stands in the help, as SRC:DST, and what completion offers.
	 * Alternatives are separated by |, as none|host: small letters are the word itself, and where all are
	 * words nothing else is a value. Capitals stand for something: of these, completion knows FILE, DIR,
	 * PATH, SRC, ROOT, SANDBOX, USER, CAP and NAME[=VALUE] (completion/level.c). What is in [] says how
	 * it may go on.
	 */
	const char *arg;
	const char *help;
	/* Puts the value into ctx; of a switch, what option_on() reads. 0, or -errno with *e saying what is
	 * wrong with the value. */
	int (*set)(void *ctx, const char *value, struct err *e);
};

struct option_table {
	const struct option_row *row;
	size_t nrows;
};
#define OPTION_TABLE(array)                                                                                  \
	{                                                                                                    \
		(array), sizeof(array) / sizeof((array)[0])                                                  \
	}

/* One alternative of option_row.arg: its first letters up to what is neither a letter, a digit nor '-'. */
struct option_value {
	const char *s;
	size_t n;
	bool word;  /* small letters: itself a value. Else capitals, or n is 0 */
	bool whole; /* nothing follows these letters */
};

/* Reads the next alternative at *p, which begins as arg and is moved on. False at the end. */
bool options_value(const char **p, struct option_value *ret);

/* The value of a switch that was switched off. One that was switched on has NULL. */
extern const char option_off[];

static inline bool option_is_switch(const struct option_row *row)
{
	return !row->arg && row->set; /* help and version have no setter */
}

static inline bool option_on(const char *value)
{
	return !value;
}

/*
 * Parses argv[1...]: `--name`, `--name VALUE`, `--name=VALUE`, `-x`, `-xVALUE`, `-x VALUE`, `-xy` for letters
 * of switches, and a switch with a value glued to it, `--name=false` or `-x=true`. *ret_next is the index of
 * the first operand. A mistake is -EINVAL with a sentence that names the option, and the hint "Try 'croft
 * VERB --help'". --help and -h are -ECANCELED: the caller prints options_help().
 */
int options_parse(const char *verb, const struct option_row *row, size_t nrows, int argc, char *const argv[],
		  void *ctx, int *ret_next, struct err *e);

/* One option that was found, with its value. 0, or -errno with *e. */
typedef int option_fn(void *ctx, const struct option_row *row, const char *value, struct err *e);

/*
 * As options_parse(), but fn is told of each option, and nothing is set or judged but whether it is there and
 * has a value. Returns 1 where `--` ended the options, else 0.
 */
int options_walk(const char *verb, const struct option_row *row, size_t nrows, int argc, char *const argv[],
		 option_fn *fn, void *ctx, int *ret_next, struct err *e);

/* Writes usage lines and one line an option to buf; always terminated, cut when it does not fit. */
void options_help(const char *usage, const struct option_row *row, size_t nrows, char *buf, size_t size);
