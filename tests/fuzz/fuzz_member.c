/*
 * The input is a name in an archive: the path that is made of it is relative, goes nowhere up, and is itself
 * a name that means the same.
 */
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "frontend/import/member.h"
#include "tests/fuzz/fuzz.h"

static void must_be_clean(const char *path)
{
	const char *p = path, *part;
	size_t n;

	MUST(path[0] != '\0' && path[0] != '/' && path[strlen(path) - 1] != '/');
	MUST(!strstr(path, "//"));
	if (!strcmp(path, "."))
		return;
	while ((part = path_next(&p, &n)))
		MUST(!text_is(part, n, ".") && !text_is(part, n, ".."));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[MEMBER_MAX] = "untouched", again[MEMBER_MAX];
	char *name = fuzz_copy(data, size);
	struct err e = {0};
	int r = member_path("member", name, path, &e);

	if (r < 0) {
		fuzz_refused(r, &e);
		MUST(!strcmp(path, "untouched"));
	} else {
		must_be_clean(path);
		MUST(strlen(path) <= strlen(name) && member_path("member", path, again, &e) == 0);
		MUST(!strcmp(path, again));
	}
	free(name);
	return 0;
}
