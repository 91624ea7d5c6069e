#include "tests/fuzz/plan_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sandbox/plan_fields.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/mutate_plan.h"

enum { ITEMS_MAX = 256, ENCODED_MAX = 1 << 17 };

static const char head[] = "plan\n";

bool plan_text_is(const uint8_t *data, size_t size)
{
	return size >= sizeof(head) - 1 && !memcmp(data, head, sizeof(head) - 1);
}

/* ---- values -------------------------------------------------------------------------------------- */

static const char *unescaped(const char *s, struct arena *a)
{
	char *copy = arena_alloc(a, strlen(s) + 1), *to = copy;

	for (; copy && *s; s++) {
		bool escape = s[0] == '\\' && s[1];

		*to++ = (char)(!escape ? *s : s[1] == 'n' ? '\n' : s[1]);
		s += escape;
	}
	return copy;
}

static bool number(const struct plan_field *f, const char *s, uint64_t *ret)
{
	char *end;

	for (size_t i = 0; i < f->nwords; i++)
		if (!strcmp(s, f->words[i])) {
			*ret = i;
			return true;
		}
	*ret = f->type == PLAN_I32 ? (uint64_t)strtoll(s, &end, 10) : strtoull(s, &end, 10);
	return *s && !*end;
}

/* Where the next item of a list goes. */
static void *next_item(struct plan_items *l, size_t size, struct arena *a)
{
	if (!l->item)
		l->item = arena_array(a, ITEMS_MAX, size);
	if (!l->item || l->count == ITEMS_MAX - 1) /* the last one stays NULL */
		return NULL;
	return (char *)(uintptr_t)l->item + size * l->count++;
}

/* ---- lines --------------------------------------------------------------------------------------- */

static void no_strings(const struct plan_field *f, size_t n, char *base)
{
	for (size_t i = 0; i < n; i++)
		if (f[i].type == PLAN_STR)
			*(const char **)(base + f[i].offset) = "";
}

static bool put(const struct plan_field *f, char *at, const char *value, struct arena *a)
{
	uint64_t n;
	void *item = NULL;

	switch (f->type) {
	case PLAN_STR:
		return (*(const char **)at = unescaped(value, a)) != NULL;
	case PLAN_STRINGS:
		item = next_item((struct plan_items *)at, sizeof(char *), a);
		return item && (*(const char **)item = unescaped(value, a));
	case PLAN_LIST:
		item = next_item((struct plan_items *)at, f->list->size, a);
		if (item)
			no_strings(f->list->field, f->list->nfields, item);
		return item && !*value;
	case PLAN_U32:
	case PLAN_I32:
	case PLAN_U64:
	case PLAN_NUMBERS:
	case PLAN_BLOB:
		break;
	}
	if (!number(f, value, &n))
		return false;
	if (f->type == PLAN_U64)
		*(uint64_t *)at = n;
	else if (f->type == PLAN_U32 || f->type == PLAN_I32)
		*(uint32_t *)at = (uint32_t)n;
	else if (f->type == PLAN_NUMBERS && (item = next_item((struct plan_items *)at, sizeof(uint32_t), a)))
		*(uint32_t *)item = (uint32_t)n;
	else if (f->type == PLAN_BLOB && (item = next_item((struct plan_items *)at, 1, a)))
		*(uint8_t *)item = (uint8_t)n;
	else
		return false;
	return true;
}

/* base and its fields; name is "field", or "list.field" of the item that was begun last. */
static bool put_line(const struct plan_field *f, size_t n, char *base, char *name, const char *value,
		     struct arena *a)
{
	char *dot = strchr(name, '.');

	if (dot)
		*dot = '\0';
	for (size_t i = 0; i < n; i++) {
		const struct plan_items *l = (const struct plan_items *)(base + f[i].offset);

		if (strcmp(f[i].name, name) != 0)
			continue;
		if (!dot)
			return put(&f[i], base + f[i].offset, value, a);
		if (f[i].type != PLAN_LIST || l->count == 0)
			return false;
		return put_line(f[i].list->field, f[i].list->nfields,
				(char *)(uintptr_t)l->item + f[i].list->size * (l->count - 1), dot + 1, value,
				a);
	}
	return false;
}

bool plan_text_read(const uint8_t *data, size_t size, struct arena *a, struct plan *ret)
{
	bool good = true;
	char *line;

	memset(ret, 0, sizeof(*ret));
	no_strings(plan_field, plan_nfields, (char *)ret);
	data += sizeof(head) - 1;
	size -= sizeof(head) - 1;
	while (good && (line = fuzz_line(&data, &size))) {
		char *blank = strchr(line, ' ');

		if (blank)
			*blank++ = '\0';
		good = put_line(plan_field, plan_nfields, (char *)ret, line, blank ? blank : "", a);
		free(line);
	}
	return good;
}

/* Through the bytes, so that what is kept tests decoding, too. */
int plan_text_input(const uint8_t *data, size_t size, struct arena *a, struct plan *ret, struct err *e)
{
	static uint8_t bytes[ENCODED_MAX];
	struct plan p;
	long n;
	int r;

	if (!plan_text_is(data, size))
		return plan_decode(data, size, a, ret, e);
	if (!plan_text_read(data, size, a, &p)) {
		MUST(LLVMFuzzerMutate);
		return err_set(e, EINVAL, "no plan as text");
	}
	n = plan_encode(&p, bytes, sizeof(bytes));
	r = n < 0 ? (int)n : plan_decode(bytes, (size_t)n, a, ret, e);
	MUST(r == 0 || LLVMFuzzerMutate);
	return r;
}
