#include "frontend/rootbuild/dst.h"

#include <errno.h>
#include <string.h>

#include "common/text.h"

static bool in_identifier(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* The length of the token called name at the '$' of s[0..n), or 0. */
static size_t token(const char *s, size_t n, const char *name)
{
	size_t len = strlen(name);

	if (n >= len + 3 && s[1] == '{' && !memcmp(s + 2, name, len) && s[len + 2] == '}')
		return len + 3;
	if (n < len + 1 || memcmp(s + 1, name, len) != 0)
		return 0;
	/* $LIBRARY is not $LIB: is_dst() of glibc takes a name that ends where an identifier does. */
	if (n > len + 1 && in_identifier(s[len + 1]))
		return 0;
	return len + 1;
}

int dst_expand(const char *text, size_t n, const struct dst *d, char *buf, size_t size, bool *ret_lib)
{
	const struct {
		const char *name, *value;
	} known[] = {{"ORIGIN", d->origin}, {"LIB", d->lib}, {"PLATFORM", d->platform}};
	size_t used = 0;
	bool lib = false;

	for (size_t i = 0; i < n;) {
		const char *piece = text + i;
		size_t len = 1, step = 1;

		for (size_t k = 0; text[i] == '$' && k < sizeof(known) / sizeof(known[0]); k++) {
			size_t t = token(text + i, n - i, known[k].name);

			if (!t)
				continue;
			step = t;
			piece = known[k].value;
			len = strlen(piece);
			lib = lib || k == 1;
		}
		if (len >= size - used)
			return -ENAMETOOLONG;
		memcpy(buf + used, piece, len);
		used += len;
		i += step;
	}
	buf[used] = '\0';
	if (ret_lib)
		*ret_lib = lib;
	return 0;
}
