#include "frontend/resolv.h"

#include <string.h>

#include "common/text.h"

struct writer {
	char *buf;
	size_t used, servers;
	const char *forward;
	resolv_local_fn *local;
	bool seen_ipv4;
};

/* A word of a line. */
struct word {
	const char *at;
	size_t len;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\0';
}

/* The word from *at on, which moves behind it; blanks before it are skipped. */
static struct word next_word(const char *line, size_t len, size_t *at)
{
	struct word w;

	while (*at < len && is_blank(line[*at]))
		++*at;
	w.at = line + *at;
	while (*at < len && !is_blank(line[*at]))
		++*at;
	w.len = (size_t)(line + *at - w.at);
	return w;
}

static void put(struct writer *out, const char *s, size_t n)
{
	memcpy(out->buf + out->used, s, n);
	out->used += n;
}

static void put_server(struct writer *out, const char *address, size_t len)
{
	static const char name[] = "nameserver ";

	put(out, name, sizeof(name) - 1);
	put(out, address, len);
	put(out, "\n", 1);
	out->servers++;
}

/* With a scope (fe80::1%eth0) it is on an interface of the host's. */
static bool can_be_reached(const struct writer *out, const struct word *w)
{
	char address[RESOLV_ADDRESS_MAX];

	if (w->len >= sizeof(address) || memchr(w->at, '%', w->len))
		return false;
	memcpy(address, w->at, w->len);
	address[w->len] = '\0';
	return !out->local(address);
}

static void server(struct writer *out, const struct word *w)
{
	bool ipv4 = !memchr(w->at, ':', w->len), first = ipv4 && !out->seen_ipv4;

	if (w->len == 0)
		return;
	out->seen_ipv4 = out->seen_ipv4 || ipv4;
	if (can_be_reached(out, w))
		put_server(out, w->at, w->len);
	else if (first)
		put_server(out, out->forward, strlen(out->forward));
}

static void take_line(struct writer *out, const char *line, size_t len)
{
	static const char *const kept[] = {"search", "domain", "options", "sortlist"};
	size_t at = 0;
	const struct word key = next_word(line, len, &at);

	if (memchr(line, '\0', len))
		return; /* no text: a plan's strings hold none */
	if (text_is(key.at, key.len, "nameserver")) {
		const struct word address = next_word(line, len, &at);

		server(out, &address);
		return;
	}
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (text_is(key.at, key.len, kept[i])) {
			put(out, line, len);
			put(out, "\n", 1);
		}
}

const char *resolv_make(const char *text, size_t size, const char *forward, resolv_local_fn *local,
			struct arena *a)
{
	/* A line grows by its missing end at most, but one for the forwarder, which comes once here or there.
	 */
	struct writer out = {
		.buf = arena_alloc(a, size + strlen(forward) + 64), .forward = forward, .local = local};

	if (!out.buf)
		return NULL;
	while (size > 0) {
		const char *end = memchr(text, '\n', size);
		size_t len = end ? (size_t)(end - text) : size;

		take_line(&out, text, len);
		text += len + (end ? 1 : 0);
		size -= len + (end ? 1 : 0);
	}
	if (out.servers == 0)
		put_server(&out, forward, strlen(forward));
	out.buf[out.used] = '\0';
	return out.buf;
}
