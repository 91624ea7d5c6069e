#include "frontend/rootbuild/copy.h"

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

int copy_bytes(int from, int to, uint64_t size, copy_watch *watch, void *ctx)
{
	uint64_t done = 0;

	if (ioctl(to, FICLONE, from) == 0)
		return watch(ctx, size) ? -EINTR : 0;
	while (done < size) {
		ssize_t n =
			copy_file_range(from, NULL, to, NULL, (size_t)least(size - done, KERNEL_PIECE), 0);

		if (n < 0 && errno != EINTR)
			return unsupported(errno) ? by_hand(from, to, done, size, watch, ctx) : -errno;
		/* 0 is the end of the file, or a file system that cannot: reading tells which. */
		if (n == 0)
			return by_hand(from, to, done, size, watch, ctx);
		done += n > 0 ? (uint64_t)n : 0;
		if (watch(ctx, done))
			return -EINTR;
	}
	return 0;
}
