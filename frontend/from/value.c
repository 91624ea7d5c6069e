#include "frontend/from/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct value *value_add(struct arena *a, struct value *parent, enum value_kind kind, const char *key,
			unsigned line)
{
	struct value *v = arena_alloc(a, sizeof(*v));

	if (!v)
		return NULL;
	*v = (struct value){.kind = kind, .line = line};
	if (key && !(v->key = arena_copy(a, key, strlen(key))))
		return NULL;
	if (parent->last)
		parent->last->next = v;
	else
		parent->first = v;
	parent->last = v;
	return v;
}

bool value_set_text(struct arena *a, struct value *v, const char *s, size_t n)
{
	if (memchr(s, '\0', n))
		return false;
	v->text = arena_copy(a, s, n);
	return v->text != NULL;
}

bool value_set_integer(struct arena *a, struct value *v, long long n)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", n);
	return value_set_text(a, v, text, strlen(text));
}

bool value_set_real(struct arena *a, struct value *v, double d)
{
	enum { DIGITS_MAX = 17 }; /* of an IEEE 754 double that is told from its neighbours */
	const double whole_max = 9007199254740992.0; /* above it there are whole numbers that are no double */
	char text[40];

	if (d > -whole_max && d < whole_max && d == (double)(long long)d)
		return value_set_integer(a, v, (long long)d);
	for (int digits = 1; digits <= DIGITS_MAX; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, d);
		if (strtod(text, NULL) == d)
			break;
	}
	return value_set_text(a, v, text, strlen(text));
}
