#include "frontend/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/filter.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/text.h"
#include "frontend/spawn.h"
#include "sandbox/seccomp_check.h"

static const char compiler[] = LIBEXECDIR "/croft-seccomp";

enum { FD_AS = 3, BYTES_MAX = PLAN_FILTER_MAX * sizeof(struct sock_filter) };

/* What was read, looked through. */
static int keep(const void *bytes, size_t size, struct arena *a, struct plan_blob *ret, struct err *e)
{
	const struct sock_filter *code = bytes;
	char *copy;

	if (size % sizeof(*code))
		return err_set(e, EINVAL, "its length, %zu bytes, is not a multiple of %zu", size,
			       sizeof(*code));
	if (seccomp_check(code, (uint32_t)(size / sizeof(*code)), e) < 0)
		return -e->code;
	copy = arena_copy(a, bytes, size);
	if (!copy)
		return err_set(e, ENOMEM, "no memory for it");
	*ret = (struct plan_blob){.item = (const uint8_t *)copy, .count = (uint32_t)size};
	return 0;
}

static int read_program(int fd, struct arena *a, struct plan_blob *ret, struct err *e)
{
	static _Alignas(struct sock_filter) char bytes[BYTES_MAX];
	ssize_t n;

	if (fcntl(fd, F_GETFD) < 0)
		return err_sys(e, "look at it");
	if (isatty(fd))
		return err_set(e, EINVAL, "it is a terminal");
	n = fd_read_all(fd, bytes, sizeof(bytes));
	if (n == -EFBIG)
		return err_set(e, E2BIG, "it holds more than %d instructions", PLAN_FILTER_MAX);
	if (n < 0)
		return err_set(e, (int)-n, "read it: %s", strerror((int)-n));
	return keep(bytes, (size_t)n, a, ret, e);
}

static int open_profile(const char *path, struct err *e)
{
	fd_auto int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "open it");
	if (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode))
		return err_set(e, EINVAL, "it is not a file");
	return TAKE_FD(fd);
}

static int compile(int fd, uint64_t caps, struct arena *a, struct plan_blob *ret, struct err *e)
{
	static _Alignas(struct sock_filter) char out[BYTES_MAX + 1]; /* with the end that spawn_run() sets */
	char mask[24], as[4], errors[ERR_MSG_MAX + ERR_HINT_MAX];
	char *argv[] = {(char[]){"croft-seccomp"}, as, mask, NULL};
	size_t length = 0;
	const struct spawn s = {.path = compiler,
				.argv = argv,
				.fd = fd,
				.fd_as = FD_AS,
				.out = out,
				.out_size = sizeof(out),
				.out_length = &length,
				.errors = errors,
				.errors_size = sizeof(errors)};
	int r;

	snprintf(as, sizeof(as), "%d", FD_AS);
	snprintf(mask, sizeof(mask), "%" PRIu64, caps);
	r = spawn_ours(&s, "reads profiles", e);
	if (r < 0)
		return r;
	return keep(out, length, a, ret, e);
}

int filter_get(const struct run_options *o, uint64_t caps, struct arena *a, struct plan_blob *ret,
	       struct err *e)
{
	fd_auto int fd = -1;

	*ret = (struct plan_blob){.count = 0};
	if (o->seccomp_fd >= 0)
		return read_program(o->seccomp_fd, a, ret, e) < 0
			       ? err_wrap(e, "option --seccomp-bpf: the program on descriptor %d",
					  o->seccomp_fd)
			       : 0;
	if (!o->seccomp || !strcmp(o->seccomp, "default") || !strcmp(o->seccomp, "unconfined"))
		return 0;
	fd = open_profile(o->seccomp, e);
	return fd < 0 || compile(fd, caps, a, ret, e) < 0
		       ? err_wrap(e, "option --seccomp: the profile %s", QUOTE(o->seccomp))
		       : 0;
}
