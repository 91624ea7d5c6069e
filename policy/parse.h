/*
 * parse.h - the policy language: text in, rules out. Pure.
 *
 *	version 1
 *	allow|deny WHO volume PATTERN [ro|rw] [CONDITION...]
 *	allow|deny WHO root PATTERN [ro|rw] [CONDITION...]
 *	allow|deny WHO root host
 *	allow|deny WHO ids subordinate|setgroups
 *	allow|deny WHO network none|host|user|publish
 *	allow WHO network host|user [tcp-bind=PORT,...|none] [tcp-connect=PORT,...|none]
 *	allow|deny WHO seccomp unconfined|custom
 *	allow|deny WHO landlock off
 *	allow|deny WHO proc unmasked
 *	allow|deny WHO userns
 *	limit WHO ids|pids NUMBER
 *	limit WHO memory SIZE
 *	limit WHO cpus NUMBER
 *	limit WHO time TIME
 *	mode enforced
 *	require boundary
 *	ids rule base ID size NUMBER uid-min UID [uid-max UID]
 *
 * WHO is everyone, user NAME|UID or group NAME|GID. croft-policy(5) says the rest.
 */
#pragma once

#include <stddef.h>

#include "common/arena.h"
#include "common/err.h"
#include "policy/policy.h"

/* Finds the id of a user (WHO_USER) or group: 0, -ENOENT when there is none, or -errno with *e. Called only
 * for a name. */
struct policy_resolver {
	int (*find)(void *ctx, enum policy_who who, const char *name, uint32_t *ret, struct err *e);
	void *ctx;
};

/* Where rules are put; the array is the caller's. */
struct policy_rules {
	struct policy_rule *rule;
	size_t n;
	size_t max;
};

/* The number of newlines: never fewer than the rules of the text. */
size_t policy_count_lines(const char *text, size_t size);

/*
 * Appends the rules of one file; strings go into *a and file is kept as a pointer. Any mistake is -EINVAL
 * with "file:line:column: what was expected"; the rules are then not to be used.
 */
int policy_parse(const char *text, size_t size, const char *file, const struct policy_resolver *names,
		 struct arena *a, struct policy_rules *rules, struct err *e);
