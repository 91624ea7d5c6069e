/*
 * ldconf.h - the directories of /etc/ld.so.conf and the files it includes, ldconfig(8). Not pure: reads
 * files.
 *
 * Asked only where there is no /etc/ld.so.cache.
 */
#pragma once

#include <stddef.h>

#include "common/arena.h"
#include "common/err.h"

enum {
	LDCONF_DIRS_MAX = 512,
	LDCONF_BYTES_MAX = 1 << 20, /* of one file */
	LDCONF_DEPTH_MAX = 8,       /* includes in includes */
};

struct ldconf {
	const char *dir[LDCONF_DIRS_MAX];
	size_t count;
};

/* Adds the directories of file to *ret. A file that is not there has none. 0 or -errno. */
int ldconf_read(const char *file, struct arena *a, struct ldconf *ret, struct err *e);
