#include "common/copy.h"

#include <errno.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/fd.h"

enum {
	KERNEL_PIECE = 8 << 20, /* of copy_file_range(2): small enough to stop soon */
	BUFFER = 128 << 10,
};

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Both files' offsets move along, so that this goes on where copy_file_range() gave up. */
static int by_hand(int from, int to, uint64_t done, uint64_t size, copy_watch *watch, void *ctx)
{
	static char buffer[BUFFER];

	while (done < size) {
		ssize_t n = read(from, buffer, (size_t)least(size - done, sizeof(buffer)));
		int r;

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return -EIO;
		r = n > 0 ? fd_write_all(to, buffer, (size_t)n) : 0;
		if (r < 0)
			return r;
		done += n > 0 ? (uint64_t)n : 0;
		if (watch(ctx, done))
			return -EINTR;
	}
	return 0;
}

/* Across file systems (before Linux 5.19), on a FUSE without it, out of procfs: then by hand. */
static bool unsupported(int code)
{
	return code == EXDEV || code == EINVAL || code == ENOSYS || code == EOPNOTSUPP || code == EPERM;
}

/* From the offsets on, up to end. */
static int copy_piece(int from, int to, uint64_t done, uint64_t end, copy_watch *watch, void *ctx)
{
	while (done < end) {
		ssize_t n = copy_file_range(from, NULL, to, NULL, (size_t)least(end - done, KERNEL_PIECE), 0);

		if (n < 0 && errno != EINTR)
			return unsupported(errno) ? by_hand(from, to, done, end, watch, ctx) : -errno;
		/* 0 is the end of the file, or a file system that cannot: reading tells which. */
		if (n == 0)
			return by_hand(from, to, done, end, watch, ctx);
		done += n > 0 ? (uint64_t)n : 0;
		if (watch(ctx, done))
			return -EINTR;
	}
	return 0;
}

static bool reflink(int from, int to)
{
	return ioctl(to, FICLONE, from) == 0;
}

int copy_bytes(int from, int to, uint64_t size, copy_watch *watch, void *ctx)
{
	if (reflink(from, to))
		return watch(ctx, size) ? -EINTR : 0;
	return copy_piece(from, to, 0, size, watch, ctx);
}

/* Sets both offsets to the data from at on. Returns its end; size where all that follows is a hole, with
 * *ret_data; or -errno. */
static off_t find_data(int from, int to, off_t at, off_t size, off_t *ret_data)
{
	off_t data = lseek(from, at, SEEK_DATA), end = data < 0 ? -1 : lseek(from, data, SEEK_HOLE);

	if (data < 0 && errno == ENXIO)
		data = end = size;
	else if (data < 0 || end < 0) /* a file system that does not know its holes */
		data = at, end = size;
	if (lseek(from, data, SEEK_SET) < 0 || lseek(to, data, SEEK_SET) < 0)
		return -errno;
	*ret_data = data;
	return end < size ? end : size;
}

int copy_sparse(int from, int to, uint64_t size, copy_watch *watch, void *ctx)
{
	if (size > INT64_MAX)
		return -EFBIG;
	if (reflink(from, to))
		return watch(ctx, size) ? -EINTR : 0;
	for (off_t at = 0; at < (off_t)size;) {
		off_t data = 0, end = find_data(from, to, at, (off_t)size, &data);
		int r = end < 0 ? (int)end : copy_piece(from, to, (uint64_t)data, (uint64_t)end, watch, ctx);

		if (r < 0)
			return r;
		at = end;
	}
	return ftruncate(to, (off_t)size) < 0 ? -errno : 0;
}
