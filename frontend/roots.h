/*
 * roots.h - the names of root file systems and where they are. Not pure: environment, stat(2).
 *
 * A ROOT on the command line is a path (it contains a '/'), the word `host`, or a name: of a directory in
 * $XDG_DATA_HOME/croft/roots (where that is unset, empty or not absolute: $HOME/.local/share/croft/roots),
 * the user's own, or in STATEDIR/roots, everybody's. The user's own come first. What is meant is a directory,
 * or a file that is an image of a file system.
 */
#pragma once

#include <stdbool.h>

#include "common/arena.h"
#include "common/err.h"
#include "sandbox/plan.h"

enum {
	ROOTS_NAME_MAX = 128, /* bytes of a name: leaves room for what croft puts before and behind it */
	ROOTS_HIDDEN_MAX = ROOTS_NAME_MAX + 32,
	ROOTS_HIDE_TRIES = 100, /* of names that are there already */
};

/*
 * Whether name may be given to a root: not empty, no '/', no control character, no '.' or '-' in front, not
 * `host`, at most ROOTS_NAME_MAX bytes. 0 or -EINVAL.
 */
int roots_check_name(const char *name, struct err *e);

/* The directory of the user's own roots, which need not exist. 0; -ENOENT when neither variable tells it. */
int roots_user_dir(struct arena *a, const char **ret, struct err *e);

/* The directory of everybody's roots. */
const char *roots_shared_dir(void);

/* Makes the missing directories above path, for the caller alone: XDG base directory specification. 0 or
 * -errno. */
int roots_make_parents(const char *path, struct err *e);

/* A name beside the root called name that no root can have: ".NAME.WHY-" and a random number. 0 or -errno. */
int roots_hidden(const char *name, const char *why, char ret[ROOTS_HIDDEN_MAX], struct err *e);

/*
 * Whether the directory path is a root whose files are those of the layers of images, which other roots
 * share: nothing may be written to it. Its set-user-ID bit says so (frontend/import/merge.h).
 */
bool roots_is_linked(const char *path);

/* dir/name in *a: 0, or -ENAMETOOLONG, -ENOMEM. */
int roots_join(struct arena *a, const char *dir, const char *name, const char **ret, struct err *e);

/*
 * What root means. A path comes back as it is, `host` as "". 0, or -ENOENT when
 * there is no such name (the hint says what to write), -EINVAL when it cannot be one, or why a directory that
 * may hold it cannot be read.
 */
int roots_find(const char *root, struct arena *a, enum plan_root *ret_kind, const char **ret_path,
	       struct err *e);
