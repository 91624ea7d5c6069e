/*
 * text.h - strict numbers, quoting, and paths as components. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Long enough for every message; longer text is cut and ends in "...". */
struct quoted {
	char s[600];
};

/*
 * User text made fit to print: control characters, backslash, DEL and bytes
 * that are not well-formed UTF-8 become \n, \t, \\ or \xHH; the empty string becomes ''.
 * Returns q->s.
 */
const char *quote(struct quoted *q, const char *text);
#define QUOTE(text) quote(&(struct quoted){.s = ""}, (text))

/* The length (2 to 4) of the well-formed UTF-8 sequence of a printable character at s (RFC 3629), or 0:
 * ASCII, a C1 control, anything else. */
size_t utf8_len(const unsigned char *s);

/*
 * Strict numbers: decimal digits only, no sign, no blank, no leading zero, nothing
 * behind. 0 or -EINVAL (not a number) or -ERANGE (too large); *ret untouched on failure.
 */
int text_u32(const char *s, uint32_t *ret);
int text_u64(const char *s, uint64_t *ret);
/* As text_u32 over the n bytes at s, which need not be terminated. */
int text_u32n(const char *s, size_t n, uint32_t *ret);

/* A user or group id: text_u32 without 4294967295, which means "no change" to the kernel (CVE-2019-14287). */
int text_id(const char *s, uint32_t *ret);

/* Bytes: a number with an optional suffix K, M, G or T, or in small letters (powers of 1024). 0 or -EINVAL,
 * -ERANGE. */
int text_size(const char *s, uint64_t *ret);

/* Thousandths: a number with at most three decimals behind a point. 0 or -EINVAL, -ERANGE. */
int text_milli(const char *s, uint64_t *ret);

/* Milliseconds: a number with an optional suffix ms, s (the default), m or h. 0 or -EINVAL, -ERANGE. */
int text_duration_ms(const char *s, uint32_t *ret);

/* An octal mode of one to four digits, perhaps after a 0, at most 07777. 0 or -EINVAL. */
int text_mode(const char *s, uint32_t *ret);

/* Whether s[0..n) equals the terminated string word. */
bool text_is(const char *s, size_t n, const char *word);
bool text_starts(const char *s, const char *prefix);

/*
 * Writes path without empty and "." components and without a trailing slash
 * ("/" stays). "..", relative and empty paths are -EINVAL, a result that does
 * not fit is -ENAMETOOLONG. For destinations and rules; a host path is never
 * normalised as text, the kernel resolves it.
 */
int path_clean(const char *path, char *buf, size_t size);

/* Both clean: whether path is dir itself or lies below it, by components, never by string prefix. */
bool path_covers(const char *dir, const char *path);

/* The next component of a path: skips slashes, returns its start and length, or NULL at the end. Advances *p.
 */
const char *path_next(const char **p, size_t *len);

/* The part behind the last slash; the whole where there is none. */
const char *path_base(const char *path);
