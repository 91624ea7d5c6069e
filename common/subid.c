#include "common/subid.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/text.h"

enum {
	LINE_BYTES_MAX = 8192, /* longer lines belong to nobody, or are malformed */
	FILE_BYTES_MAX = 64 << 20,
};

/* One line without its newline; cut: it is longer than LINE_BYTES_MAX and this is only its beginning. */
typedef int line_fn(void *to, const char *line, size_t n, bool cut, struct err *e);

/* Whose ranges are looked for, and what was found of them. */
struct search {
	const char *file;
	const char *name; /* or NULL */
	uint32_t uid;
	struct id_range *range;
	size_t n;
	size_t max;
	unsigned line;
};

static bool is_mine(const struct search *s, const char *owner, size_t n)
{
	uint32_t uid;

	if (s->name && text_is(owner, n, s->name))
		return true;
	return text_u32n(owner, n, &uid) == 0 && uid == s->uid;
}

static int malformed(const struct search *s, const char *why, struct err *e)
{
	err_set(e, EINVAL, "%s:%u: %s", QUOTE(s->file), s->line, why);
	return err_hint(e, "a line is NAME:START:COUNT, decimal numbers; see subuid(5)");
}

/* numbers is what stands behind the owner's colon. */
static int parse_range(const struct search *s, const char *numbers, size_t n, struct id_range *ret,
		       struct err *e)
{
	const char *colon = memchr(numbers, ':', n);
	uint32_t start, count;

	if (!colon)
		return malformed(s, "the count is missing", e);
	if (text_u32n(numbers, (size_t)(colon - numbers), &start) < 0)
		return malformed(s, "the first id is not a number below 4294967295", e);
	if (text_u32n(colon + 1, n - (size_t)(colon - numbers) - 1, &count) < 0)
		return malformed(s, "the count is not a number below 4294967295", e);
	if (!id_range_valid(start, count))
		return malformed(s, "the range is empty or ends above 4294967294", e);
	*ret = (struct id_range){.start = start, .count = count};
	return 0;
}

static int search_line(void *to, const char *line, size_t n, bool cut, struct err *e)
{
	struct search *s = to;
	const char *colon = memchr(line, ':', n);
	size_t owner = colon ? (size_t)(colon - line) : n;
	struct id_range found;
	int r;

	s->line++;
	if (n == 0 || line[0] == '#' || !is_mine(s, line, owner))
		return 0;
	if (!colon || cut)
		return malformed(s, cut ? "the line is too long" : "the first id is missing", e);
	r = parse_range(s, colon + 1, n - owner - 1, &found, e);
	if (r < 0)
		return r;
	if (s->n == s->max)
		return err_set(e, E2BIG, "%s:%u: more than %zu ranges for one user", QUOTE(s->file), s->line,
			       s->max);
	s->range[s->n++] = found;
	return 0;
}

/* Gives the complete lines of text to fn and sets *ret_used to their length; last: no more text follows. */
static int each_line(const char *text, size_t size, bool last, line_fn *fn, void *to, size_t *ret_used,
		     struct err *e)
{
	size_t used = 0;

	while (used < size) {
		const char *nl = memchr(text + used, '\n', size - used);
		size_t n = (nl ? (size_t)(nl - text) : size) - used;
		int r;

		if (!nl && !last)
			break;
		r = fn(to, text + used, n, false, e);
		if (r < 0)
			return r;
		used += n + (nl != NULL);
	}
	*ret_used = used;
	return 0;
}

/* Drops the beginning of text up to and with the newline that ends a line reported already. */
static size_t skip_line(const char *text, size_t size, bool *skipping)
{
	const char *nl = memchr(text, '\n', size);

	*skipping = !nl;
	return nl ? (size_t)(nl - text) + 1 : size;
}

static ssize_t read_some(int fd, char *buf, size_t size)
{
	ssize_t n;

	do
		n = read(fd, buf, size);
	while (n < 0 && errno == EINTR);
	return n;
}

static int stream_lines(int fd, const char *file, line_fn *fn, void *to, struct err *e)
{
	char buf[LINE_BYTES_MAX];
	size_t have = 0, total = 0;
	bool skipping = false;

	for (;;) {
		ssize_t got = read_some(fd, buf + have, sizeof(buf) - have);
		size_t used = 0;
		int r;

		if (got < 0)
			return err_sys(e, "read %s", QUOTE(file));
		total += (size_t)got;
		if (total > FILE_BYTES_MAX)
			return err_set(e, EFBIG, "%s is larger than %d bytes", QUOTE(file), FILE_BYTES_MAX);
		have += (size_t)got;
		if (skipping)
			used = skip_line(buf, have, &skipping);
		else if ((r = each_line(buf, have, got == 0, fn, to, &used, e)) < 0)
			return r;
		if (got == 0)
			return 0;
		if (used == 0 && have == sizeof(buf)) {
			r = fn(to, buf, have, true, e);
			if (r < 0)
				return r;
			skipping = true;
			used = have;
		}
		memmove(buf, buf + used, have - used);
		have -= used;
	}
}

