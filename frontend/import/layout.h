/*
 * layout.h - the JSON documents of an OCI image layout: index, manifest, configuration. Not pure: json-c.
 *
 * https://github.com/opencontainers/image-spec: what it says about the members that are read here. The
 * documents are hostile: what is not understood is refused, and nothing that they say is believed before its
 * bytes have the digest that they say.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/digest.h"
#include "common/err.h"

enum {
	LAYOUT_DOCUMENT_MAX = 4 << 20, /* bytes of one: the limit that registries have */
	LAYOUT_ENTRIES_MAX = 4096,     /* of one index */
	LAYOUT_LAYERS_MAX = 256,       /* overlay file systems hold fewer */
	LAYOUT_DEPTH_MAX = 4,          /* indexes in indexes */
	LAYOUT_RUNS_MAX = 4096,
};

struct layout_blob {
	struct digest digest;
	uint64_t size;
};

/* Which image is wanted. */
struct layout_want {
	const char *tag; /* NULL: the only one; of an index in an index always */
	const char *architecture;
};

struct layout_entry {
	enum { LAYOUT_INDEX, LAYOUT_MANIFEST } kind;
	struct layout_blob blob;
};

struct layout_layer {
	struct layout_blob blob;
	struct digest diff; /* of the tar archive that it unpacks to */
};

struct layout_image {
	struct layout_blob config;
	uint32_t nlayers;
	struct layout_layer layer[LAYOUT_LAYERS_MAX];
	char runs[LAYOUT_RUNS_MAX]; /* what `croft run` would have to be told, as a shell reads it; "" where
				       it does not say */
};

/* The entry of the index that is wanted. 0, or -EINVAL, -ENOENT: none, and the hint says what there is. */
int layout_choose(const char *text, size_t size, const struct layout_want *want, struct layout_entry *ret,
		  struct err *e);

/* What the manifest says: all of *ret but layer[].diff and runs; after a failure it is of no use. 0 or
 * -EINVAL.
 */
int layout_manifest(const char *text, size_t size, struct layout_image *ret, struct err *e);

/* What the configuration adds to that; name: of the root. 0 or -EINVAL, as above. */
int layout_config(const char *text, size_t size, const char *name, struct layout_image *image, struct err *e);

/* Whether the file oci-layout is of the version that is known. 0 or -EINVAL. */
int layout_version(const char *text, size_t size, struct err *e);

/* The name that images have for this machine, uname(2) machine: "amd64". Itself where it is not known. */
const char *layout_architecture(const char *machine);
