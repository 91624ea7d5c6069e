/*
 * profile.h - a seccomp profile as container engines write them, compiled. Not pure: libseccomp, json-c.
 *
 * What is read: the object "linux.seccomp" of the OCI runtime specification, and the profiles of docker and
 * podman, which add archMap, includes, excludes, name, comment, errno and defaultErrno to it. A member, word
 * or kind of value that none of them has is a mistake; the name of a system call that libseccomp does not
 * know is passed over, as they do.
 */
#pragma once

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

enum {
	PROFILE_BYTES_MAX = 1 << 20,
	PROFILE_RULES_MAX = 16384, /* names, over all entries */
	PROFILE_CODE_MAX = BPF_MAXINSNS,
};

/* What includes and excludes are about. */
struct profile_host {
	uint64_t caps;         /* CAP_BIT()s that the command may hold */
	uint32_t major, minor; /* of the kernel */
};

/* 0 with the program, or -errno with *e; a mistake in the text is -EINVAL, with its place. */
int profile_compile(const char *text, size_t size, const struct profile_host *h,
		    struct sock_filter ret[PROFILE_CODE_MAX], uint32_t *ret_count, struct err *e);
