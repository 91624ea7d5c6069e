/*
 * userdb.h - passwd(5) and group(5) as text, without NSS: what privileged programs, and look-ups in a hostile
 * root, may use. The finders are pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/err.h"
#include "common/ids.h"

enum { USERDB_BYTES_MAX = 16 << 20 };

/* One line of a passwd file; strings point into the arena given. */
struct userdb_user {
	const char *name;
	uint32_t uid;
	uint32_t gid;
	const char *home;
	const char *shell;
};

/* 0, or -ENOENT when no well-formed line has it, -ENOMEM when the arena is full. The first match counts. */
int userdb_user_by_name(const char *text, size_t size, const char *name, struct arena *a,
			struct userdb_user *ret);
int userdb_user_by_uid(const char *text, size_t size, uint32_t uid, struct arena *a, struct userdb_user *ret);

/* The gid of a group in the text of a group file: 0 or -ENOENT. */
int userdb_group_by_name(const char *text, size_t size, const char *name, uint32_t *ret);

/*
 * Whether an entry of a passwd or group text (both have the id in the third field) has an id in one of the
 * ranges; its name (cut to name_size - 1 bytes, not escaped) and its id are then written. CVE-2024-56433.
 */
bool userdb_id_within(const char *text, size_t size, const struct id_range *range, size_t n, char *name,
		      size_t name_size, uint32_t *ret_id);

/*
 * Reads all of a user database (a regular file of at most USERDB_BYTES_MAX) below dirfd into the arena.
 * resolve: RESOLVE_ flags of openat2(2). Not pure. 0 or -errno.
 */
int userdb_read(int dirfd, const char *path, uint64_t resolve, struct arena *a, const char **ret_text,
		size_t *ret_size, struct err *e);
