/*
 * target.h - everything that is written into a root. Not pure.
 *
 * With --force the root is an old one, whose links may point anywhere: every parent directory is opened by
 * the kernel below the descriptor of the root (openat2 RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS), the last
 * component is never followed. A file comes into being under a name of its own and is renamed when it is
 * whole.
 */
#pragma once

#include <stdint.h>

#include "common/err.h"
#include "common/copy.h"
#include "frontend/rootbuild/manifest.h"

struct target {
	int fd; /* of the root; borrowed */
	copy_watch *watch;
	void *ctx;
};

/*
 * Makes one entry; its parent directory must be there. A directory that exists stays as it is, a text does
 * not replace anything, a file or link replaces all but a directory. 0 or -errno; nothing half-written stays.
 */
int target_make(const struct target *t, const struct manifest_entry *entry, struct err *e);
