/*
 * session_request.h - what `croft exec` asks a sandbox for, as bytes. Pure.
 *
 * "croft-exec 1", the terminal flags in decimal, the working directory or nothing, the count of the command's
 * words in decimal, these words, and the rest variables of the environment: each ends with a NUL.
 */
#pragma once

#include <stdint.h>

#include "common/arena.h"
#include "common/err.h"
#include "sandbox/plan.h"

enum { REQUEST_MAX = 4 << 20 }; /* bytes */

struct request {
	uint32_t tty;             /* enum plan_tty */
	const char *cwd;          /* clean absolute path; "": the plan's */
	struct plan_strings argv; /* at least one */
	struct plan_strings env;  /* NAME=VALUE; each takes the place of the plan's */
};

/* Writes it to buf. Returns the length, or -E2BIG when it does not fit. */
long request_encode(const struct request *r, void *buf, size_t size);

/* Reads it back; the result points into buf, which is n bytes, and *a. 0 or -EINVAL, -E2BIG with *e. */
int request_decode(const char *buf, size_t n, struct arena *a, struct request *ret, struct err *e);

/*
 * The plan of a sandbox as that of one more command in it: the request's words and directory, no descriptor
 * but 0-2, the terminal that it asks for, nothing else changed. 0 or -E2BIG with *e.
 */
int request_plan(const struct plan *p, const struct request *r, struct arena *a, struct plan *ret,
		 struct err *e);
