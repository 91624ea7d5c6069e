/*
 * The input is a file of options, TOML or JSON. It is refused with a sentence, or what croft-from makes of it
 * are words that croft takes, and what `croft plan --json` makes of these says the same when it is read
 * again.
 */
#include <stdio.h>
#include <string.h>

#include "frontend/from/document.h"
#include "frontend/from/form.h"
#include "frontend/run_json.h"
#include "tests/fuzz/fuzz.h"

enum { BYTES_MAX = 1 << 14, RECORDS_MAX = 1 << 20 };

/* 0, or refused. */
static int read_words(const char *text, size_t n, const char *folder, struct arena *a, struct run_words *ret)
{
	struct records out = {.s = arena_alloc(a, RECORDS_MAX), .size = RECORDS_MAX};
	struct err e = {0};
	struct value document;
	int r = document_read(text, n, a, &document, &e);

	if (r == 0)
		r = form_read(&document, folder, a, &out, &e);
	if (r != 0) {
		fuzz_refused(r, &e);
		return r;
	}
	MUST(out.used <= out.size);
	MUST(run_words_records(out.s, out.used, a, ret, &e) == 0);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = fuzz_arena(64 << 20);
	const char *json, *again;
	struct run_words w, back;
	struct err e = {0};
	char *plan;

	if (size > BYTES_MAX || read_words((const char *)data, size, "some/folder", &a, &w) != 0)
		return 0;
	MUST(run_json(&w, &a, &json, &e) == 0);
	if (!strcmp(json, "null")) /* TOML may hold control characters of Unicode that croft does not print */
		return 0;
	plan = arena_alloc(&a, strlen(json) + 16);
	MUST(plan);
	sprintf(plan, "{\"run\": %s}", json);
	MUST(read_words(plan, strlen(plan), ".", &a, &back) == 0);
	MUST(run_json(&back, &a, &again, &e) == 0);
	MUST(!strcmp(json, again));
	return 0;
}
