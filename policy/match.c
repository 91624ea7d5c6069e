#include "policy/match.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"

static bool dots(const char *s, size_t n)
{
	return text_is(s, n, ".") || text_is(s, n, "..");
}

bool path_is_clean(const char *path)
{
	const char *p = path;

	if (p[0] != '/')
		return false;
	if (!p[1])
		return true;
	while (*p) {
		size_t n = strcspn(++p, "/");

		if (n == 0 || dots(p, n))
			return false;
		p += n;
	}
	return true;
}

/* ---- well-formed patterns ---- */

static const char *percent_mistake(const char *s, size_t n, size_t *at)
{
	if (n == 2 && s[0] == '%' && strchr("uUg", s[1]))
		return NULL;
	for (size_t i = 0; i < n; i++) {
		if (s[i] != '%')
			continue;
		*at = i;
		if (i + 1 == n)
			return "expected %% for a percent sign";
		if (s[i + 1] == 'h')
			return "expected %h only at the beginning of a pattern";
		if (strchr("uUg", s[i + 1]))
			return "expected %u, %U or %g as a whole component, between slashes";
		if (s[i + 1] != '%')
			return "expected %u, %U, %g, %h or %% behind a percent sign";
		i++;
	}
	return NULL;
}

static const char *component_mistake(const char *s, size_t n, bool last, size_t *at)
{
	const char *star = memchr(s, '*', n);

	*at = 0;
	if (n == 0)
		return last ? "expected no slash at the end" : "expected a name between slashes";
	if (dots(s, n))
		return "expected a path without . and ..";
	if (text_is(s, n, "*"))
		return NULL;
	if (text_is(s, n, "**"))
		return last ? NULL : "expected ** only at the end of a pattern";
	if (star) {
		*at = (size_t)(star - s);
		return "expected * or ** alone between slashes";
	}
	return percent_mistake(s, n, at);
}

const char *pattern_mistake(const char *pattern, size_t *ret_at)
{
	const char *p = text_starts(pattern, "%h") ? pattern + 2 : pattern;

	*ret_at = (size_t)(p - pattern);
	if (strlen(pattern) >= PATTERN_MAX)
		return "expected a path of at most 4095 bytes";
	if (p == pattern && *p != '/')
		return "expected an absolute path, or %h at the beginning";
	if (p != pattern && *p && *p != '/')
		return "expected a slash or the end behind %h";
	if (!strcmp(pattern, "/"))
		return NULL;
	while (*p) {
		size_t n = strcspn(++p, "/"), at;
		const char *what = component_mistake(p, n, !p[n], &at);

		if (what) {
			*ret_at = (size_t)(p - pattern) + at;
			return what;
		}
		p += n;
	}
	return NULL;
}

/* ---- matching ---- */

bool pattern_home_usable(const char *home, bool root)
{
	const char *c;
	size_t n;

	if (!home || home[0] != '/')
		return false;
	while ((c = path_next(&home, &n))) {
		if (dots(c, n))
			return false;
		root = true;
	}
	return root;
}

/* A name with a slash, "." or ".." would lead elsewhere than to a component of that name. */
static bool name_usable(const char *name)
{
	return name && *name && !strchr(name, '/') && !dots(name, strlen(name));
}

static bool same_number(const char *s, size_t n, uint32_t want)
{
	uint32_t v;

	return text_u32n(s, n, &v) == 0 && v == want;
}

/* A literal component of a pattern, in which %% is one percent sign. */
static bool same_literal(const char *p, size_t plen, const char *s, size_t n)
{
	size_t j = 0;

	for (size_t i = 0; i < plen; i++, j++) {
		if (j == n || p[i] != s[j])
			return false;
		if (p[i] == '%')
			i++;
	}
	return j == n;
}

static bool component_matches(const char *p, size_t plen, const struct policy_caller *c, bool unknown,
			      const char *s, size_t n)
{
	if (text_is(p, plen, "*"))
		return true;
	if (text_is(p, plen, "%u"))
		return name_usable(c->name) ? text_is(s, n, c->name) : unknown;
	if (text_is(p, plen, "%U"))
		return same_number(s, n, c->uid);
	if (text_is(p, plen, "%g"))
		return same_number(s, n, c->gid);
	return same_literal(p, plen, s, n);
}

/* Whether path goes along the home directory; *path is then behind it. */
static enum pattern_match follow_home(const char *home, const char **path)
{
	const char *h, *s;
	size_t hlen, n;

	while ((h = path_next(&home, &hlen))) {
		s = path_next(path, &n);
		if (!s)
			return PATTERN_BELOW;
		if (hlen != n || memcmp(h, s, n) != 0)
			return PATTERN_NO;
	}
	return PATTERN_HERE;
}

