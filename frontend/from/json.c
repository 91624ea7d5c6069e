#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "common/text.h"
#include "frontend/from/document.h"

static int add(const json_t *from, const char *key, unsigned depth, struct arena *a, struct value *parent,
	       struct err *e);

static int add_members(const json_t *from, unsigned depth, struct arena *a, struct value *v, struct err *e)
{
	/* jansson takes no const object here, and changes none */
	json_t *object = (json_t *)(uintptr_t)from, *member;
	const char *key;

	if (depth > VALUE_DEPTH_MAX)
		return document_deep(0, e);
	json_object_foreach(object, key, member) if (add(member, key, depth, a, v, e) < 0) return -e->code;
	for (size_t i = 0; i < json_array_size(from); i++)
		if (add(json_array_get(from, i), NULL, depth, a, v, e) < 0)
			return -e->code;
	return 0;
}

static int add(const json_t *from, const char *key, unsigned depth, struct arena *a, struct value *parent,
	       struct err *e)
{
	static const enum value_kind kind[] = {
		[JSON_OBJECT] = VALUE_TABLE,   [JSON_ARRAY] = VALUE_LIST,  [JSON_STRING] = VALUE_TEXT,
		[JSON_INTEGER] = VALUE_NUMBER, [JSON_REAL] = VALUE_NUMBER, [JSON_TRUE] = VALUE_FLAG,
		[JSON_FALSE] = VALUE_FLAG,     [JSON_NULL] = VALUE_OTHER};
	struct value *v = value_add(a, parent, kind[json_typeof(from)], key, 0);

	if (!v)
		return document_memory(e);
	switch (json_typeof(from)) {
	case JSON_OBJECT:
	case JSON_ARRAY:
		return add_members(from, depth + 1, a, v, e);
	case JSON_STRING: /* jansson refuses one with a NUL */
		return value_set_text(a, v, json_string_value(from), json_string_length(from))
			       ? 0
			       : document_memory(e);
	case JSON_INTEGER:
		return value_set_integer(a, v, json_integer_value(from)) ? 0 : document_memory(e);
	case JSON_REAL:
		return value_set_real(a, v, json_real_value(from)) ? 0 : document_memory(e);
	case JSON_TRUE:
	case JSON_FALSE:
	case JSON_NULL:
		v->on = json_is_true(from);
		return 0;
	}
	return err_set(e, EINVAL, "a value is of no kind");
}

int json_document(const char *text, size_t size, struct arena *a, struct value *ret, struct err *e)
{
	json_error_t why;
	json_t *o = json_loadb(text, size, JSON_REJECT_DUPLICATES, &why);
	int r;

	/* A plan has numbers of 64 bits without a sign; those of its options are no larger than a double's.
	 */
	if (!o && json_error_code(&why) == json_error_numeric_overflow)
		o = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, &why);
	if (!o)
		return err_set(e, EINVAL, "line %d: %s", why.line, QUOTE(why.text));
	r = add_members(o, 1, a, ret, e);
	json_decref(o);
	return r;
}
