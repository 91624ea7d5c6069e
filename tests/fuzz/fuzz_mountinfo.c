/*
 * The input is a line of mountinfo, then a mount point. What is read of the line lies in it, and the mount
 * point, written into a line as the kernel writes it, is read back.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "vet/mountinfo.h"

enum { BYTES_MAX = 8192 };

static void must_lie_in(const char *s, const char *line, size_t n)
{
	MUST(s >= line && s <= line + n && s + strlen(s) <= line + n);
}

static void look_at_line(char *line)
{
	size_t n = strlen(line);
	struct mountinfo m;
	int r = mountinfo_parse(line, &m);

	MUST(r == 0 || r == -EBADMSG);
	if (r != 0)
		return;
	MUST(m.point[0] == '/');
	must_lie_in(m.point, line, n);
	must_lie_in(m.type, line, n);
	must_lie_in(m.options, line, n);
	MUST(m.point < m.type && m.type <= m.options);
	MUST(!strchr(m.type, ' '));
}

/* As seq_path() of the kernel: blank, tab, newline and backslash are escaped. */
static void write_point(const char *point, char *to)
{
	for (; *point; point++) {
		if (strchr(" \t\n\\", *point))
			to += sprintf(to, "\\%03o", (unsigned)(unsigned char)*point);
		else
			*to++ = *point;
	}
	*to = '\0';
}

static void look_at_point(const char *point)
{
	static char escaped[4 * BYTES_MAX + 1], line[5 * BYTES_MAX];
	struct mountinfo m;

	write_point(point, escaped);
	snprintf(line, sizeof(line), "36 35 98:0 /a /%s rw,noatime master:1 - ext3 /dev/r rw,errors=continue",
		 escaped);
	MUST(mountinfo_parse(line, &m) == 0);
	MUST(!strcmp(m.point + 1, point) && !strcmp(m.type, "ext3"));
	MUST(!strcmp(m.options, "/dev/r rw,errors=continue"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *line, *point;

	if (size > BYTES_MAX)
		return 0;
	line = fuzz_line(&data, &size);
	if (!line)
		return 0;
	point = fuzz_copy(data, size);
	look_at_line(line);
	look_at_point(point);
	free(line);
	free(point);
	return 0;
}
