#include "frontend/csv.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

int csv_field(const char **p, struct arena *a, const char **ret, struct err *e)
{
	const char *s = *p;
	bool quoted = *s == '"';
	size_t n = 0;
	char *out;

	if (!*s)
		return 0;
	out = arena_alloc(a, strlen(s) + 1);
	if (!out)
		return err_set(e, E2BIG, "the command line is too long");
	for (s += quoted; *s; s++) {
		if (quoted && *s == '"') {
			if (s[1] != '"') {
				quoted = false;
				continue;
			}
			s++;
		} else if (!quoted && *s == ',') {
			break;
		}
		out[n++] = *s;
	}
	if (quoted)
		return err_set(e, EINVAL, "a quote is not closed");
	*p = *s ? s + 1 : s;
	*ret = out;
	return 1;
}

size_t csv_put(char *buf, const char *field)
{
	const bool quoted = field[0] == '"' || strchr(field, ',');
	char *at = buf;

	if (quoted)
		*at++ = '"';
	for (; *field; field++) {
		if (quoted && *field == '"')
			*at++ = '"';
		*at++ = *field;
	}
	if (quoted)
		*at++ = '"';
	*at = '\0';
	return (size_t)(at - buf);
}
