#include "frontend/json/json.h"

#include <errno.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"

int json_wrong(const struct json_node *n, struct err *e, const char *fmt, ...)
{
	char text[ERR_MSG_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return n->place[0] ? err_set(e, EINVAL, "%s: %s", QUOTE(n->place), text)
			   : err_set(e, EINVAL, "%s", text);
}

static int syntax(const char *text, size_t at, const char *why, struct err *e)
{
	size_t line = 1, column = 1;

	for (size_t i = 0; i < at; i++, column++)
		if (text[i] == '\n') {
			line++;
			column = 0;
		}
	return err_set(e, EINVAL, "line %zu, column %zu: %s", line, column, why);
}

/* json-c makes the largest number of one that is too large, and does not say so. */
static int check_numbers(const char *text, size_t size, struct err *e)
{
	static const char largest[] = "18446744073709551615";
	bool in_string = false;

	for (size_t i = 0; i < size; i++) {
		size_t n = 0;

		if (text[i] == '"')
			in_string = !in_string;
		else if (in_string && text[i] == '\\')
			i++;
		while (!in_string && i + n < size && text[i + n] >= '0' && text[i + n] <= '9')
			n++;
		if (n > strlen(largest) || (n == strlen(largest) && memcmp(text + i, largest, n) > 0))
			return syntax(text, i, "the number has more than 64 bits", e);
		i += n ? n - 1 : 0;
	}
	return 0;
}

int json_parse(const char *text, size_t size, struct json_node *ret, struct err *e)
{
	struct json_tokener *t = json_tokener_new_ex(JSON_DEPTH_MAX);
	struct json_object *o;
	enum json_tokener_error why;
	size_t end;

	if (!t || size > INT_MAX)
		return err_set(e, ENOMEM, "the document is too large");
	json_tokener_set_flags(t, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	o = json_tokener_parse_ex(t, text, (int)size);
	why = json_tokener_get_error(t);
	end = json_tokener_get_parse_end(t);
	json_tokener_free(t);
	if (why != json_tokener_success) {
		json_object_put(o);
		return syntax(text, end,
			      why == json_tokener_continue ? "the document ends too early"
							   : json_tokener_error_desc(why),
			      e);
	}
	if (check_numbers(text, size, e) < 0) {
		json_object_put(o);
		return -e->code;
	}
	*ret = (struct json_node){.value = o};
	if (!json_object_is_type(o, json_type_object)) {
		json_free(ret);
		return err_set(e, EINVAL, "the document is not an object");
	}
	return 0;
}

void json_free(struct json_node *document)
{
	json_object_put(document->value);
	document->value = NULL;
}

static int check_kind(const struct json_node *n, enum json_kind kind, struct err *e)
{
	static const struct {
		enum json_type type;
		const char *word;
	} known[] = {[JSON_OBJECT] = {json_type_object, "an object"},
		     [JSON_ARRAY] = {json_type_array, "an array"},
		     [JSON_STRING] = {json_type_string, "a string"},
		     [JSON_NUMBER] = {json_type_int, "a whole number from 0 on"}};

	if (!json_object_is_type(n->value, known[kind].type) ||
	    (kind == JSON_NUMBER && json_object_get_int64(n->value) < 0))
		return json_wrong(n, e, "it is not %s", known[kind].word);
	if (kind == JSON_STRING &&
	    strlen(json_object_get_string(n->value)) != (size_t)json_object_get_string_len(n->value))
		return json_wrong(n, e, "the string holds a NUL");
	return 0;
}

int json_member(const struct json_node *object, const char *name, enum json_kind kind, struct json_node *ret,
		struct err *e)
{
	struct json_node n;

	if (!json_object_object_get_ex(object->value, name, &n.value) || !n.value)
		return 0;
	if ((size_t)snprintf(n.place, sizeof(n.place), "%s%s%s", object->place, object->place[0] ? "." : "",
			     name) >= sizeof(n.place))
		return json_wrong(object, e, "it is too deep");
	if (check_kind(&n, kind, e) < 0)
		return -e->code;
	*ret = n;
	return 1;
}

static bool among(const char *name, const char *const *names)
{
	for (; *names; names++)
		if (!strcmp(name, *names))
			return true;
	return false;
}

int json_only(const struct json_node *object, const char *const *names, struct err *e)
{
	struct json_object_iterator i = json_object_iter_begin(object->value);
	struct json_object_iterator end = json_object_iter_end(object->value);

	for (; !json_object_iter_equal(&i, &end); json_object_iter_next(&i)) {
		const char *name = json_object_iter_peek_name(&i);

		if (!among(name, names))
			return json_wrong(object, e, "the member %s is not known", QUOTE(name));
	}
	return 0;
}

size_t json_length(const struct json_node *array)
{
	return json_object_array_length(array->value);
}

int json_item(const struct json_node *array, size_t i, enum json_kind kind, struct json_node *ret,
	      struct err *e)
{
	struct json_node n = {.value = json_object_array_get_idx(array->value, i)};

	if ((size_t)snprintf(n.place, sizeof(n.place), "%s[%zu]", array->place, i) >= sizeof(n.place))
		return json_wrong(array, e, "it is too deep");
	if (check_kind(&n, kind, e) < 0)
		return -e->code;
	*ret = n;
	return 0;
}

const char *json_text(const struct json_node *string)
{
	return json_object_get_string(string->value);
}

uint64_t json_number(const struct json_node *number)
{
	return json_object_get_uint64(number->value);
}
