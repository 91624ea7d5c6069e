#include "frontend/out.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/fd.h"

static char buffer[16384];
static size_t used;
static int failed; /* the first -errno */

static void drain(void)
{
	int r = fd_write_all(STDOUT_FILENO, buffer, used);

	if (r < 0 && !failed)
		failed = r;
	used = 0;
}

static void put(const char *s, size_t n)
{
	while (n) {
		size_t room = sizeof(buffer) - used;
		size_t k = n < room ? n : room;

		memcpy(buffer + used, s, k);
		used += k;
		s += k;
		n -= k;
		if (used == sizeof(buffer))
			drain();
	}
}

void out(const char *fmt, ...)
{
	char line[8192];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(line)) {
		if (!failed)
			failed = -EOVERFLOW;
		return;
	}
	put(line, (size_t)n);
}

/* The length of the well-formed UTF-8 sequence at s, 0 when it is not one. */
static size_t utf8_unit(const unsigned char *s)
{
	size_t n = s[0] < 0x80 ? 1 : s[0] >= 0xc2 && s[0] <= 0xdf ? 2 : (s[0] & 0xf0) == 0xe0 ? 3 : s[0] >= 0xf0 && s[0] <= 0xf4 ? 4 : 0;

	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] >= 0xa0))
		return 0;
	if ((s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] >= 0x90))
		return 0;
	return n;
}

void out_json_string(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	char esc[8];

	put("\"", 1);
	while (*s) {
		size_t n = utf8_unit(s);

		if (n == 0) {
			put("\\ufffd", 6);
			n = 1;
		} else if (*s == '"' || *s == '\\') {
			esc[0] = '\\';
			esc[1] = (char)*s;
			put(esc, 2);
		} else if (*s < 0x20 || *s == 0x7f) {
			snprintf(esc, sizeof(esc), "\\u%04x", *s);
			put(esc, 6);
		} else {
			put((const char *)s, n);
		}
		s += n;
	}
	put("\"", 1);
}

int out_flush(struct err *e)
{
	drain();
	if (!failed)
		return 0;
	errno = -failed;
	return err_sys(e, "write standard output");
}
