/*
 * progress.h - what `croft root build` and `croft root import` show while they work, on standard error. Not
 * pure.
 *
 * On a terminal one line that is written over: "12/48 files, 3.1 MiB  usr/lib/...". It is wiped before
 * anything else is printed. Elsewhere nothing; with -v a line a file.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

enum progress_mode { PROGRESS_QUIET, PROGRESS_SUMMARY, PROGRESS_LINE, PROGRESS_FILES };

struct progress {
	enum progress_mode mode;
	unsigned width; /* columns of the terminal */
	uint32_t files, total;
	uint64_t bytes; /* of the files that are done */
	struct timespec start, shown;
	const char *path;
	bool visible; /* the line is on the screen */
};

/* total 0: nobody knows how many there will be. */
void progress_start(struct progress *p, bool quiet, bool verbose, uint32_t total);
/* A file begins; path without its leading slash. */
void progress_file(struct progress *p, const char *path);
/* bytes of the present file are done. */
void progress_bytes(struct progress *p, uint64_t bytes);
/* It is done. */
void progress_done(struct progress *p, uint64_t bytes);
/* Wipes the line. */
void progress_clear(struct progress *p);
/* Wipes the line and prints "DIR: 48 files, 3.1 MiB in 0.2 s". */
void progress_summary(struct progress *p, const char *program, const char *dir);

/* "3.1 MiB"; buf holds 32 bytes. Returns buf. */
const char *progress_size(uint64_t bytes, char buf[32]);
