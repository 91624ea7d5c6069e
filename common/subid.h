/*
 * subid.h - subordinate ids: subuid(5), subgid(5). The parser is pure; subid_read() is not.
 */
#pragma once

#include <stddef.h>

#include "common/err.h"
#include "common/ids.h"

/*
 * Finds the ranges of the user called name (may be NULL) or with that uid in the text of such a
 * file. Lines are NAME-OR-UID:START:COUNT; empty lines and lines that begin with # are skipped; a line
 * of somebody else is not looked into. A malformed line of the caller's own (CRLF, NUL, a fourth field,
 * hexadecimal, START + COUNT beyond 32 bits ...) is -EINVAL with file:line in *e; more than max ranges
 * -E2BIG. A missing newline at the end is fine. Returns the number of ranges (0: he has none).
 */
int subid_parse(const char *text, size_t size, const char *file, const char *name, uint32_t uid,
		struct id_range *ret, size_t max, struct err *e);

/*
 * The same from a file, streamed, so that 100 000 lines take milliseconds. The file must be regular, root's
 * and not writable by others, checked on the descriptor (a symbolic link to such a file is fine); it is
 * opened O_NONBLOCK. A file that does not exist has no ranges.
 */
int subid_read(const char *file, const char *name, uint32_t uid, struct id_range *ret, size_t max,
	       struct err *e);

/* One well-formed line: owner (a name or a number, not terminated) has the range r. Negative: stop with that.
 */
typedef int subid_line_fn(void *ctx, const char *owner, size_t len, const struct id_range *r);

/*
 * Shows fn all lines of such a file; malformed ones are passed over. For questions about everybody's ranges
 * (which overlap, what is free), never for what a caller may use. 0 or -errno.
 */
int subid_each(const char *file, subid_line_fn *fn, void *ctx, struct err *e);

/*
 * Whether nsswitch.conf(5) names a source of subordinate ids other than files. Returns 0 or 1, or
 * -errno. A missing nsswitch.conf, or one without "subid:", means files.
 */
int subid_other_source(const char *nsswitch, struct err *e);

enum { SUBID_SOURCE_MAX = 64 };

/* The same with the name of the first other source, as "sss"; "" where it has none or a longer one. */
int subid_source(const char *nsswitch, char ret_name[SUBID_SOURCE_MAX], struct err *e);
