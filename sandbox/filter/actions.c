/* filter_actions(): the rules, by number. */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "common/text.h"
#include "sandbox/filter/compile.h"

struct table {
	const struct filter_target *target;
	struct filter_action *action;
	bool taken[FILTER_NUMBERS_MAX];
};

/* One word of a rule: [ARCHITECTURE:]NAME[=NUMBER]. */
struct word {
	const char *text;
	size_t length;
	const char *name;
	size_t name_length;
	bool elsewhere; /* a call of another architecture */
	bool numbered;
	uint32_t number;
};

static int bad(const struct word *w, const char *why, struct err *e)
{
	char text[64] = "";

	memcpy(text, w->text, w->length < sizeof(text) ? w->length : sizeof(text) - 1);
	return err_set(e, EINVAL, "filter rule %s: %s", QUOTE(text), why);
}

static int read_word(const struct filter_target *t, struct word *w, struct err *e)
{
	const char *colon = memchr(w->text, ':', w->length), *equal = memchr(w->text, '=', w->length);
	const char *end = w->text + w->length;

	w->name = colon ? colon + 1 : w->text;
	w->elsewhere = colon && !text_is(w->text, (size_t)(colon - w->text), t->name);
	w->name_length = (size_t)((equal ? equal : end) - w->name);
	w->numbered = equal != NULL;
	if (equal && text_u32n(equal + 1, (size_t)(end - equal - 1), &w->number) < 0)
		return bad(w, "its number is none", e);
	return 0;
}

static int add_word(struct table *t, const struct filter_action *a, struct word *w, struct err *e)
{
	int32_t number;

	if (read_word(t->target, w, e) < 0)
		return -e->code;
	if (w->elsewhere)
		return 0;
	if (t->target->number(t->target->ctx, w->name, w->name_length, &number) < 0) {
		if (!w->numbered)
			return bad(w, "no system call has that name", e);
		number = (int32_t)w->number;
	}
	if (number < 0)
		return w->numbered ? bad(w, "this architecture has no such call", e) : 0;
	if (w->numbered && (uint32_t)number != w->number)
		return bad(w, "that call has another number", e);
	if (number >= FILTER_NUMBERS_MAX)
		return bad(w, "its number is too high", e);
	if (t->taken[number])
		return bad(w, "the call is in two rules", e);
	t->taken[number] = true;
	t->action[number] = *a;
	return 0;
}

int filter_actions(const struct filter_rule *rule, size_t nrules, enum seccomp_variant v,
		   const struct filter_target *target, struct filter_action *ret, struct err *e)
{
	struct table t = {.target = target, .action = ret};

	for (size_t i = 0; i < FILTER_NUMBERS_MAX; i++)
		ret[i] = (struct filter_action){NULL, ENOSYS};
	for (size_t i = 0; i < nrules; i++) {
		const char *p = rule[i].names;

		while (*(p += strspn(p, " "))) {
			struct word w = {.text = p, .length = strcspn(p, " ")};

			if (add_word(&t, &rule[i].in[v], &w, e) < 0)
				return -e->code;
			p += w.length;
		}
	}
	return 0;
}
