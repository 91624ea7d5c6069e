#include "frontend/rootbuild/ldcache.h"

#include <errno.h>
#include <string.h>

static const char old_magic[] = "ld.so-1.7.0";
static const char new_magic[] = "glibc-ld.so.cache1.1";

enum {
	OLD_HEADER = 16, /* magic (12), nlibs */
	OLD_ENTRY = 12,  /* flags, key, value */
	NEW_HEADER = 48, /* magic (20), nlibs, len_strings, flags, extensions, unused */
	NEW_ENTRY = 24,  /* flags, key, value, osversion, hwcap (8) */
};

/* The cache is of this machine's byte order: ldconfig(8) writes it for itself. */
static uint32_t u32_at(const unsigned char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static int open_new(const unsigned char *p, size_t size, struct ldcache *ret)
{
	uint32_t count;

	if (size < NEW_HEADER || memcmp(p, new_magic, sizeof(new_magic) - 1) != 0)
		return -EINVAL;
	count = u32_at(p + 20);
	if (count > (size - NEW_HEADER) / NEW_ENTRY)
		return -EINVAL;
	*ret = (struct ldcache){p + NEW_HEADER, count, NEW_ENTRY, (const char *)p, size};
	return 0;
}

int ldcache_open(const void *bytes, size_t size, struct ldcache *ret)
{
	const unsigned char *p = bytes;
	uint32_t count;
	size_t end;

	if (open_new(p, size, ret) == 0)
		return 0;
	if (size < OLD_HEADER || memcmp(p, old_magic, sizeof(old_magic) - 1) != 0)
		return -EINVAL;
	count = u32_at(p + 12);
	if (count > (size - OLD_HEADER) / OLD_ENTRY)
		return -EINVAL;
	end = OLD_HEADER + (size_t)count * OLD_ENTRY;
	/* The new table lies at the next multiple of its alignment, which is 4 or 8 by architecture. */
	for (size_t at = end; at <= end + 4 && at < size; at += 4)
		if (open_new(p + at, size - at, ret) == 0)
			return 0;
	*ret = (struct ldcache){p + OLD_HEADER, count, OLD_ENTRY, (const char *)p + end, size - end};
	return 0;
}

/* The string at an offset, or NULL when it does not lie, or end, inside the file. */
static const char *string_at(const struct ldcache *c, uint32_t offset)
{
	if (offset >= c->strings_size || !memchr(c->strings + offset, '\0', c->strings_size - offset))
		return NULL;
	return c->strings + offset;
}

const char *ldcache_next(const struct ldcache *c, const char *name, uint32_t *pos)
{
	while (*pos < c->count) {
		const unsigned char *entry = c->entries + (size_t)*pos * c->entry_size;
		const char *key = string_at(c, u32_at(entry + 4));
		const char *path = string_at(c, u32_at(entry + 8));

		(*pos)++;
		if (key && path && path[0] == '/' && !strcmp(key, name))
			return path;
	}
	return NULL;
}
