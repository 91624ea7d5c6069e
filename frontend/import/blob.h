/*
 * blob.h - the files of an image layout. Not pure.
 */
#pragma once

#include <stddef.h>

#include "common/err.h"
#include "frontend/import/layout.h"

/* The documents of the image that is wanted, out of the directory of the layout; name: of the root. All
 * digests and sizes are checked. 0 or -errno. */
int blob_read_image(int layout, const struct layout_want *want, const char *name, struct layout_image *ret,
		    struct err *e);
