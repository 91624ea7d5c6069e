#include "common/dir.h"

#include <errno.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* linux_dirent64 of getdents64(2). */
struct entry {
	uint64_t ino;
	int64_t off;
	uint16_t reclen;
	uint8_t type;
	char name[];
};

int dir_each(int fd, dir_name_fn *fn, void *ctx)
{
	_Alignas(struct entry) char buf[8192];

	for (;;) {
		long n = syscall(SYS_getdents64, fd, buf, sizeof(buf));

		if (n <= 0)
			return n < 0 ? -errno : 0;
		for (long at = 0; at < n;) {
			const struct entry *d = (const void *)(buf + at);
			int r = fn(ctx, d->name);

			if (r < 0)
				return r;
			at += d->reclen;
		}
	}
}
