#include <errno.h>
#include <string.h>

#include "common/text.h"
#include "frontend/run_options.h"
#include "frontend/run_setters.h"

int set_network(void *ctx, const char *value, struct err *e)
{
	static const char *const word[PLAN_NETWORK_COUNT] = {"none", "host", "user"};

	(void)e;
	for (int i = 0; i < PLAN_NETWORK_COUNT; i++)
		if (!strcmp(value, word[i]))
			((struct run_options *)ctx)->network = (enum plan_network)i;
	return 0;
}

/* --- --publish -------------------------------------------------------------------------------- */

static int port_number(const char *s, size_t n, uint32_t *ret)
{
	uint32_t v;

	if (text_u32n(s, n, &v) < 0 || v < 1 || v > 65535)
		return -EINVAL;
	*ret = v;
	return 0;
}

/* The length of an address before the last two numbers: with a colon in it, it stands in brackets. */
static size_t address_length(const char *s, size_t n)
{
	const char *close = memchr(s, ']', n);

	if (s[0] == '[')
		return close ? (size_t)(close - s) + 1 : 0;
	return strspn(s, "0123456789.");
}

/* [ADDR:]HOST:SANDBOX without the protocol. */
static int parse_port(struct run_options *o, const char *s, size_t n, struct plan_port *ret)
{
	const char *colon = memchr(s, ':', n), *last = colon;

	if (!colon)
		return -EINVAL;
	for (const char *p = colon; p < s + n; p++)
		if (*p == ':')
			last = p;
	if (last != colon || s[0] == '[') {
		size_t address = address_length(s, n);
		bool bracket = s[0] == '[';

		if (address == 0 || address >= n || s[address] != ':')
			return -EINVAL;
		ret->address = arena_copy(o->a, s + bracket, address - 2 * (size_t)bracket);
		if (!ret->address || !ret->address[0])
			return -EINVAL;
		s += address + 1;
		n -= address + 1;
		colon = memchr(s, ':', n);
		if (!colon)
			return -EINVAL;
	}
	if (port_number(s, (size_t)(colon - s), &ret->host_port) < 0)
		return -EINVAL;
	return port_number(colon + 1, n - (size_t)(colon + 1 - s), &ret->port);
}

int set_publish(void *ctx, const char *value, struct err *e)
{
	struct run_options *o = ctx;
	struct plan_port port = {.protocol = PLAN_TCP, .address = "127.0.0.1"};
	const char *slash = strchr(value, '/');
	size_t n = slash ? (size_t)(slash - value) : strlen(value);

	if (slash && !strcmp(slash, "/udp"))
		port.protocol = PLAN_UDP;
	else if (slash && strcmp(slash, "/tcp") != 0)
		return err_set(e, EINVAL, "%s is not a protocol, /tcp or /udp", QUOTE(slash));
	if (parse_port(o, value, n, &port) < 0)
		return err_set(e, EINVAL, "%s is not [ADDRESS:]HOST:SANDBOX[/udp] with ports from 1 to 65535",
			       QUOTE(value));
	if (o->nports == PLAN_PORTS_MAX)
		return err_set(e, E2BIG, "given more than %d times", PLAN_PORTS_MAX);
	o->port[o->nports++] = port;
	return 0;
}

/* --- restricted ports ---------------------------------------------------------------------------- */

/* Into its place in ascending order; one that is there stays once. */
static int add_port(uint32_t *list, uint32_t *n, uint32_t port, struct err *e)
{
	uint32_t i = *n;

	if (*n == PLAN_PORTS_MAX)
		return err_set(e, E2BIG, "more than %d ports", PLAN_PORTS_MAX);
	for (; i > 0 && list[i - 1] >= port; i--)
		if (list[i - 1] == port)
			return 0;
	memmove(&list[i + 1], &list[i], (*n - i) * sizeof(*list));
	list[i] = port;
	++*n;
	return 0;
}

/* PORT[,PORT...], or none. */
static int port_list(const char *value, uint32_t *list, uint32_t *n, struct err *e)
{
	if (!strcmp(value, "none"))
		return 0;
	for (const char *p = value;; p++) {
		size_t k = strcspn(p, ",");
		uint32_t port;

		if (port_number(p, k, &port) < 0)
			return err_set(e, EINVAL, "%s is not a list of ports from 1 to 65535, or none",
				       QUOTE(value));
		if (add_port(list, n, port, e) < 0)
			return -e->code;
		p += k;
		if (!*p)
			return 0;
	}
}

int set_tcp_bind(void *ctx, const char *value, struct err *e)
{
	struct run_options *o = ctx;

	o->tcp |= PLAN_TCP_BIND;
	return port_list(value, o->tcp_bind, &o->ntcp_bind, e);
}

int set_tcp_connect(void *ctx, const char *value, struct err *e)
{
	struct run_options *o = ctx;

	o->tcp |= PLAN_TCP_CONNECT;
	return port_list(value, o->tcp_connect, &o->ntcp_connect, e);
}
