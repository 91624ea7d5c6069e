/*
 * Lines of the input: a list of ports for --tcp-bind, a list for the same option a second time, and what
 * stands behind --publish. A list is what it says, in ascending order, each port once, and the policy's
 * parser takes it when its ports ascend; a published port is read back from what was understood.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frontend/network.h"
#include "frontend/run_options.h"
#include "frontend/run_setters.h"
#include "policy/parse.h"
#include "tests/fuzz/fuzz.h"
#include "tests/reference/nobody.h"

enum { BYTES_MAX = 4096, PORT_MAX = 65535 };

/* Marks the ports of a list, digit by digit. False: it is none. */
static bool mark(const char *list, bool *there)
{
	if (!strcmp(list, "none"))
		return true;
	for (;; list++) {
		unsigned long port = 0;
		size_t digits = 0;

		if (*list == '0')
			return false;
		for (; *list >= '0' && *list <= '9'; list++, digits++)
			port = port > PORT_MAX ? port : port * 10 + (unsigned long)(*list - '0');
		if (!digits || !port || port > PORT_MAX || (*list && *list != ','))
			return false;
		there[port] = true;
		if (!*list)
			return true;
	}
}

static size_t marked(const bool *there)
{
	size_t n = 0;

	for (unsigned i = 0; i <= PORT_MAX; i++)
		n += there[i];
	return n;
}

static void must_be_listed(const struct run_options *o, const bool *there)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i <= PORT_MAX; i++) {
		if (!there[i])
			continue;
		MUST(n < o->ntcp_bind && o->tcp_bind[n] == i);
		n++;
	}
	MUST(n == o->ntcp_bind);
}

static bool look_at_list(struct run_options *o, const char *list, bool *there)
{
	struct err e = {0};
	bool good = mark(list, there);
	int r = set_tcp_bind(o, list, &e);

	MUST(r == 0 ? good : !good || (r == -E2BIG && marked(there) >= PLAN_PORTS_MAX));
	if (r == 0)
		must_be_listed(o, there);
	else
		fuzz_refused(r, &e);
	return r == 0;
}

/* The policy wants its ports to ascend; else both readers say the same. */
static void look_at_policy(struct run_options *o, const char *list)
{
	struct arena a = fuzz_arena(1 << 16);
	struct policy_rule rule;
	struct policy_rules rules = {.rule = &rule, .max = 1};
	char text[BYTES_MAX + 128];
	struct err e = {0};

	if (strpbrk(list, "\"\\ \t") ||
	    snprintf(text, sizeof(text), "version 1\nallow everyone network host tcp-bind=%s\n", list) >=
		    (int)sizeof(text))
		return;
	if (policy_parse(text, strlen(text), "p", &nobody, &a, &rules, &e) < 0)
		return;
	MUST(rule.tcp && rule.tcp->only_bind && rule.tcp->nbind == o->ntcp_bind);
	for (uint32_t i = 0; i < o->ntcp_bind; i++)
		MUST(rule.tcp->bind[i] == o->tcp_bind[i]);
}

static void look_at_published(struct run_options *o, const char *value)
{
	struct sockaddr_storage at;
	struct err e = {0};
	int r = set_publish(o, value, &e);
	const struct plan_port *p = &o->port[0];
	char text[BYTES_MAX + 64];

	if (r != 0) {
		fuzz_refused(r, &e);
		return;
	}
	MUST(o->nports == 1 && p->host_port >= 1 && p->host_port <= PORT_MAX && p->port >= 1 &&
	     p->port <= PORT_MAX && p->address[0]);
	snprintf(text, sizeof(text),
		 strspn(p->address, "0123456789.") < strlen(p->address) ? "[%s]:%u:%u%s" : "%s:%u:%u%s",
		 p->address, p->host_port, p->port, p->protocol == PLAN_UDP ? "/udp" : "/tcp");
	r = set_publish(o, text, &e);
	MUST(r == 0 && !strcmp(o->port[1].address, p->address) && o->port[1].host_port == p->host_port &&
	     o->port[1].port == p->port && o->port[1].protocol == p->protocol);
	MUST(network_parse(p->address, p->host_port, &at) <= (socklen_t)sizeof(at));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct run_options o;
	static bool there[PORT_MAX + 1];
	struct arena a = fuzz_arena(1 << 20);
	char *line[3];

	if (size > BYTES_MAX)
		return 0;
	for (size_t i = 0; i < 3; i++)
		line[i] = fuzz_line(&data, &size);
	memset(&o, 0, sizeof(o));
	memset(there, 0, sizeof(there));
	o.a = &a;
	if (line[0] && look_at_list(&o, line[0], there)) {
		look_at_policy(&o, line[0]);
		a.used = 0;
		if (line[1])
			look_at_list(&o, line[1], there);
	}
	if (line[2])
		look_at_published(&o, line[2]);
	for (size_t i = 0; i < 3; i++)
		free(line[i]);
	o.a = NULL;
	return 0;
}
