/*
 * import_image.h - a named root out of an OCI image layout. Not pure.
 */
#pragma once

#include "frontend/root_import.h"

#define IMPORT_IMAGE_PREFIX "oci:"

/*
 * i->file without the prefix is DIR[:TAG]; i->input becomes the directory. roots: that of the named roots.
 * Layers that are there already are not unpacked again. Whatever ends it, the root is there under its name
 * and whole, or nothing of it is, and no layer that no root has. 0 or -errno.
 */
int import_image(struct import *i, int roots, struct err *e);
