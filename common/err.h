/*
 * err.h - an error that knows its sentence. Not pure: reads errno.
 *
 * struct err is plain bytes, so that a child can send it through a pipe and
 * the parent prints it once. The lowest function that knows the facts writes
 * the sentence: what was tried, on what, why; lower case, no full stop.
 * Text that came from outside goes through QUOTE() (text.h) first.
 *
 * Convention of the whole project: a function that can fail returns 0 (or a
 * descriptor, or a count) on success and -errno on failure, and has filled
 * *e in when it takes one. Out-parameters are called ret or ret_x, come last
 * before e, and are untouched on failure.
 */
#pragma once

#include <stdint.h>

/* croft's exit codes; everything else is the command's own. */
enum exit_code {
	EXIT_TIME_LIMIT = 124, /* a time limit ended the command */
	EXIT_CROFT = 125,      /* croft itself failed or refused */
	EXIT_NOT_EXEC = 126,   /* the command was found but cannot be executed */
	EXIT_NOT_FOUND = 127,  /* the command was not found */
	EXIT_SIGNAL = 128,     /* plus n: the command was killed by signal n */
};

enum { ERR_MSG_MAX = 1536, ERR_HINT_MAX = 512 };

struct err {
	int code;   /* an errno, never 0 once set */
	int status; /* the exit status this error asks for; 0 means EXIT_CROFT */
	char msg[ERR_MSG_MAX];
	char hint[ERR_HINT_MAX]; /* "" or what to change */
};

/* Sets code and sentence. Returns -code; code 0 or below is a bug and becomes EINVAL, in all functions here.
 */
int err_set(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* As err_set with the present errno, and ": " strerror(errno) behind the sentence. */
int err_sys(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Puts "what: " before the sentence; keeps code, status and hint. Returns -code. */
int err_wrap(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Sets the hint (shown as a second line "hint: ..."). Returns -code. */
int err_hint(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Sets the exit status. Returns -code. */
int err_status(struct err *e, int status);

/* The exit status for main: status, or EXIT_CROFT where none was set. */
int err_exit_status(const struct err *e);

/*
 * Prints "program: sentence\n" and, where there is one, "program: hint: ...\n"
 * to standard error with one write(2). The only place that writes there.
 */
void err_print(const struct err *e, const char *program);

/* Prints "program: " and a note to standard error, one write(2). Keeps errno. */
void note_print(const char *program, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
