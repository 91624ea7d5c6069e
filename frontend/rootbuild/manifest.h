/*
 * manifest.h - the list of what goes into a root. Not pure: looks at the host's files.
 *
 * Paths are those of the host and never lead through a symbolic link; a link that a name leads through is an
 * entry of its own. Each comes once, behind the directories it lies in.
 */
#pragma once

#include <stdint.h>

#include "common/arena.h"
#include "common/err.h"

enum {
	MANIFEST_SLOTS = 131072,  /* a power of two, four times the entries: never fuller than a quarter */
	MANIFEST_MAX = 32768,     /* entries */
	MANIFEST_PATH_MAX = 4096, /* PATH_MAX */
	MANIFEST_LINKS_MAX = 40,  /* links one name may lead through: MAXSYMLINKS */
};

enum manifest_kind { MANIFEST_DIR, MANIFEST_LINK, MANIFEST_FILE, MANIFEST_TEXT, MANIFEST_KIND_COUNT };

struct manifest_entry {
	const char *path; /* absolute */
	enum manifest_kind kind;
	uint32_t mode;    /* permission bits in the root */
	uint64_t size;    /* MANIFEST_FILE: as seen now */
	const char *text; /* MANIFEST_LINK: where to; MANIFEST_TEXT: the contents */
};

/* 3 MiB: it lives in an arena. */
struct manifest {
	struct arena *arena;
	uint32_t count;
	struct manifest_entry entry[MANIFEST_MAX];
	uint32_t slot[MANIFEST_SLOTS]; /* hash table: 0 or an index + 1 */
};

/* An empty manifest; it and its strings are in *a. 0 or -ENOMEM. */
int manifest_new(struct arena *a, struct manifest **ret, struct err *e);

/*
 * Adds the host's file, or directory without its contents, that the absolute path leads to, and every link
 * and directory on the way. ret_real, where not NULL, gets its path without links (MANIFEST_PATH_MAX bytes).
 * Modes lose setuid, setgid and sticky; directories get u+rwx and lose writing by others. 0 or -errno; then
 * links may have been added.
 */
int manifest_add(struct manifest *m, const char *path, char *ret_real, struct err *e);

/* manifest_add() of path where it exists, else nothing. */
int manifest_add_optional(struct manifest *m, const char *path, struct err *e);

/* Adds the host's directory at path with all below it, at most depth directories deep; only directories,
 * files and links. */
int manifest_add_tree(struct manifest *m, const char *path, unsigned depth, struct err *e);

/* Adds something that is not the host's; the first entry for a path counts, but a directory takes the last
 * mode. */
int manifest_put(struct manifest *m, const struct manifest_entry *entry, struct err *e);

/* The entry for an absolute path without links, or NULL. */
const struct manifest_entry *manifest_find(const struct manifest *m, const char *path);
