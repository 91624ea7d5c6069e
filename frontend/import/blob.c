#include "frontend/import/blob.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/fd.h"
#include "common/text.h"
#include "frontend/import/hash.h"

struct document {
	char text[LAYOUT_DOCUMENT_MAX];
	size_t size;
};

/* No link is followed, and nothing but a file is opened. */
static int read_file(int layout, const char *path, struct document *ret, struct err *e)
{
	const uint64_t resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
	fd_auto int fd = fd_openat2(layout, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, resolve);
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "open %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, EINVAL, "%s is not a file", path);
	n = fd_read_all(fd, ret->text, sizeof(ret->text));
	if (n == -EFBIG)
		return err_set(e, EFBIG, "%s has more than %d bytes", path, LAYOUT_DOCUMENT_MAX);
	if (n < 0)
		return err_set(e, (int)-n, "read %s: %s", path, strerror((int)-n));
	ret->size = (size_t)n;
	return 0;
}

static int read_blob(int layout, const struct layout_blob *b, struct document *ret, struct err *e)
{
	char path[DIGEST_PATH_MAX];
	struct hash h;

	digest_path(&b->digest, path);
	if (b->size > LAYOUT_DOCUMENT_MAX)
		return err_set(e, EFBIG, "%s is to have more than %d bytes", path, LAYOUT_DOCUMENT_MAX);
	if (read_file(layout, path, ret, e) < 0)
		return -e->code;
	if (ret->size != b->size)
		return err_set(e, EBADMSG, "%s has %zu bytes, and %" PRIu64 " are said to be there", path,
			       ret->size, b->size);
	hash_start(&h, b->digest.kind);
	hash_add(&h, ret->text, ret->size);
	return hash_check(&h, &b->digest, path, e);
}

/* Down to the manifest. An index that leads to itself would need the digest of its own digest; its depth has
 * an end all the same. */
static int find_manifest(int layout, const struct layout_want *want, struct document *d,
			 struct layout_blob *ret, struct err *e)
{
	const struct layout_want inner = {.architecture = want->architecture};
	char path[DIGEST_PATH_MAX] = "index.json";
	struct layout_entry entry;

	if (read_file(layout, path, d, e) < 0)
		return -e->code;
	for (unsigned depth = 0; depth < LAYOUT_DEPTH_MAX; depth++) {
		if (layout_choose(d->text, d->size, depth ? &inner : want, &entry, e) < 0)
			return err_wrap(e, "%s", path);
		if (read_blob(layout, &entry.blob, d, e) < 0)
			return -e->code;
		digest_path(&entry.blob.digest, path);
		if (entry.kind == LAYOUT_MANIFEST) {
			*ret = entry.blob;
			return 0;
		}
	}
	return err_set(e, ELOOP, "the indexes lie in one another more than %d deep", LAYOUT_DEPTH_MAX);
}

int blob_read_image(int layout, const struct layout_want *want, const char *name, struct layout_image *ret,
		    struct err *e)
{
	static struct document d;
	struct layout_blob manifest;
	char path[DIGEST_PATH_MAX];

	if (read_file(layout, "oci-layout", &d, e) < 0)
		return -e->code;
	if (layout_version(d.text, d.size, e) < 0)
		return err_wrap(e, "oci-layout");
	if (find_manifest(layout, want, &d, &manifest, e) < 0)
		return -e->code;
	if (layout_manifest(d.text, d.size, ret, e) < 0)
		return err_wrap(e, "%s", digest_path(&manifest.digest, path));
	if (read_blob(layout, &ret->config, &d, e) < 0)
		return -e->code;
	return layout_config(d.text, d.size, name, ret, e) < 0
		       ? err_wrap(e, "%s", digest_path(&ret->config.digest, path))
		       : 0;
}
