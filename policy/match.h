/*
 * match.h - patterns of paths. Pure.
 *
 * A pattern is absolute. `*` alone is one component; `**` alone and last is the directory itself and
 * everything below; %u (user name), %U (uid) and %g (primary gid) are whole components; %h (home directory)
 * stands at the beginning only; %% is a percent sign. Everything is compared component by component, never as
 * a prefix of a string (CVE-2026-48785).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "policy/policy.h"

enum { PATTERN_MAX = 4096 }; /* bytes, with the terminator: PATH_MAX */

/* NULL for a well-formed pattern; else what was expected, and *ret_at is the offset of the mistake. */
const char *pattern_mistake(const char *pattern, size_t *ret_at);

enum pattern_match {
	PATTERN_NO,
	PATTERN_HERE,  /* the pattern covers path */
	PATTERN_BELOW, /* it does not, but what it covers may lie below path */
};

/*
 * path is absolute and clean. unknown: what %u and %h cover when the caller has no usable name or home
 * directory - nothing in a line that allows (false), anything in a line that denies (true).
 */
enum pattern_match pattern_match(const char *pattern, const struct policy_caller *c, bool unknown,
				 const char *path);

/* Whether the pattern names one place, for any one caller, and all that lies in it: the only wildcard is a
 * last
 * "**". */
bool pattern_is_one(const char *pattern);

/*
 * That place for the caller, without the last "**": a clean absolute path in buf. 0; -EINVAL where it is not
 * one or the caller has no usable name or home directory; -ENAMETOOLONG.
 */
int pattern_place(const char *pattern, const struct policy_caller *c, char *buf, size_t size);

/* Whether home can stand for %h: absolute, without . and .., and, where root is false, not "/". */
bool pattern_home_usable(const char *home, bool root);

/* Whether every path that inner covers is covered by outer, as far as the texts alone can tell. */
bool pattern_within(const char *inner, const char *outer);

/* How many components at the beginning of path the pattern covers: a measure of nearness. */
size_t pattern_common(const char *pattern, const struct policy_caller *c, const char *path);

/* Whether path is absolute and without empty, . and .. components. */
bool path_is_clean(const char *path);
