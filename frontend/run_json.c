#include "frontend/run_json.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "common/text.h"
#include "frontend/json.h"
#include "frontend/run_form.h"
#include "frontend/run_options.h"

enum { REPEATS = FORM_ENV + 1, ROWS_MAX = 128 };

/* --- which options stand in which object -------------------------------------------------------------------
 */

struct pieces {
	const struct run_words *w;
	uint32_t *of; /* of each option: its object, from 1 on; 0: a later one replaces it */
	uint32_t count;
};

static size_t row_of(const struct run_words *w, size_t i)
{
	return (size_t)(w->option[i].row - run_option);
}

static void drop_replaced(struct pieces *p)
{
	bool later[ROWS_MAX] = {false};

	for (size_t i = p->w->noptions; i-- > 0;) {
		const struct run_form *f = run_form(p->w->option[i].row);
		bool *seen = &later[row_of(p->w, i)];

		p->of[i] = !f->outside && !(f->repeat == FORM_ONCE && *seen);
		*seen = true;
	}
}

/* Where order counts, a key that comes again after another of the same sequence needs a new object. */
static void keep_order(struct pieces *p)
{
	uint32_t now[REPEATS] = {1, 1, 1, 1}, used[ROWS_MAX] = {0};
	size_t last[REPEATS] = {ROWS_MAX, ROWS_MAX, ROWS_MAX, ROWS_MAX};

	p->count = 1;
	for (size_t i = 0; i < p->w->noptions; i++) {
		const enum form_repeat sequence = run_form(p->w->option[i].row)->repeat;
		const size_t row = row_of(p->w, i);

		if (!p->of[i] || sequence == FORM_ONCE || sequence == FORM_LIST)
			continue;
		if (row != last[sequence] && used[row] == now[sequence])
			now[sequence]++;
		used[row] = now[sequence];
		last[sequence] = row;
		p->of[i] = now[sequence];
		p->count = p->of[i] > p->count ? p->of[i] : p->count;
	}
}

/* --- text
 * -------------------------------------------------------------------------------------------------------- */

struct text {
	char *s;
	size_t used;
};

static void put(struct text *t, const char *s)
{
	size_t n = strlen(s);

	memcpy(t->s + t->used, s, n + 1);
	t->used += n;
}

static void put_string(struct text *t, const char *s)
{
	char piece[JSON_PIECE_MAX];

	put(t, "\"");
	while (json_piece(&s, piece))
		put(t, piece);
	put(t, "\"");
}

/* As json_piece() leaves it: every byte below U+0080, and what is UTF-8. */
static bool is_text(const char *s)
{
	while (*s) {
		size_t n = (unsigned char)*s < 0x80 ? 1 : utf8_len((const unsigned char *)s);

		if (n == 0)
			return false;
		s += n;
	}
	return true;
}

/* The most bytes that a string takes: \u001f for each of its own, quotes, and what is put around it. */
static size_t room(const char *s)
{
	return 6 * strlen(s) + 32;
}

static bool measure(const struct run_words *w, size_t *ret)
{
	size_t n = 64;

	for (size_t i = 0; i < w->noptions; i++) {
		const char *value = w->option[i].value ? w->option[i].value : "";

		if (!is_text(value))
			return false;
		n += room(value) + room(w->option[i].row->name);
	}
	for (size_t i = 0; i < w->argc; i++) {
		if (!is_text(w->argv[i]))
			return false;
		n += room(w->argv[i]);
	}
	*ret = n + (w->root ? room(w->root) : 0);
	return !w->root || is_text(w->root);
}

static void put_key(struct text *t, const char *name)
{
	put(t, t->s[t->used - 1] == '{' ? "" : ",\n    ");
	put_string(t, name);
	put(t, ": ");
}

static void put_list(struct text *t, const struct pieces *p, size_t first)
{
	const char *comma = "";

	put(t, "[");
	for (size_t i = first; i < p->w->noptions; i++) {
		if (p->of[i] != p->of[first] || p->w->option[i].row != p->w->option[first].row)
			continue;
		put(t, comma);
		put_string(t, p->w->option[i].value);
		comma = ", ";
	}
	put(t, "]");
}

static void put_options(struct text *t, const struct pieces *p, uint32_t piece)
{
	bool done[ROWS_MAX] = {false};

	for (size_t i = 0; i < p->w->noptions; i++) {
		const struct run_word *o = &p->w->option[i];

		if (p->of[i] != piece || done[row_of(p->w, i)])
			continue;
		done[row_of(p->w, i)] = true;
		put_key(t, o->row->name);
		if (!o->row->arg)
			put(t, option_on(o->value) ? "true" : "false");
		else if (run_form(o->row)->repeat == FORM_ONCE)
			put_string(t, o->value);
		else
			put_list(t, p, i);
	}
}

static void put_operands(struct text *t, const struct run_words *w)
{
	if (w->root) {
		put_key(t, "root");
		put_string(t, w->root);
	}
	if (!w->argc)
		return;
	put_key(t, "command");
	for (size_t i = 0; i < w->argc; i++) {
		put(t, i ? ", " : "[");
		put_string(t, w->argv[i]);
	}
	put(t, "]");
}

int run_json(const struct run_words *w, struct arena *a, const char **ret, struct err *e)
{
	struct pieces p = {.w = w, .of = arena_array(a, w->noptions + 1, sizeof(*p.of))};
	struct text t = {.used = 0};
	size_t size;

	*ret = "null";
	if (!measure(w, &size))
		return 0;
	t.s = arena_alloc(a, size);
	if (!p.of || !t.s)
		return err_set(e, ENOMEM, "no memory for the options as JSON");
	drop_replaced(&p);
	keep_order(&p);
	put(&t, p.count > 1 ? "[" : "");
	for (uint32_t piece = 1; piece <= p.count; piece++) {
		put(&t, piece > 1 ? ",\n   {" : "{");
		put_options(&t, &p, piece);
		if (piece == p.count)
			put_operands(&t, w);
		put(&t, "}");
	}
	put(&t, p.count > 1 ? "]" : "");
	*ret = t.s;
	return 0;
}
