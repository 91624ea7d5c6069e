/*
 * inside.h - looks up users and files in a root before it is entered. Not pure.
 *
 * The root is hostile: everything is opened below its descriptor (RESOLVE_IN_ROOT, no magic links), read as
 * text, bounded; no NSS module of it is ever loaded (CVE-2019-14271, CVE-2025-32463).
 */
#pragma once

#include <stdint.h>

#include "common/arena.h"
#include "common/err.h"
#include "sandbox/plan.h"

struct inside_user {
	const char *name; /* or his number as text */
	uint32_t uid, gid;
	const char *home; /* clean absolute path; "/" where the root does not say */
	const char *shell;
};

/*
 * spec: USER[:GROUP], names or numbers; NULL: root. root: path of PLAN_ROOT_DIR, NULL for the host's own
 * system. A name that the root does not know is -ENOENT; a number need not be known. 0 or -errno.
 */
int inside_user(const char *root, const char *spec, struct arena *a, struct inside_user *ret, struct err *e);

/* The same where the root cannot be looked into: spec is numbers, UID[:GID], or NULL. 0 or -errno. */
int inside_number(const char *spec, struct arena *a, struct inside_user *ret, struct err *e);
