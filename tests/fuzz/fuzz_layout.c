/*
 * The input is a document of an OCI image layout, and before it a letter that says which: i index, n the same
 * with a name that is wanted, m manifest, c configuration, v oci-layout. It is refused with a sentence, or
 * what is made of it can be a part of a path, and has a number of layers.
 */
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "frontend/import/layout.h"
#include "tests/fuzz/fuzz.h"

enum { BYTES_MAX = 1 << 14 };

static void must_be_digest(const struct digest *d)
{
	char path[DIGEST_PATH_MAX], text[DIGEST_TEXT_MAX];
	struct digest again;
	struct err e;

	MUST(digest_parse(digest_text(d, text), &again, &e) == 0);
	MUST(again.kind == d->kind && !strcmp(again.hex, d->hex));
	digest_path(d, path);
	MUST(text_starts(path, "blobs/sha") && !strchr(path, '.'));
	MUST(strspn(d->hex, "0123456789abcdef") == strlen(d->hex) && strlen(d->hex) >= 64);
}

static int index_of(const char *text, size_t size, const char *tag, struct err *e)
{
	const struct layout_want want = {.tag = tag, .architecture = "amd64"};
	struct layout_entry entry;
	int r = layout_choose(text, size, &want, &entry, e);

	if (r == 0) {
		MUST(entry.kind == LAYOUT_INDEX || entry.kind == LAYOUT_MANIFEST);
		must_be_digest(&entry.blob.digest);
	}
	return r;
}

static int manifest_of(const char *text, size_t size, struct err *e)
{
	static struct layout_image image;
	int r = layout_manifest(text, size, &image, e);

	if (r < 0)
		return r;
	MUST(image.nlayers > 0 && image.nlayers <= LAYOUT_LAYERS_MAX);
	must_be_digest(&image.config.digest);
	for (uint32_t i = 0; i < image.nlayers; i++)
		must_be_digest(&image.layer[i].blob.digest);
	return 0;
}

static int config_of(const char *text, size_t size, struct err *e)
{
	static struct layout_image image;
	int r;

	image.nlayers = 2;
	r = layout_config(text, size, "name", &image, e);
	if (r < 0)
		return r;
	MUST(image.nlayers == 2);
	must_be_digest(&image.layer[0].diff);
	must_be_digest(&image.layer[1].diff);
	MUST(memchr(image.runs, '\0', sizeof(image.runs)));
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = {0};
	char *text;
	int r;

	if (size == 0 || size > BYTES_MAX)
		return 0;
	text = fuzz_copy(data + 1, size - 1);
	switch (data[0]) {
	case 'i':
	case 'n':
		r = index_of(text, size - 1, data[0] == 'n' ? "web" : NULL, &e);
		break;
	case 'm':
		r = manifest_of(text, size - 1, &e);
		break;
	case 'c':
		r = config_of(text, size - 1, &e);
		break;
	default:
		r = layout_version(text, size - 1, &e);
	}
	if (r < 0)
		fuzz_refused(r, &e);
	free(text);
	return 0;
}
