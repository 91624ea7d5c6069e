#include "common/text.h"

#include <errno.h>
#include <string.h>

size_t utf8_len(const unsigned char *s)
{
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		return (s[1] & 0xc0) == 0x80 && s[1] >= 0xa0 - (s[0] != 0xc2) * 0x20
			       ? 2
			       : 0; /* C1 controls are not text */
	if (s[0] >= 0xe0 && s[0] <= 0xef) {
		if ((s[1] & 0xc0) != 0x80 || (s[2] & 0xc0) != 0x80)
			return 0;
		if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] >= 0xa0))
			return 0;
		return 3;
	}
	if (s[0] >= 0xf0 && s[0] <= 0xf4) {
		if ((s[1] & 0xc0) != 0x80 || (s[2] & 0xc0) != 0x80 || (s[3] & 0xc0) != 0x80)
			return 0;
		if ((s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] >= 0x90))
			return 0;
		return 4;
	}
	return 0;
}

/* Writes one escaped unit of *s to out (at most 4 bytes), advances *s, returns the count. */
static size_t quote_unit(const unsigned char **s, char *out)
{
	static const char hex[] = "0123456789abcdef";
	unsigned char c = **s;
	size_t n = utf8_len(*s);

	if (n) {
		memcpy(out, *s, n);
		*s += n;
		return n;
	}
	(*s)++;
	if (c >= 0x20 && c < 0x7f && c != '\\') {
		out[0] = (char)c;
		return 1;
	}
	out[0] = '\\';
	if (c == '\n' || c == '\t' || c == '\\') {
		out[1] = c == '\n' ? 'n' : c == '\t' ? 't' : '\\';
		return 2;
	}
	out[1] = 'x';
	out[2] = hex[c >> 4];
	out[3] = hex[c & 15];
	return 4;
}

const char *quote(struct quoted *q, const char *text)
{
	const unsigned char *s = (const unsigned char *)(text ? text : "");
	size_t n = 0;

	if (!*s) {
		memcpy(q->s, "''", 3);
		return q->s;
	}
	while (*s) {
		if (n > sizeof(q->s) - 8) {
			memcpy(q->s + n, "...", 3);
			n += 3;
			break;
		}
		n += quote_unit(&s, q->s + n);
	}
	q->s[n] = '\0';
	return q->s;
}

static int digits(const char *s, size_t n, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0;

	if (n == 0 || (n > 1 && s[0] == '0'))
		return -EINVAL;
	for (size_t i = 0; i < n; i++)
		if (s[i] < '0' || s[i] > '9')
			return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		uint64_t d = (uint64_t)(s[i] - '0');

		if (v > (max - d) / 10)
			return -ERANGE;
		v = v * 10 + d;
	}
	*ret = v;
	return 0;
}

int text_u64(const char *s, uint64_t *ret)
{
	return digits(s, strlen(s), UINT64_MAX, ret);
}

int text_u32n(const char *s, size_t n, uint32_t *ret)
{
	uint64_t v;
	int r = digits(s, n, UINT32_MAX, &v);

	if (r == 0)
		*ret = (uint32_t)v;
	return r;
}

int text_u32(const char *s, uint32_t *ret)
{
	return text_u32n(s, strlen(s), ret);
}

int text_id(const char *s, uint32_t *ret)
{
	uint32_t v;
	int r = text_u32(s, &v);

	if (r < 0)
		return r;
	if (v == UINT32_MAX)
		return -ERANGE;
	*ret = v;
	return 0;
}

int text_size(const char *s, uint64_t *ret)
{
	static const char suffix[] = "KMGTkmgt";
	size_t n = strspn(s, "0123456789");
	unsigned shift = 0;
	uint64_t v;
	int r;

	if (s[n]) {
		const char *p = strchr(suffix, s[n]);

		if (!p || s[n + 1])
			return -EINVAL;
		shift = 10 * ((unsigned)(p - suffix) % 4 + 1);
	}
	r = digits(s, n, UINT64_MAX >> shift, &v);
	if (r == 0)
		*ret = v << shift;
	return r;
}

int text_milli(const char *s, uint64_t *ret)
{
	size_t whole = strspn(s, "0123456789"), part = 0;
	uint64_t v, thousandths = 0;
	int r = digits(s, whole, UINT64_MAX / 1000 - 1, &v);

	if (r < 0)
		return r;
	if (s[whole] == '.') {
		part = strspn(s + whole + 1, "0123456789");
		if (part < 1 || part > 3)
			return -EINVAL;
		for (size_t i = 0; i < 3; i++)
			thousandths = thousandths * 10 + (i < part ? (uint64_t)(s[whole + 1 + i] - '0') : 0);
		part++;
	}
	if (s[whole + part])
		return -EINVAL;
	*ret = v * 1000 + thousandths;
	return 0;
}

int text_duration_ms(const char *s, uint32_t *ret)
{
	static const struct {
		const char *suffix;
		uint32_t ms;
	} unit[] = {{"", 1000}, {"s", 1000}, {"ms", 1}, {"m", 60000}, {"h", 3600000}};
	size_t n = strspn(s, "0123456789");
	uint64_t v;

	for (size_t i = 0; i < sizeof(unit) / sizeof(unit[0]); i++) {
		int r;

		if (strcmp(s + n, unit[i].suffix))
			continue;
		r = digits(s, n, (uint64_t)INT32_MAX / unit[i].ms, &v);
		if (r == 0)
			*ret = (uint32_t)(v * unit[i].ms);
		return r;
	}
	return -EINVAL;
}

int text_mode(const char *s, uint32_t *ret)
{
	uint32_t v = 0;
	size_t n = strlen(s);

	if (n < 1 || n > 5 || (n == 5 && s[0] != '0'))
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '7')
			return -EINVAL;
		v = v * 8 + (uint32_t)(s[i] - '0');
	}
	*ret = v;
	return 0;
}

bool text_is(const char *s, size_t n, const char *word)
{
	return strlen(word) == n && !memcmp(s, word, n);
}

bool text_starts(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

const char *path_next(const char **p, size_t *len)
{
	const char *start = *p;

	while (*start == '/')
		start++;
	if (!*start)
		return NULL;
	*len = strcspn(start, "/");
	*p = start + *len;
	return start;
}

int path_clean(const char *path, char *buf, size_t size)
{
	const char *p = path, *c;
	size_t n = 0, len;

	if (path[0] != '/')
		return -EINVAL;
	while ((c = path_next(&p, &len))) {
		if (text_is(c, len, "."))
			continue;
		if (text_is(c, len, ".."))
			return -EINVAL;
		if (len >= size || n >= size - len - 1)
			return -ENAMETOOLONG;
		buf[n++] = '/';
		memcpy(buf + n, c, len);
		n += len;
	}
	if (n == 0) {
		if (size < 2)
			return -ENAMETOOLONG;
		buf[n++] = '/';
	}
	buf[n] = '\0';
	return 0;
}

bool path_covers(const char *dir, const char *path)
{
	const char *d, *p;
	size_t dlen, plen;

	while ((d = path_next(&dir, &dlen))) {
		p = path_next(&path, &plen);
		if (!p || dlen != plen || memcmp(d, p, dlen) != 0)
			return false;
	}
	return true;
}

const char *path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}
