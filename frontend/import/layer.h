/*
 * layer.h - a layer of an image as a tar archive that is read: its bytes, packed and unpacked, are counted
 * and have the digests that the image says. Not pure: libarchive, nettle.
 */
#pragma once

#include <archive.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "frontend/import/hash.h"

enum { LAYER_BLOCK = 128 << 10, LAYER_TAIL_MAX = 1 << 20 };

struct layer {
	/* what the image says */
	struct digest digest, diff;
	uint64_t size;
	/* ours */
	int fd;
	struct archive *packed;
	struct hash packed_hash, hash;
	uint64_t done;
	bool ended;
	char block[LAYER_BLOCK];
};

/* Has in, whose formats are set, read the layer from fd. 0 or -errno. */
int layer_open(struct layer *l, int fd, struct archive *in, struct err *e);

/* After the end of the archive: reads what follows it, and checks size and digests. 0 or -EBADMSG, ... */
int layer_check(struct layer *l, struct err *e);

void layer_close(struct layer *l);
