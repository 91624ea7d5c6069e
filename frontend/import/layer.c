#include "frontend/import/layer.h"

#include <archive_entry.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "common/text.h"

/* --- the blob, as it lies there --------------------------------------------------------------------------
 */

static la_ssize_t read_packed(struct archive *a, void *ctx, const void **ret)
{
	struct layer *l = ctx;
	ssize_t n;

	do
		n = read(l->fd, l->block, sizeof(l->block));
	while (n < 0 && errno == EINTR);
	if (n < 0) {
		archive_set_error(a, errno, "%s", strerror(errno));
		return -1;
	}
	if ((uint64_t)n > l->size - l->done) {
		archive_set_error(a, EFBIG, "it is longer than the image says");
		return -1;
	}
	l->done += (uint64_t)n;
	hash_add(&l->packed_hash, l->block, (size_t)n);
	*ret = l->block;
	return n;
}

/* --- what it unpacks to ----------------------------------------------------------------------------------
 */

static la_ssize_t read_unpacked(struct archive *a, void *ctx, const void **ret)
{
	struct layer *l = ctx;
	size_t size = 0;
	la_int64_t offset;
	int r = l->ended ? ARCHIVE_EOF : archive_read_data_block(l->packed, ret, &size, &offset);

	l->ended = r == ARCHIVE_EOF;
	if (l->ended)
		return 0;
	if (r != ARCHIVE_OK) {
		archive_set_error(a, archive_errno(l->packed), "%s", archive_error_string(l->packed));
		return -1;
	}
	hash_add(&l->hash, *ret, size);
	return (la_ssize_t)size;
}

static int failed(struct archive *a, struct err *e)
{
	const char *text = archive_error_string(a);

	return err_set(e, EIO, "read the layer: %s", QUOTE(text ? text : "unknown error"));
}

int layer_open(struct layer *l, int fd, struct archive *in, struct err *e)
{
	struct archive_entry *entry;

	l->fd = fd;
	hash_start(&l->packed_hash, l->digest.kind);
	hash_start(&l->hash, l->diff.kind);
	l->packed = archive_read_new();
	if (!l->packed)
		return err_set(e, ENOMEM, "no memory to read a layer");
	/* Raw: the bytes that the filters give, as the one member of an archive. */
	if (archive_read_support_filter_gzip(l->packed) != ARCHIVE_OK ||
	    archive_read_support_filter_zstd(l->packed) != ARCHIVE_OK ||
	    archive_read_support_format_raw(l->packed) != ARCHIVE_OK ||
	    archive_read_open(l->packed, l, NULL, read_packed, NULL) != ARCHIVE_OK ||
	    archive_read_next_header(l->packed, &entry) != ARCHIVE_OK)
		return failed(l->packed, e);
	return archive_read_open(in, l, NULL, read_unpacked, NULL) == ARCHIVE_OK ? 0 : failed(in, e);
}

/* What pads an archive; a digest is that of all bytes. */
static int read_tail(struct layer *l, struct err *e)
{
	uint64_t tail = 0;
	const void *block;
	la_ssize_t n;

	while ((n = read_unpacked(l->packed, l, &block)) > 0) {
		tail += (uint64_t)n;
		if (tail > LAYER_TAIL_MAX)
			return err_set(e, EFBIG, "more than %d bytes follow the end of the layer",
				       LAYER_TAIL_MAX);
	}
	while (n == 0 && (n = read_packed(l->packed, l, &block)) > 0)
		n = 0;
	return n < 0 ? failed(l->packed, e) : 0;
}

int layer_check(struct layer *l, struct err *e)
{
	if (read_tail(l, e) < 0)
		return -e->code;
	if (l->done != l->size)
		return err_set(e, EBADMSG,
			       "the layer has %" PRIu64 " bytes, and %" PRIu64 " are said to be there",
			       l->done, l->size);
	if (hash_check(&l->packed_hash, &l->digest, "the layer", e) < 0)
		return -e->code;
	return hash_check(&l->hash, &l->diff, "the archive in the layer", e);
}

void layer_close(struct layer *l)
{
	archive_read_free(l->packed);
	l->packed = NULL;
}
