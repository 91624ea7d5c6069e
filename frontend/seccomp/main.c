/*
 * croft-seccomp FD CAPABILITIES: compiles the seccomp profile (JSON) that is read from descriptor FD, for a
 * command that may hold these capabilities (a mask, decimal), and prints the program: struct sock_filter[] in
 * host order. A program of its own, so that croft itself links no library. Exit status: 0, else 1.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "common/err.h"
#include "common/fd.h"
#include "common/text.h"
#include "frontend/seccomp/profile.h"

static const char program[] = "croft-seccomp";

static int read_host(const char *caps, struct profile_host *ret, struct err *e)
{
	struct utsname u;

	if (text_u64(caps, &ret->caps) < 0)
		return err_set(e, EINVAL, "the capabilities %s are not a number", QUOTE(caps));
	if (uname(&u) < 0 || sscanf(u.release, "%u.%u", &ret->major, &ret->minor) != 2)
		return err_set(e, EINVAL, "the kernel does not say its version");
	return 0;
}

static int compile(const char *fd_word, const char *caps, struct err *e)
{
	static char text[PROFILE_BYTES_MAX];
	static struct sock_filter code[PROFILE_CODE_MAX];
	struct profile_host host;
	uint32_t fd, count;
	ssize_t n;
	int r;

	if (text_u32(fd_word, &fd) < 0 || fd > INT32_MAX)
		return err_set(e, EINVAL, "%s is not a descriptor number", QUOTE(fd_word));
	if (read_host(caps, &host, e) < 0)
		return -e->code;
	n = fd_read_all((int)fd, text, sizeof(text));
	if (n == -EFBIG)
		return err_set(e, EFBIG, "it is longer than %d bytes", PROFILE_BYTES_MAX);
	if (n < 0)
		return err_set(e, (int)-n, "read it: %s", strerror((int)-n));
	if (profile_compile(text, (size_t)n, &host, code, &count, e) < 0)
		return -e->code;
	r = fd_write_all(STDOUT_FILENO, code, count * sizeof(code[0]));
	return r < 0 ? err_set(e, -r, "write the program: %s", strerror(-r)) : 0;
}

int main(int argc, char *argv[])
{
	struct err e = {.code = 0};

	if (argc != 3)
		err_set(&e, EINVAL, "usage: croft-seccomp FD CAPABILITIES");
	else if (compile(argv[1], argv[2], &e) == 0)
		return 0;
	err_print(&e, program);
	return 1;
}
