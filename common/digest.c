#include "common/digest.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"

static const struct {
	const char *name;
	size_t digits;
} known[] = {[DIGEST_SHA256] = {"sha256", 64}, [DIGEST_SHA512] = {"sha512", 128}};
static_assert(sizeof(known) / sizeof(known[0]) == DIGEST_KIND_COUNT, "a name for each");

int digest_parse(const char *text, struct digest *ret, struct err *e)
{
	const char *colon = strchr(text, ':');

	for (int i = 0; colon && i < DIGEST_KIND_COUNT; i++) {
		const char *hex = colon + 1;

		if (!text_is(text, (size_t)(colon - text), known[i].name))
			continue;
		if (strlen(hex) != known[i].digits || strspn(hex, "0123456789abcdef") != known[i].digits)
			return err_set(e, EINVAL, "the digest %s is not %s: and %zu of the digits 0 to f",
				       QUOTE(text), known[i].name, known[i].digits);
		ret->kind = (enum digest_kind)i;
		memcpy(ret->hex, hex, known[i].digits + 1);
		return 0;
	}
	return err_set(e, EINVAL, "the digest %s is of no known kind (sha256, sha512)", QUOTE(text));
}

const char *digest_text(const struct digest *d, char ret[DIGEST_TEXT_MAX])
{
	snprintf(ret, DIGEST_TEXT_MAX, "%s:%s", known[d->kind].name, d->hex);
	return ret;
}

const char *digest_path(const struct digest *d, char ret[DIGEST_PATH_MAX])
{
	snprintf(ret, DIGEST_PATH_MAX, "blobs/%s/%s", known[d->kind].name, d->hex);
	return ret;
}
