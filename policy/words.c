#include "policy/words.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"

static const char bom[] = "\xef\xbb\xbf";

struct scan {
	const struct lines *l;
	const char *s; /* the line, not terminated */
	size_t n;
	size_t at;
	size_t used; /* of words.text */
	struct words *w;
	struct err *e;
};

int lines_error(const struct lines *l, uint32_t column, struct err *e, const char *fmt, ...)
{
	char what[ERR_MSG_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return err_set(e, EINVAL, "%s:%u:%u: %s", QUOTE(l->file), l->line, column, what);
}

static uint32_t column(const struct scan *s)
{
	return (uint32_t)s->at + 1;
}

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

static int bad_byte(const struct scan *s, unsigned char c)
{
	if (c == '\0')
		return lines_error(s->l, column(s), s->e, "a NUL byte: expected text");
	if (c == '\r')
		return lines_error(
			s->l, column(s), s->e,
			"a carriage return: expected lines that end in a newline alone (not CRLF)");
	return lines_error(s->l, column(s), s->e, "a control character (\\x%02x): expected text", c);
}

static int check_bytes(struct scan *s)
{
	if (s->l->line == 1 && s->n >= 3 && !memcmp(s->s, bom, 3))
		return lines_error(s->l, 1, s->e, "a byte order mark: expected plain UTF-8 without one");
	for (s->at = 0; s->at < s->n; s->at++) {
		unsigned char c = (unsigned char)s->s[s->at];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return bad_byte(s, c);
	}
	s->at = 0;
	return 0;
}

static void put(struct scan *s, char c)
{
	s->w->text[s->used++] = c;
}

static int unescape(struct scan *s)
{
	char c = s->at + 1 < s->n ? s->s[s->at + 1] : '\0';

	if (c != '"' && c != '\\' && c != 'n')
		return lines_error(s->l, column(s), s->e, "expected \\\", \\\\ or \\n behind a backslash");
	put(s, c == 'n' ? '\n' : c);
	s->at += 2;
	return 0;
}

static int quoted_word(struct scan *s)
{
	uint32_t start = column(s);
	int r;

	for (s->at++; s->at < s->n && s->s[s->at] != '"';) {
		if (s->s[s->at] != '\\') {
			put(s, s->s[s->at++]);
			continue;
		}
		r = unescape(s);
		if (r < 0)
			return r;
	}
	if (s->at == s->n)
		return lines_error(s->l, start, s->e, "this quote is not closed: expected '\"'");
	s->at++;
	if (s->at < s->n && !blank(s->s[s->at]))
		return lines_error(s->l, column(s), s->e, "expected a blank behind the closing quote");
	return 0;
}

static int plain_word(struct scan *s)
{
	for (; s->at < s->n && !blank(s->s[s->at]); s->at++) {
		char c = s->s[s->at];

		if (c == '"' || c == '\\')
			return lines_error(s->l, column(s), s->e,
					   "%s inside a word: put the whole word in double quotes",
					   c == '"' ? "a quote" : "a backslash");
		put(s, c);
	}
	return 0;
}

static int one_word(struct scan *s)
{
	struct words *w = s->w;
	int r;

	if (w->n == WORDS_MAX)
		return lines_error(s->l, column(s), s->e, "more than %d words on a line", WORDS_MAX);
	w->word[w->n] = (struct word){.s = w->text + s->used, .column = column(s)};
	r = s->s[s->at] == '"' ? quoted_word(s) : plain_word(s);
	if (r < 0)
		return r;
	put(s, '\0');
	w->n++;
	w->column = column(s);
	return 0;
}

static int split(struct scan *s)
{
	int r = check_bytes(s);

	s->w->n = 0;
	s->w->column = 1;
	while (r == 0) {
		while (s->at < s->n && blank(s->s[s->at]))
			s->at++;
		if (s->at == s->n || s->s[s->at] == '#')
			return 0;
		r = one_word(s);
	}
	return r;
}

static int next_line(struct lines *l, struct scan *s)
{
	const char *nl = memchr(l->next, '\n', (size_t)(l->end - l->next));
	size_t n = (size_t)((nl ? nl : l->end) - l->next);

	l->line++;
	if (n > WORDS_LINE_MAX)
		return lines_error(l, WORDS_LINE_MAX + 1, s->e, "a line of more than %d bytes",
				   WORDS_LINE_MAX);
	s->s = l->next;
	s->n = n;
	if (!nl) {
		int r = check_bytes(s);

		return r < 0 ? r
			     : lines_error(l, (uint32_t)n + 1, s->e,
					   "the last line has no end: expected a newline (is the file cut "
					   "short?)");
	}
	l->next = nl + 1;
	return 0;
}

int lines_next(struct lines *l, struct words *ret, struct err *e)
{
	while (l->next < l->end) {
		struct scan s = {.l = l, .w = ret, .e = e};
		int r = next_line(l, &s);

		if (r == 0)
			r = split(&s);
		if (r < 0)
			return r;
		if (ret->n > 0)
			return 1;
	}
	return 0;
}
