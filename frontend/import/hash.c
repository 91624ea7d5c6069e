#include "frontend/import/hash.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"

void hash_start(struct hash *h, enum digest_kind kind)
{
	h->kind = kind;
	if (kind == DIGEST_SHA512)
		sha512_init(&h->of.sha512);
	else
		sha256_init(&h->of.sha256);
}

void hash_add(struct hash *h, const void *bytes, size_t size)
{
	if (h->kind == DIGEST_SHA512)
		sha512_update(&h->of.sha512, size, bytes);
	else
		sha256_update(&h->of.sha256, size, bytes);
}

int hash_check(struct hash *h, const struct digest *want, const char *what, struct err *e)
{
	const size_t size = h->kind == DIGEST_SHA512 ? SHA512_DIGEST_SIZE : SHA256_DIGEST_SIZE;
	char hex[DIGEST_HEX_MAX + 1], text[DIGEST_TEXT_MAX];
	uint8_t bytes[SHA512_DIGEST_SIZE];

	if (h->kind == DIGEST_SHA512)
		sha512_digest(&h->of.sha512, size, bytes);
	else
		sha256_digest(&h->of.sha256, size, bytes);
	for (size_t i = 0; i < size; i++)
		snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
	if (h->kind == want->kind && !strcmp(hex, want->hex))
		return 0;
	return err_set(e, EBADMSG, "%s is not what its digest %s says", what, digest_text(want, text));
}
