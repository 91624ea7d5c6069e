#include "sandbox/plain.h"

#include <errno.h>
#include <linux/openat2.h>
#include <string.h>
#include <strings.h>

#include "common/fd.h"

int plain_open(int dirfd, const char *path, uint64_t flags, uint64_t scope, bool *ret_plain)
{
	int fd = fd_openat2(dirfd, path, flags, 0, scope | RESOLVE_NO_SYMLINKS);

	*ret_plain = fd >= 0;
	return fd < 0 && errno == ELOOP ? fd_openat2(dirfd, path, flags, 0, scope | RESOLVE_NO_MAGICLINKS)
					: fd;
}

bool plain_apart(const char *path, const char *place)
{
	for (const char *p = path; *p; p++)
		if ((unsigned char)*p > 0x7f)
			return false;
	return strncasecmp(path, place, strlen(place)) != 0;
}
