/*
 * merge.h - the layers of an image, unpacked each by itself, become one root. Not pure.
 *
 * Files are hard links to those of the layers, so that images that share layers share files, and the root
 * must not be written to; directories are its own. Or all are copies, and the root is as any other. The
 * set-user-ID bit of its topmost directory, which no archive can set and no kernel heeds, tells croft so,
 * whatever becomes of its name (frontend/roots.h). On a directory of a layer that bit says that the archive
 * has no such member: the owner and mode of the layer below count.
 */
#pragma once

#include <sys/stat.h>

#include "common/err.h"
#include "common/progress.h"

enum { MERGE_DEPTH_MAX = 200, MERGE_IMPLIED = S_ISUID, MERGE_SHARED = S_ISUID };

/*
 * Puts the layer in the directory called key of store over what is in root: both descriptors on one mount.
 * What the layer takes away (whiteouts) goes first. A symbolic link of the root is followed, inside the root,
 * where the layer has no member for a directory that it leads through (as bin/x over bin -> usr/bin).
 * copies: -1, or an empty directory on that mount for the use of all calls: then files are copied. 0; -EINTR
 * after a signal that was remembered; -errno.
 */
int merge_layer(int store, const char *key, int root, int copies, struct progress *p, struct err *e);

/* Of hard links: marks root as one that shares files. 0 or -errno. */
int merge_finish(int root, struct err *e);
