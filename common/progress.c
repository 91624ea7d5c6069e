#include "common/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/err.h"
#include "common/fd.h"
#include "common/text.h"

enum {
	WIDTH_DEFAULT = 80,
	WIDTH_MIN = 20,
	WIDTH_MAX = 512,
	INTERVAL_MS = 60, /* between two updates of the line */
};

const char *progress_size(uint64_t bytes, char buf[32])
{
	static const char *const unit[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	unsigned u = 0;
	double v = (double)bytes;

	while (v >= 1024 && u + 1 < sizeof(unit) / sizeof(unit[0])) {
		v /= 1024;
		u++;
	}
	snprintf(buf, 32, u ? "%.1f %s" : "%.0f %s", v, unit[u]);
	return buf;
}

static unsigned terminal_width(void)
{
	struct winsize w;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) < 0 || w.ws_col < WIDTH_MIN)
		return WIDTH_DEFAULT;
	return w.ws_col < WIDTH_MAX ? w.ws_col : WIDTH_MAX;
}

static bool is_terminal(void)
{
	const char *term = getenv("TERM");

	return isatty(STDERR_FILENO) && term && *term && strcmp(term, "dumb") != 0;
}

void progress_start(struct progress *p, bool quiet, bool verbose, uint32_t total)
{
	*p = (struct progress){.mode = PROGRESS_SUMMARY, .width = terminal_width(), .total = total};
	if (quiet)
		p->mode = PROGRESS_QUIET;
	else if (verbose)
		p->mode = PROGRESS_FILES;
	else if (is_terminal())
		p->mode = PROGRESS_LINE;
	clock_gettime(CLOCK_MONOTONIC, &p->start);
}

static int64_t ms_between(const struct timespec *from, const struct timespec *to)
{
	return (int64_t)(to->tv_sec - from->tv_sec) * 1000 + (to->tv_nsec - from->tv_nsec) / 1000000;
}

/* A line of less than the terminal's width: one that reaches the last column could wrap. Bytes outside ASCII
 * are escaped by then. */
static void show(struct progress *p, uint64_t bytes)
{
	char line[WIDTH_MAX + 16], size[32], of[16] = "", path[600]; /* as struct quoted */
	struct timespec now;
	size_t n;
	int len;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (p->visible && ms_between(&p->shown, &now) < INTERVAL_MS)
		return;
	snprintf(path, sizeof(path), "%s", QUOTE(p->path));
	for (char *c = path; *c; c++)
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	if (p->total)
		snprintf(of, sizeof(of), "/%u", p->total);
	len = snprintf(line, sizeof(line), "\r%u%s files, %s  %s", p->files, of,
		       progress_size(p->bytes + bytes, size), path);
	n = len < 0 ? 0 : (size_t)len < p->width ? (size_t)len : p->width;
	n = n < sizeof(line) - 4 ? n : sizeof(line) - 4;
	memcpy(line + n, "\033[K", 3);
	fd_write_all(STDERR_FILENO, line, n + 3);
	p->visible = true;
	p->shown = now;
}

void progress_file(struct progress *p, const char *path)
{
	p->path = path;
	if (p->mode == PROGRESS_LINE) {
		show(p, 0);
	} else if (p->mode == PROGRESS_FILES) {
		char line[640]; /* struct quoted and a newline */
		int n = snprintf(line, sizeof(line), "%s\n", QUOTE(path));

		fd_write_all(STDERR_FILENO, line, (size_t)n);
	}
}

void progress_bytes(struct progress *p, uint64_t bytes)
{
	if (p->mode == PROGRESS_LINE)
		show(p, bytes);
}

void progress_done(struct progress *p, uint64_t bytes)
{
	p->files++;
	p->bytes += bytes;
}

void progress_clear(struct progress *p)
{
	if (p->visible)
		fd_write_all(STDERR_FILENO, "\r\033[K", 4);
	p->visible = false;
}

void progress_summary(struct progress *p, const char *program, const char *dir)
{
	struct timespec now;
	char size[32];
	int64_t ms;

	progress_clear(p);
	if (p->mode == PROGRESS_QUIET)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	ms = ms_between(&p->start, &now);
	note_print(program, "%s: %u files, %s in %u.%u s", QUOTE(dir), p->files,
		   progress_size(p->bytes, size), (unsigned)(ms / 1000), (unsigned)(ms % 1000 / 100));
}
