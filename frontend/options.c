#include "frontend/options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"

struct scan {
	const char *verb;
	const struct option_row *row;
	size_t nrows;
	int argc;
	char *const *argv;
	int next; /* the argument to look at */
	option_fn *fn;
	void *ctx;
	struct err *e;
};

bool options_value(const char **p, struct option_value *ret)
{
	const char *s = *p;
	size_t n = 0, depth = 0;

	if (!*s)
		return false;
	*ret = (struct option_value){.s = s, .word = (*s >= 'a' && *s <= 'z') || (*s >= '0' && *s <= '9')};
	while (s[n] == '-' || (s[n] >= '0' && s[n] <= '9') || (s[n] >= 'a' && s[n] <= 'z' && ret->word) ||
	       (s[n] >= 'A' && s[n] <= 'Z' && !ret->word))
		n++;
	ret->n = n;
	for (; s[n] && (s[n] != '|' || depth); n++)
		depth = s[n] == '[' ? depth + 1 : s[n] == ']' && depth ? depth - 1 : depth;
	ret->whole = n == ret->n;
	*p = s + n + (s[n] == '|');
	return true;
}

static void append(char *buf, size_t size, size_t *used, const char *text, size_t n)
{
	if (n > size - 1 - *used)
		n = size - 1 - *used;
	memcpy(buf + *used, text, n);
	*used += n;
	buf[*used] = '\0';
}

static void append_text(char *buf, size_t size, size_t *used, const char *text)
{
	append(buf, size, used, text, strlen(text));
}

const char option_off[] = "false";

/* Where arg is nothing but words, value must be one of them. */
static int check_word(const char *arg, const char *value, struct err *e)
{
	struct option_value v;
	char known[200] = "";
	size_t used = 0;

	for (const char *p = arg; options_value(&p, &v);) {
		if (!v.word || !v.whole || text_is(v.s, v.n, value))
			return 0;
		append_text(known, sizeof(known), &used, !used ? "" : *p ? ", " : " or ");
		append(known, sizeof(known), &used, v.s, v.n);
	}
	return err_set(e, EINVAL, "%s is not %s", QUOTE(value), known);
}

static int try_help(struct scan *s)
{
	return err_hint(s->e, "Try 'croft %s --help'", s->verb);
}

/* Calls the setter; its sentence gets the option's name in front. */
static int set(void *ctx, const struct option_row *row, const char *value, struct err *e)
{
	int r = row->arg ? check_word(row->arg, value, e) : 0;

	if (r == 0)
		r = row->set(ctx, value, e);
	return r < 0 ? err_wrap(e, "option --%s", row->name) : 0;
}

static int switched(struct scan *s, const struct option_row *row, const char *glued)
{
	const bool off = glued && !strcmp(glued, option_off);

	if (!glued || off || !strcmp(glued, "true"))
		return s->fn(s->ctx, row, off ? option_off : NULL, s->e);
	err_set(s->e, EINVAL, "option --%s: %s is not true or false", row->name, QUOTE(glued));
	return try_help(s);
}

/* The value of row: what is glued to it, else the next argument. */
static int with_value(struct scan *s, const struct option_row *row, const char *glued)
{
	if (!row->arg)
		return switched(s, row, glued);
	if (!glued && s->next >= s->argc) {
		err_set(s->e, EINVAL, "option --%s needs a value: %s", row->name, row->arg);
		return try_help(s);
	}
	return s->fn(s->ctx, row, glued ? glued : s->argv[s->next++], s->e);
}

static int parse_long(struct scan *s, const char *word)
{
	const char *eq = strchr(word, '=');
	size_t n = eq ? (size_t)(eq - word) : strlen(word);

	if (text_is(word, n, "help") && !eq)
		return -ECANCELED;
	for (size_t i = 0; i < s->nrows; i++) {
		const struct option_row *row = &s->row[i];

		if (!text_is(word, n, row->name))
			continue;
		return with_value(s, row, eq ? eq + 1 : NULL);
	}
	err_set(s->e, EINVAL, "unknown option --%s", QUOTE(word));
	return try_help(s);
}

static const struct option_row *find_letter(const struct scan *s, char letter)
{
	for (size_t i = 0; i < s->nrows; i++)
		if (s->row[i].letter && s->row[i].letter == letter)
			return &s->row[i];
	return NULL;
}

static int parse_letters(struct scan *s, const char *word)
{
	for (const char *p = word; *p; p++) {
		const struct option_row *row = find_letter(s, *p);
		int r;

		if (!row && *p == 'h')
			return -ECANCELED;
		if (!row) {
			char one[2] = {*p, '\0'};

			err_set(s->e, EINVAL, "unknown option -%s", QUOTE(one));
			return try_help(s);
		}
		if (row->arg)
			return with_value(s, row, p[1] ? p + 1 : NULL);
		r = switched(s, row, p[1] == '=' ? p + 2 : NULL);
		if (r < 0 || p[1] == '=')
			return r;
	}
	return 0;
}

int options_walk(const char *verb, const struct option_row *row, size_t nrows, int argc, char *const argv[],
		 option_fn *fn, void *ctx, int *ret_next, struct err *e)
{
	struct scan s = {verb, row, nrows, argc, argv, 1, fn, ctx, e};
	bool ended = false;

	while (s.next < argc && !ended) {
		const char *word = argv[s.next];
		int r = 0;

		if (word[0] != '-' || !word[1])
			break;
		s.next++;
		ended = !strcmp(word, "--");
		if (!ended)
			r = word[1] == '-' ? parse_long(&s, word + 2) : parse_letters(&s, word + 1);
		if (r < 0)
			return r;
	}
	*ret_next = s.next;
	return ended;
}

int options_parse(const char *verb, const struct option_row *row, size_t nrows, int argc, char *const argv[],
		  void *ctx, int *ret_next, struct err *e)
{
	int r = options_walk(verb, row, nrows, argc, argv, set, ctx, ret_next, e);

	return r < 0 ? r : 0;
}

void options_help(const char *usage, const struct option_row *row, size_t nrows, char *buf, size_t size)
{
	size_t used = 0;

	append_text(buf, size, &used, usage);
	if (nrows)
		append_text(buf, size, &used, "\nOptions:\n");
	for (size_t i = 0; i < nrows; i++) {
		char left[96], line[320];

		snprintf(left, sizeof(left), "%c%c %s--%s%s%s", row[i].letter ? '-' : ' ',
			 row[i].letter ? row[i].letter : ' ', row[i].letter ? "" : " ", row[i].name,
			 row[i].arg ? " " : "", row[i].arg ? row[i].arg : "");
		snprintf(line, sizeof(line),
			 strlen(left) > 34 ? "  %s\n                                      %s\n"
					   : "  %-35s %s\n",
			 left, row[i].help);
		append_text(buf, size, &used, line);
	}
}
