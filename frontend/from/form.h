/*
 * form.h - a document in the form of croft-file(5) as words of `croft run`. Pure.
 */
#pragma once

#include "common/err.h"
#include "frontend/from/value.h"

/* What run_words_records() reads: words that end with a NUL, a letter before each. */
struct records {
	char *s;
	size_t size, used;
};

/*
 * Each key is the name of an option, root or command; each value is judged as the option itself would judge
 * it. Relative paths become paths below folder. 0, or -errno with *e, which has the line where it is known,
 * and the key.
 */
int form_read(const struct value *document, const char *folder, struct arena *a, struct records *out,
	      struct err *e);
