/*
 * ldcache.h - the file /etc/ld.so.cache: which library name is which path. Pure.
 *
 * Its two forms, as sysdeps/generic/dl-cache.h of glibc has them: the new one ("glibc-ld.so.cache1.1"), alone
 * or behind the old ("ld.so-1.7.0"), and the old one alone. The bytes are not trusted: every offset is
 * checked, every string must end inside the file.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { LDCACHE_BYTES_MAX = 64 << 20 };

struct ldcache {
	const unsigned char *entries; /* of entry_size bytes: flags, offset of the name, offset of the path */
	uint32_t count;
	uint32_t entry_size;
	const char *strings; /* what the offsets count from */
	size_t strings_size;
};

/* Finds the table in a file; bytes must stay. 0, or -EINVAL when it is no cache or not a whole one. */
int ldcache_open(const void *bytes, size_t size, struct ldcache *ret);

/*
 * The path of the next entry called name, from *pos on (0 at first), which moves behind it; NULL at the end.
 * Several have one name: other architectures, and variants for a better processor (glibc-hwcaps).
 */
const char *ldcache_next(const struct ldcache *c, const char *name, uint32_t *pos);
