/*
 * fd.h - owning descriptors, and reading and writing all of them. Not pure.
 *
 * Who declares `fd_auto int fd = -1` owns the descriptor and closes it on
 * leaving the scope; a plain int borrows; TAKE_FD moves ownership out.
 * Everything is opened O_CLOEXEC. close(2) is called once, whatever it says:
 * on Linux the number is free already.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/err.h"

void fd_close(int fd);    /* keeps errno; ignores negative numbers */
void fd_cleanup(int *fd); /* for fd_auto */
#define fd_auto __attribute__((cleanup(fd_cleanup)))

static inline int fd_take(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}
#define TAKE_FD(fd) fd_take(&(fd))

/* Reads at most size bytes up to end of file, over short reads and EINTR. Returns the count or -errno; -EFBIG
 * when more follows. */
ssize_t fd_read_all(int fd, void *buf, size_t size);

/* Writes all or fails: 0 or -errno; a write that makes no progress is -EIO. */
int fd_write_all(int fd, const void *buf, size_t size);

/* open(2) with O_CLOEXEC, which musl's sets once more by fcntl(2). A descriptor or -1 with errno. */
int fd_open(const char *path, int flags);

/* openat2(2), Linux >= 5.6; flags always get O_CLOEXEC. Returns a descriptor or -1 with errno. */
int fd_openat2(int dirfd, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve);

/*
 * The path by which the kernel knows fd now, from /proc/self/fd (the caller's
 * mount namespace must still have procfs there). Returns 0 or -errno; a path
 * that does not fit or that the kernel marks " (deleted)" with nlink 0 is refused.
 */
int fd_path(int fd, char *buf, size_t size, struct err *e);

/* Closes every descriptor from first to last (inclusive) that is not named in keep[] (ascending).
 * close_range(2), Linux >= 5.9. */
int fd_close_range_but(unsigned first, unsigned last, const int *keep, size_t nkeep);

/* Makes descriptors 0-2 exist: missing ones become /dev/null. Returns 0 or -errno. */
int fd_fill_std(void);

/*
 * Refuses descriptors 0-2 that are directories or O_PATH: fchdir(0) would
 * leave any root. Returns 0 or -EBADF with *e.
 */
int fd_check_std(struct err *e);
