#include "common/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

void fd_close(int fd)
{
	int saved = errno;

	if (fd >= 0)
		close(fd);
	errno = saved;
}

void fd_cleanup(int *fd)
{
	fd_close(*fd);
}

ssize_t fd_read_all(int fd, void *buf, size_t size)
{
	size_t got = 0;
	char more;

	while (got < size) {
		ssize_t n = read(fd, (char *)buf + got, size - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return (ssize_t)got;
		got += (size_t)n;
	}
	for (;;) {
		ssize_t n = read(fd, &more, 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		return n == 0 ? (ssize_t)got : -EFBIG;
	}
}

int fd_write_all(int fd, const void *buf, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = write(fd, (const char *)buf + done, size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EIO;
		done += (size_t)n;
	}
	return 0;
}

int fd_open(const char *path, int flags)
{
	return openat(AT_FDCWD, path, flags | O_CLOEXEC);
}

int fd_openat2(int dirfd, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve)
{
	struct open_how how = {.flags = flags | O_CLOEXEC, .mode = mode, .resolve = resolve};
	long r;

	/* EAGAIN: a rename elsewhere raced with the kernel's own check (openat2(2)). */
	for (int tries = 0; tries < 32; tries++) {
		r = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
		if (r >= 0 || (errno != EAGAIN && errno != EINTR))
			break;
	}
	return (int)r;
}

int fd_path(int fd, char *buf, size_t size, struct err *e)
{
	static const char deleted[] = " (deleted)";
	const size_t dlen = sizeof(deleted) - 1;
	char name[32];
	struct stat st;
	ssize_t n;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	n = readlink(name, buf, size);
	if (n < 0)
		return err_sys(e, "read the path of a descriptor");
	if ((size_t)n >= size)
		return err_set(e, ENAMETOOLONG, "a resolved path is longer than %zu bytes", size - 1);
	buf[n] = '\0';
	if (buf[0] != '/')
		return err_set(e, ENOENT, "a descriptor has no path here");
	if ((size_t)n <= dlen || strcmp(buf + (size_t)n - dlen, deleted) != 0)
		return 0;
	/* A name may end so, too. */
	if (fstat(fd, &st) < 0)
		return err_sys(e, "stat a descriptor");
	return st.st_nlink ? 0 : err_set(e, ENOENT, "the file was deleted meanwhile");
}

int fd_close_range_but(unsigned first, unsigned last, const int *keep, size_t nkeep)
{
	for (size_t i = 0; i < nkeep; i++) {
		unsigned k = (unsigned)keep[i];

		if (keep[i] < 0 || k < first || k > last)
			continue;
		if (k > first && syscall(SYS_close_range, first, k - 1, 0) < 0)
			return -errno;
		if (k == last)
			return 0;
		first = k + 1;
	}
	return syscall(SYS_close_range, first, last, 0) < 0 ? -errno : 0;
}

int fd_fill_std(void)
{
	for (int fd = 0; fd <= 2; fd++) {
		int got;

		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		/* The lowest free number is fd. Not O_CLOEXEC: it is to be inherited. */
		got = open("/dev/null", O_RDWR); /* NOLINT(android-cloexec-open) */
		if (got < 0)
			return -errno;
		if (got != fd) {
			close(got);
			return -EBADF;
		}
	}
	return 0;
}

int fd_check_std(struct err *e)
{
	static const char *const name[] = {"standard input", "standard output", "standard error"};

	for (int fd = 0; fd <= 2; fd++) {
		int flags = fcntl(fd, F_GETFL);
		struct stat st;

		if (flags < 0)
			return err_sys(e, "look at %s", name[fd]);
		if (flags & O_PATH)
			return err_set(
				e, EBADF,
				"%s is a descriptor opened with O_PATH, which would lead out of the sandbox",
				name[fd]);
		if (fstat(fd, &st) < 0)
			return err_sys(e, "look at %s", name[fd]);
		if (S_ISDIR(st.st_mode))
			return err_set(e, EISDIR, "%s is a directory, which would lead out of the sandbox",
				       name[fd]);
	}
	return 0;
}
