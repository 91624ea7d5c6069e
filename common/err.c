#include "common/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int err_set(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;

	e->code = code > 0 ? code : EINVAL;
	e->status = 0;
	e->hint[0] = '\0';
	va_start(ap, fmt);
	vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
	va_end(ap);
	return -e->code;
}

int err_sys(struct err *e, const char *fmt, ...)
{
	int code = errno;
	va_list ap;
	size_t n;

	e->code = code > 0 ? code : EINVAL;
	e->status = 0;
	e->hint[0] = '\0';
	va_start(ap, fmt);
	vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
	va_end(ap);
	n = strlen(e->msg);
	snprintf(e->msg + n, sizeof(e->msg) - n, ": %s", strerror(e->code));
	return -e->code;
}

/* What is called a failure is one, though nobody has said a sentence: never 0. */
static int failure(struct err *e)
{
	if (e->code <= 0)
		e->code = EINVAL;
	return -e->code;
}

int err_wrap(struct err *e, const char *fmt, ...)
{
	char old[ERR_MSG_MAX];
	va_list ap;
	size_t n;

	memcpy(old, e->msg, sizeof(old));
	old[sizeof(old) - 1] = '\0';
	va_start(ap, fmt);
	vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
	va_end(ap);
	n = strlen(e->msg);
	snprintf(e->msg + n, sizeof(e->msg) - n, ": %s", old);
	return failure(e);
}

int err_hint(struct err *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(e->hint, sizeof(e->hint), fmt, ap);
	va_end(ap);
	return failure(e);
}

int err_status(struct err *e, int status)
{
	e->status = status;
	return failure(e);
}

int err_exit_status(const struct err *e)
{
	return e->status ? e->status : EXIT_CROFT;
}

static void write_stderr(const char *buf, int n, size_t size)
{
	ssize_t r;

	if (n < 0)
		return;
	do
		r = write(STDERR_FILENO, buf, (size_t)n < size ? (size_t)n : size - 1);
	while (r < 0 && errno == EINTR);
}

void err_print(const struct err *e, const char *program)
{
	char buf[ERR_MSG_MAX + ERR_HINT_MAX + 64];
	int n;

	if (e->hint[0])
		n = snprintf(buf, sizeof(buf), "%s: %s\n%s: hint: %s\n", program, e->msg, program, e->hint);
	else
		n = snprintf(buf, sizeof(buf), "%s: %s\n", program, e->msg);
	write_stderr(buf, n, sizeof(buf));
}

void note_print(const char *program, const char *fmt, ...)
{
	char buf[ERR_MSG_MAX + 64];
	int saved = errno;
	va_list ap;
	int n, m;

	n = snprintf(buf, sizeof(buf), "%s: ", program);
	va_start(ap, fmt);
	m = vsnprintf(buf + n, sizeof(buf) - (size_t)n - 1, fmt, ap);
	va_end(ap);
	if (m > (int)sizeof(buf) - n - 2)
		m = (int)sizeof(buf) - n - 2;
	if (m >= 0) {
		buf[n + m] = '\n';
		write_stderr(buf, n + m + 1, sizeof(buf));
	}
	errno = saved;
}
