#include "common/log.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/text.h"

enum { LOG_FACILITY_AUTH = 4 << 3, LOG_TEXT_MAX = 900, LOG_HEAD_MAX = 80, STEP_MS = 10 };

/* The length of what s begins with and may stand in the log as it is, or 0. */
static size_t plain_len(const unsigned char *s)
{
	return *s >= 0x20 && *s < 0x7f ? 1 : utf8_len(s);
}

/* A backslash stays: most of the text went through QUOTE() already. Returns the length, below size. */
static size_t escape(const char *text, char *out, size_t size)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t used = 0;

	while (*s && size - used > 4) {
		size_t n = plain_len(s);

		if (n) {
			memcpy(out + used, s, n);
			s += n;
			used += n;
		} else {
			used += (size_t)snprintf(out + used, size - used, "\\x%02x", *s++);
		}
	}
	return used;
}

/*
 * Without the time: the daemon knows it better, and a time zone would be read from the environment or from
 * a file. RFC 3164 4.3.2 has the daemon add it.
 */
static int send_line(const char *line, size_t n)
{
	static const struct sockaddr_un to = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};
	fd_auto int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	for (int ms = 0;; ms += STEP_MS) {
		if (sendto(fd, line, n, MSG_NOSIGNAL | MSG_DONTWAIT, (const struct sockaddr *)&to,
			   sizeof(to)) >= 0)
			return 0;
		/* Its queue is full: it reads, or does not. */
		if (errno != EAGAIN || ms >= LOG_MS)
			return -errno;
		poll(NULL, 0, STEP_MS);
	}
}

int log_auth(enum log_priority prio, const char *program, const char *fmt, ...)
{
	char text[LOG_TEXT_MAX + 1], line[LOG_HEAD_MAX + LOG_TEXT_MAX];
	int saved = errno, n, r = -EINVAL;
	va_list ap;

	n = snprintf(line, LOG_HEAD_MAX, "<%d>%s[%d]: ", LOG_FACILITY_AUTH | (int)prio, program, getpid());
	if (n > 0 && n < LOG_HEAD_MAX) {
		va_start(ap, fmt);
		vsnprintf(text, sizeof(text), fmt, ap);
		va_end(ap);
		r = send_line(line, (size_t)n + escape(text, line + n, LOG_TEXT_MAX));
	}
	errno = saved;
	return r;
}
