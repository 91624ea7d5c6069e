/*
 * hash.h - the digest of bytes that come one after the other. Not pure: nettle.
 */
#pragma once

#include <nettle/sha2.h>
#include <stddef.h>

#include "common/digest.h"

struct hash {
	enum digest_kind kind;
	union {
		struct sha256_ctx sha256;
		struct sha512_ctx sha512;
	} of;
};

void hash_start(struct hash *h, enum digest_kind kind);
void hash_add(struct hash *h, const void *bytes, size_t size);
/* Ends it: whether it is want. 0, or -EBADMSG with "WHAT is not what its digest D says". */
int hash_check(struct hash *h, const struct digest *want, const char *what, struct err *e);
