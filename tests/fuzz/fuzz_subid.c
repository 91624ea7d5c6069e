/*
 * The input is /etc/subuid. What alice (uid 1000) has in it is what a second reader finds; the same comes
 * from a file; the lines of everybody hold hers.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/subid.h"
#include "tests/fuzz/fuzz.h"

enum { BYTES_MAX = 1 << 15, MAX = 8 };

static const char name[] = "alice";
static const uint32_t uid = 1000;

/* ---- a second reader, of terminated lines ------------------------------------------------ */

static bool number(const char *s, uint64_t *ret)
{
	char *end;

	if (*s < '0' || *s > '9' || (*s == '0' && s[1]) || strlen(s) > 10)
		return false;
	*ret = strtoull(s, &end, 10);
	return !*end && *ret <= UINT32_MAX;
}

static bool is_hers(const char *owner)
{
	return !strcmp(owner, name) || !strcmp(owner, "1000");
}

/* 1: a range of hers; 0: a line of somebody else; -1: a malformed one of hers. */
static int read_line(char *line, size_t n, struct id_range *ret)
{
	char *start, *count;
	uint64_t s, c;

	if (n == 0 || line[0] == '#')
		return 0;
	start = strchr(line, ':');
	if (!start)
		return strlen(line) == n && is_hers(line) ? -1 : 0;
	*start++ = '\0';
	if (!is_hers(line))
		return 0;
	if (strlen(line) + 1 + strlen(start) != n)
		return -1;
	count = strchr(start, ':');
	if (!count)
		return -1;
	*count++ = '\0';
	if (!number(start, &s) || !number(count, &c) || c == 0 || s + c > UINT32_MAX)
		return -1;
	*ret = (struct id_range){.start = (uint32_t)s, .count = (uint32_t)c};
	return 1;
}

/* The number of ranges, or -1. */
static int read_again(const uint8_t *data, size_t size, struct id_range *ret)
{
	int n = 0;

	while (size > 0) {
		const uint8_t *nl = memchr(data, '\n', size);
		size_t len = nl ? (size_t)(nl - data) : size;
		char *line = fuzz_line(&data, &size);
		struct id_range r;
		int said = read_line(line, len, &r);

		free(line);
		if (said < 0 || (said && n == MAX))
			return -1;
		if (said)
			ret[n++] = r;
	}
	return n;
}

/* ---- the same from a file ------------------------------------------------------------------ */

static int see(void *ctx, const char *owner, size_t len, const struct id_range *r)
{
	size_t *lines = ctx;

	MUST(id_range_valid(r->start, r->count));
	MUST(!memchr(owner, ':', len) && !memchr(owner, '\n', len));
	++*lines;
	return 0;
}

static int in_file(const uint8_t *data, size_t size, char *path, size_t path_size)
{
	int fd = memfd_create("subid", MFD_CLOEXEC);

	MUST(fd >= 0 && fd_write_all(fd, data, size) == 0 && lseek(fd, 0, SEEK_SET) == 0);
	snprintf(path, path_size, "/proc/self/fd/%d", fd);
	return fd;
}

/* A file of somebody else than root is never believed; memfds have mode 0777, which is not either. */
static void from_file(const uint8_t *data, size_t size, const struct id_range *want, int n)
{
	struct id_range got[MAX];
	size_t lines = 0;
	char path[64];
	struct err e = {0};
	fd_auto int fd = in_file(data, size, path, sizeof(path));
	int r = subid_read(path, name, uid, got, MAX, &e);

	MUST(r == -EPERM);
	fuzz_refused(r, &e);
	if (geteuid() != 0)
		return;
	MUST(fchmod(fd, 0644) == 0);
	r = subid_read(path, name, uid, got, MAX, &e);
	MUST(n < 0 ? r < 0 : r == n);
	MUST(n <= 0 || !memcmp(got, want, (size_t)n * sizeof(*want)));
	MUST(subid_each(path, see, &lines, &e) == 0);
	MUST(n < 0 || lines >= (size_t)n);
	r = subid_other_source(path, &e);
	MUST(r == 0 || r == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct id_range want[MAX], got[MAX];
	struct err e = {0};
	int n, r;

	if (size > BYTES_MAX)
		return 0;
	n = read_again(data, size, want);
	r = subid_parse((const char *)data, size, "f", name, uid, got, MAX, &e);
	if (n < 0)
		fuzz_refused(r, &e);
	else
		MUST(r == n && (!n || !memcmp(got, want, (size_t)n * sizeof(*want))));
	from_file(data, size, want, n);
	return 0;
}
