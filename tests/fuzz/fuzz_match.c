/*
 * Lines of the input: a pattern, a path, a second pattern, the name and the home of the caller. A pattern
 * that is well-formed covers what the list of its components says; a pattern within another covers no more.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "policy/match.h"
#include "tests/fuzz/fuzz.h"
#include "tests/reference/decide.h"

enum { BYTES_MAX = 6000 };

static enum reference_place as_reference(enum pattern_match m)
{
	switch (m) {
	case PATTERN_HERE:
		return REFERENCE_COVERED;
	case PATTERN_BELOW:
		return REFERENCE_ABOVE;
	case PATTERN_NO:
		break;
	}
	return REFERENCE_ELSEWHERE;
}

static size_t components(const char *path)
{
	size_t n = 0, len;

	while (path_next(&path, &len))
		n++;
	return n;
}

static void must_match(const char *pattern, const struct policy_caller *c, const char *path)
{
	for (int unknown = 0; unknown < 2; unknown++)
		MUST(as_reference(pattern_match(pattern, c, unknown, path)) ==
		     reference_match(pattern, c, unknown, path));
	MUST(pattern_common(pattern, c, path) <= components(path));
}

static void must_be_within(const char *inner, const char *outer, const struct policy_caller *c,
			   const char *path)
{
	MUST(pattern_within(inner, inner));
	if (pattern_within(inner, outer) && pattern_match(inner, c, false, path) == PATTERN_HERE)
		MUST(pattern_match(outer, c, false, path) == PATTERN_HERE);
}

/* The one place that a pattern names is covered by it; where the home is "/", too. */
static void must_have_its_place(const char *pattern, const struct policy_caller *c)
{
	char place[PATTERN_MAX];
	int r = pattern_place(pattern, c, place, sizeof(place));

	MUST(r == 0 || r == -EINVAL || r == -ENAMETOOLONG);
	if (r != 0)
		return;
	MUST(path_is_clean(place));
	MUST(reference_match(pattern, c, true, place) == REFERENCE_COVERED);
}

/* By strings, which is right for clean paths: the same, or the same and then a slash. */
static void must_cover(const char *dir, const char *path)
{
	size_t n = strlen(dir);
	bool root = !strcmp(dir, "/");

	MUST(path_covers(dir, path) == (root || (text_starts(path, dir) && (!path[n] || path[n] == '/'))));
}

static void must_be_cleaned(const char *path)
{
	char clean[BYTES_MAX + 2], again[BYTES_MAX + 2];

	if (path_clean(path, clean, sizeof(clean)) < 0)
		return;
	MUST(path_is_clean(clean));
	MUST(path_clean(clean, again, sizeof(again)) == 0 && !strcmp(clean, again));
	MUST(!path_is_clean(path) || !strcmp(path, clean));
	MUST(path_clean(path, again, strlen(clean)) < 0);
}

static void look(char *line[5])
{
	const char *pattern = line[0], *path = line[1], *outer = line[2];
	const struct policy_caller c = {.uid = 1000, .gid = 100, .name = line[3], .home = line[4]};
	const char *wrong;
	size_t at = 0;

	must_be_cleaned(path);
	wrong = pattern_mistake(pattern, &at);
	MUST(at <= strlen(pattern));
	if (!path_is_clean(path) || wrong)
		return;
	must_match(pattern, &c, path);
	must_have_its_place(pattern, &c);
	must_cover(path, path);
	if (path_is_clean(outer))
		must_cover(outer, path);
	if (!pattern_mistake(outer, &at))
		must_be_within(pattern, outer, &c, path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *line[5] = {NULL};

	if (size > BYTES_MAX)
		return 0;
	for (size_t i = 0; i < 5; i++)
		line[i] = fuzz_line(&data, &size);
	if (line[2])
		look(line);
	for (size_t i = 0; i < 5; i++)
		free(line[i]);
	return 0;
}
