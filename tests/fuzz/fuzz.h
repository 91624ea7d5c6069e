/*
 * fuzz.h - what the fuzz targets share. A target is a file fuzz_NAME.c with one function; libFuzzer (make
 * fuzz) or replay.c (make check) gives it bytes. What does not hold ends the program, or the test.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* Of the targets that have one. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);

/* Says what does not hold, and where, and traps: libFuzzer keeps the input, cmocka goes on with the next. */
void fuzz_broken(const char *what, const char *file, int line) __attribute__((noreturn));
#define MUST(cond) ((cond) ? (void)0 : fuzz_broken(#cond, __FILE__, __LINE__))

/* A copy that ends where its block does, so that reading beyond it is noticed. Never NULL. */
char *fuzz_copy(const void *data, size_t size); /* terminated */
void *fuzz_block(const void *data, size_t size);

/* An arena of size bytes whose block is made once and used by one input after the other. */
struct arena fuzz_arena(size_t size);

/* -errno came with a sentence: one line, fit to print. */
void fuzz_refused(int r, const struct err *e);

/*
 * The next line of *data, which moves behind it, without its newline; NULL at the end. A copy that the caller
 * frees. Bytes behind a NUL in it are lost, as they are to a C string.
 */
char *fuzz_line(const uint8_t **data, size_t *size);

/* Reads at most max decimal numbers, cut to 64 bits, up to what is none. Returns their count. */
size_t fuzz_numbers(const uint8_t *data, size_t size, uint64_t *ret, size_t max);
