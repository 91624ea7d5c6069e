#include "frontend/out.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/fd.h"
#include "frontend/json.h"

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

void out_text(const char *text)
{
	put(text, strlen(text));
}

void out_json_string(const char *text)
{
	char piece[JSON_PIECE_MAX];
	size_t n;

	put("\"", 1);
	while ((n = json_piece(&text, piece)))
		put(piece, n);
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