/* What decides who may use which id must be root's own file. */
static int check_file(int fd, const char *file, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(e, "look at %s", QUOTE(file));
	if (!S_ISREG(st.st_mode))
		return err_set(e, EINVAL, "%s is not a regular file", QUOTE(file));
	if (st.st_uid != 0) {
		err_set(e, EPERM, "%s belongs to uid %u, not to root", QUOTE(file), st.st_uid);
		return err_hint(e, "chown root %s", QUOTE(file));
	}
	if (st.st_mode & (S_IWGRP | S_IWOTH)) {
		err_set(e, EPERM, "%s may be written by others than root", QUOTE(file));
		return err_hint(e, "chmod go-w %s", QUOTE(file));
	}
	return 0;
}

/* 0 too when there is no such file. */
static int read_lines(const char *file, line_fn *fn, void *to, struct err *e)
{
	/* O_NONBLOCK: a FIFO in the file's place must not hold us for ever. */
	fd_auto int fd = open(file, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	int r;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return err_sys(e, "open %s", QUOTE(file));
	r = check_file(fd, file, e);
	return r < 0 ? r : stream_lines(fd, file, fn, to, e);
}

int subid_parse(const char *text, size_t size, const char *file, const char *name, uint32_t uid,
		struct id_range *ret, size_t max, struct err *e)
{
	struct search s = {.file = file, .name = name, .uid = uid, .range = ret, .max = max};
	size_t used;
	int r = each_line(text, size, true, search_line, &s, &used, e);

	return r < 0 ? r : (int)s.n;
}

int subid_read(const char *file, const char *name, uint32_t uid, struct id_range *ret, size_t max,
	       struct err *e)
{
	struct search s = {.file = file, .name = name, .uid = uid, .range = ret, .max = max};
	int r = read_lines(file, search_line, &s, e);

	return r < 0 ? r : (int)s.n;
}

struct show {
	subid_line_fn *fn;
	void *ctx;
};

static int show_line(void *to, const char *line, size_t n, bool cut, struct err *e)
{
	const struct search nobody = {.file = ""};
	const struct show *show = to;
	const char *colon = memchr(line, ':', n);
	size_t owner = colon ? (size_t)(colon - line) : n;
	struct id_range r;
	struct err passed_over;

	(void)e;
	if (!colon || cut || line[0] == '#' ||
	    parse_range(&nobody, colon + 1, n - owner - 1, &r, &passed_over))
		return 0;
	return show->fn(show->ctx, line, owner, &r);
}

int subid_each(const char *file, subid_line_fn *fn, void *ctx, struct err *e)
{
	struct show show = {.fn = fn, .ctx = ctx};

	return read_lines(file, show_line, &show, e);
}

static size_t skip_blanks(const char *s, size_t n, size_t at)
{
	while (at < n && (s[at] == ' ' || s[at] == '\t' || s[at] == '\r'))
		at++;
	return at;
}

static size_t skip_word(const char *s, size_t n, size_t at)
{
	while (at < n && s[at] != ' ' && s[at] != '\t' && s[at] != '\r' && s[at] != '#')
		at++;
	return at;
}

struct source {
	bool other;
	char name[SUBID_SOURCE_MAX]; /* of the first word that is not "files" */
};

static void take_source(struct source *s, const char *word, size_t n)
{
	if (!s->other && n < sizeof(s->name)) {
		memcpy(s->name, word, n);
		s->name[n] = '\0';
	}
	s->other = true;
}

/* Notices the words of a "subid:" line that are not "files". */
static int source_line(void *to, const char *line, size_t n, bool cut, struct err *e)
{
	static const char key[] = "subid:";
	const size_t klen = sizeof(key) - 1;
	size_t at = skip_blanks(line, n, 0);
	struct source *s = to;

	(void)e;
	if (n - at < klen || strncasecmp(line + at, key, klen) != 0)
		return 0;
	if (cut)
		s->other = true;
	for (at = skip_blanks(line, n, at + klen); at < n && line[at] != '#';) {
		size_t end = skip_word(line, n, at);

		if (!text_is(line + at, end - at, "files"))
			take_source(s, line + at, end - at);
		at = skip_blanks(line, n, end);
	}
	return 0;
}

int subid_source(const char *nsswitch, char ret_name[SUBID_SOURCE_MAX], struct err *e)
{
	struct source s = {.other = false};
	int r = read_lines(nsswitch, source_line, &s, e);

	if (r < 0)
		return r;
	memcpy(ret_name, s.name, sizeof(s.name));
	return s.other;
}

int subid_other_source(const char *nsswitch, struct err *e)
{
	char name[SUBID_SOURCE_MAX];

	return subid_source(nsswitch, name, e);
}
