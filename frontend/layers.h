/*
 * layers.h - the layers of images, unpacked once each, that named roots share. Not pure.
 *
 * A hidden directory among the named roots of a user, ".layers": in it a directory a layer, called by the
 * digest of its contents and by the map of ids that owns its files; a file "root.NAME" a root, with the names
 * of its layers a line; and a file that is locked by whoever changes any of this. A root has hard links to
 * the files of its layers, so losing one of these files loses no file of a root.
 */
#pragma once

#include <stddef.h>

#include "common/digest.h"
#include "common/err.h"

enum { LAYERS_KEY_MAX = DIGEST_TEXT_MAX + 24, LAYERS_MAX = 256 /* of a root */ };

struct layers {
	int roots; /* borrowed: the directory of the named roots */
	int store, lock;
};

/* Makes it where it is missing, and waits for its lock. 0 or -errno. */
int layers_open(int roots, struct layers *ret, struct err *e);

/* Removes what no root has any more, and the whole where nothing is left; closes. */
void layers_close(struct layers *l);

/* Such a removal, unless somebody works there, who does it then. */
void layers_release(int roots);

/* In the user namespace: the name of a layer, of which the present map of ids is a part. 0 or -errno. */
int layers_key(const struct digest *diff, char ret[LAYERS_KEY_MAX], struct err *e);

/* Writes down which n layers root name is made of. 0 or -errno. */
int layers_record(const struct layers *l, const char *name, const char (*key)[LAYERS_KEY_MAX], size_t n,
		  struct err *e);
