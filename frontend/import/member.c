#include "frontend/import/member.h"

#include <errno.h>
#include <string.h>

#include "common/text.h"

int member_path(const char *what, const char *name, char ret[MEMBER_MAX], struct err *e)
{
	char path[MEMBER_MAX];
	const char *p = name, *part;
	size_t n, used = 0;

	if (!name || !name[0])
		return err_set(e, EINVAL, "%s: it has no name", what);
	while ((part = path_next(&p, &n))) {
		if (text_is(part, n, ".."))
			return err_set(e, EINVAL, "%s %s: a name with '..' leads out of the root", what,
				       QUOTE(name));
		if (text_is(part, n, "."))
			continue;
		if (n + 2 > sizeof(path) - used)
			return err_set(e, ENAMETOOLONG, "%s %s: the name is longer than %d bytes", what,
				       QUOTE(name), MEMBER_MAX - 1);
		if (used)
			path[used++] = '/';
		memcpy(path + used, part, n);
		used += n;
	}
	if (!used)
		path[used++] = '.';
	memcpy(ret, path, used);
	ret[used] = '\0';
	return 0;
}
