/*
 * unpack.h - an archive becomes the files of a root. Not pure.
 */
#pragma once

#include <stdint.h>

#include "common/err.h"
#include "common/progress.h"
#include "frontend/import/layer.h"
#include "frontend/import/member.h"
#include "frontend/import/owners.h"

enum { UNPACK_ENTRIES_MAX = 4 << 20 }; /* members of one archive: what libarchive remembers of directories */

struct unpack {
	int archive;         /* open for reading: a tar archive, perhaps compressed */
	struct layer *layer; /* NULL: it is no layer of an image */
	uint64_t max_size;
	struct owners owners;
	struct progress progress;
	/* what was left out */
	uint64_t entries, bytes, devices, absolute, attributes;
	char parent[MEMBER_MAX]; /* of a layer: the directory that was looked at last */
};

/*
 * Reads the archive to its end into the working directory, which is the root of this process (jail.h).
 * Nothing that lies there already is followed. A layer may be empty; a directory that it has no member for
 * gets MERGE_IMPLIED (merge.h). 0; -EINTR after a signal that was remembered; -errno.
 */
int unpack_archive(struct unpack *u, struct err *e);
