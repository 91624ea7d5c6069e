/*
 * digest.h - names of content by what it is, as OCI images have them: "sha256:" and 64 hexadecimal digits.
 * Pure.
 */
#pragma once

#include "common/err.h"

enum digest_kind { DIGEST_SHA256, DIGEST_SHA512, DIGEST_KIND_COUNT };

enum {
	DIGEST_HEX_MAX = 128,
	DIGEST_TEXT_MAX = DIGEST_HEX_MAX + 8, /* "sha512:" and the terminator */
	DIGEST_PATH_MAX = DIGEST_TEXT_MAX + 8,
};

struct digest {
	enum digest_kind kind;
	char hex[DIGEST_HEX_MAX + 1];
};

/* A digest in its only form: small letters, all digits. Nothing else may become part of a path. 0 or -EINVAL.
 */
int digest_parse(const char *text, struct digest *ret, struct err *e);

/* "sha256:HEX". Returns ret. */
const char *digest_text(const struct digest *d, char ret[DIGEST_TEXT_MAX]);

/* "blobs/sha256/HEX": where the content lies in an image layout. Returns ret. */
const char *digest_path(const struct digest *d, char ret[DIGEST_PATH_MAX]);
