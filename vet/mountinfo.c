#include "vet/mountinfo.h"

#include <errno.h>
#include <string.h>

/* One blank-separated word of a line; octal escapes (proc(5): blank, tab, newline, backslash) stay. */
static char *word(char **at)
{
	char *w = *at;

	*at += strcspn(w, " ");
	if (**at)
		*(*at)++ = '\0';
	return w;
}

static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (s[0] == '\\' && strspn(s + 1, "01234567") >= 3) {
			*to++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 3;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

/* id parent major:minor root mount-point options [optional...] - type source options */
int mountinfo_parse(char *line, struct mountinfo *ret)
{
	char *at = line;

	for (int i = 0; i < 4; i++)
		word(&at);
	ret->point = word(&at);
	at = strstr(at, " - ");
	if (!at || ret->point[0] != '/')
		return -EBADMSG;
	at += strlen(" - ");
	ret->type = word(&at);
	ret->options = at;
	unescape(ret->point);
	return 0;
}