enum pattern_match pattern_match(const char *pattern, const struct policy_caller *c, bool unknown,
				 const char *path)
{
	const char *p, *s;
	size_t plen, n;

	if (text_starts(pattern, "%h")) {
		enum pattern_match m;

		if (!pattern_home_usable(c->home, unknown))
			return unknown ? PATTERN_HERE : PATTERN_NO;
		m = follow_home(c->home, &path);
		if (m != PATTERN_HERE)
			return m;
		pattern += 2;
	}
	while ((p = path_next(&pattern, &plen))) {
		if (text_is(p, plen, "**"))
			return PATTERN_HERE;
		s = path_next(&path, &n);
		if (!s)
			return PATTERN_BELOW;
		if (!component_matches(p, plen, c, unknown, s, n))
			return PATTERN_NO;
	}
	return path_next(&path, &n) ? PATTERN_NO : PATTERN_HERE;
}

/* ---- a pattern as one path ---- */

bool pattern_is_one(const char *pattern)
{
	const char *c;
	size_t n;

	while ((c = path_next(&pattern, &n))) {
		if (text_is(c, n, "**"))
			return true;
		if (text_is(c, n, "*"))
			return false;
	}
	return false;
}

struct place {
	char *buf;
	size_t size;
	size_t used;
};

static int put_name(struct place *to, const char *s, size_t n)
{
	if (n + 2 > to->size - to->used)
		return -ENAMETOOLONG;
	to->buf[to->used++] = '/';
	memcpy(to->buf + to->used, s, n);
	to->used += n;
	return 0;
}

static int put_id(struct place *to, uint32_t id)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%u", id);

	return put_name(to, text, (size_t)n);
}

static int put_literal(struct place *to, const char *s, size_t n)
{
	int r = put_name(to, s, n);
	char *out;

	if (r < 0)
		return r;
	out = to->buf + to->used - n;
	for (size_t i = 0; i < n; i++) {
		*out++ = s[i];
		if (s[i] == '%') /* %% */
			i++;
	}
	to->used = (size_t)(out - to->buf);
	return 0;
}

static int put_component(struct place *to, const char *s, size_t n, const struct policy_caller *c)
{
	if (text_is(s, n, "**"))
		return 0;
	if (text_is(s, n, "*"))
		return -EINVAL;
	if (text_is(s, n, "%u"))
		return name_usable(c->name) ? put_name(to, c->name, strlen(c->name)) : -EINVAL;
	if (text_is(s, n, "%U"))
		return put_id(to, c->uid);
	return text_is(s, n, "%g") ? put_id(to, c->gid) : put_literal(to, s, n);
}

int pattern_place(const char *pattern, const struct policy_caller *c, char *buf, size_t size)
{
	struct place to = {.buf = buf, .size = size};
	const char *s, *home = c->home;
	size_t n;
	int r = 0;

	if (text_starts(pattern, "%h")) {
		if (!pattern_home_usable(home, true))
			return -EINVAL;
		while (r == 0 && (s = path_next(&home, &n)))
			r = put_name(&to, s, n);
		pattern += 2;
	}
	while (r == 0 && (s = path_next(&pattern, &n)))
		r = put_component(&to, s, n, c);
	if (r == 0 && to.used == 0)
		r = put_name(&to, "", 0);
	if (r == 0)
		buf[to.used] = '\0';
	return r;
}

size_t pattern_common(const char *pattern, const struct policy_caller *c, const char *path)
{
	const char *p, *s;
	size_t plen, n, common = 0;

	if (text_starts(pattern, "%h")) {
		const char *rest = path;

		if (!pattern_home_usable(c->home, false) || follow_home(c->home, &rest) != PATTERN_HERE)
			return 0;
		while (path < rest && path_next(&path, &n))
			common++;
		pattern += 2;
	}
	while ((p = path_next(&pattern, &plen)) && (s = path_next(&path, &n))) {
		if (!component_matches(p, plen, c, false, s, n))
			break;
		common++;
	}
	return common;
}

/* ---- a pattern inside another ---- */

/* What one component of a pattern covers lies in what another covers. */
static bool component_within(const char *i, size_t ilen, const char *o, size_t olen)
{
	if (ilen == olen && !memcmp(i, o, ilen))
		return true;
	return text_is(o, olen, "*") && !text_is(i, ilen, "**") && !text_is(i, ilen, "%h");
}

bool pattern_within(const char *inner, const char *outer)
{
	const char *i, *o;
	size_t ilen, olen;

	while ((o = path_next(&outer, &olen))) {
		if (text_is(o, olen, "**"))
			return true;
		i = path_next(&inner, &ilen);
		if (!i || !component_within(i, ilen, o, olen))
			return false;
	}
	return !path_next(&inner, &ilen);
}
