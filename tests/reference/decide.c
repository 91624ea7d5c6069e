#include "tests/reference/decide.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* ---- lists of components ---------------------------------------------------------------------- */

enum { PARTS_MAX = 2200, TEXT_MAX = 8192 };

struct parts {
	char text[TEXT_MAX];
	const char *part[PARTS_MAX];
	size_t n;
};

static void take_apart(const char *path, struct parts *ret)
{
	char *save = NULL;

	ret->n = 0;
	snprintf(ret->text, sizeof(ret->text), "%s", path);
	for (char *s = strtok_r(ret->text, "/", &save); s; s = strtok_r(NULL, "/", &save))
		ret->part[ret->n++] = s;
}

/* A home that is no place of the caller's: %h then covers nothing, or everything. */
static bool home_of(const struct policy_caller *c, bool unknown, struct parts *ret)
{
	if (!c->home || c->home[0] != '/')
		return false;
	take_apart(c->home, ret);
	for (size_t i = 0; i < ret->n; i++)
		if (!strcmp(ret->part[i], ".") || !strcmp(ret->part[i], ".."))
			return false;
	return unknown || ret->n > 0;
}

static bool name_of(const struct policy_caller *c)
{
	return c->name && c->name[0] && !strchr(c->name, '/') && strcmp(c->name, ".") != 0 &&
	       strcmp(c->name, "..") != 0;
}

/* The component with each %% made one percent sign. */
static bool literal(const char *pattern, const char *part)
{
	char plain[TEXT_MAX];
	size_t n = 0;

	for (const char *s = pattern; *s; s++) {
		plain[n++] = *s;
		if (s[0] == '%' && s[1] == '%')
			s++;
	}
	plain[n] = '\0';
	return !strcmp(plain, part);
}

static bool is_number(const char *part, uint32_t number)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", number);
	return !strcmp(text, part);
}

static bool fits(const char *pattern, const struct policy_caller *c, bool unknown, const char *part)
{
	if (!strcmp(pattern, "*"))
		return true;
	if (!strcmp(pattern, "%u"))
		return name_of(c) ? !strcmp(c->name, part) : unknown;
	if (!strcmp(pattern, "%U"))
		return is_number(part, c->uid);
	if (!strcmp(pattern, "%g"))
		return is_number(part, c->gid);
	return literal(pattern, part);
}

/*
 * The list of the pattern, from `from` on, beside the list of the path: the first difference decides. Home
 * components are literal: no percent sign in them means anything.
 */
static enum reference_place beside(const struct parts *home, const struct parts *pattern,
				   const struct policy_caller *c, bool unknown, const struct parts *path)
{
	size_t all = home->n + pattern->n;

	for (size_t i = 0; i < all; i++) {
		bool of_home = i < home->n;
		const char *want = of_home ? home->part[i] : pattern->part[i - home->n];

		if (!of_home && !strcmp(want, "**"))
			return REFERENCE_COVERED;
		if (i == path->n)
			return REFERENCE_ABOVE;
		if (of_home ? strcmp(want, path->part[i]) != 0 : !fits(want, c, unknown, path->part[i]))
			return REFERENCE_ELSEWHERE;
	}
	return all == path->n ? REFERENCE_COVERED : REFERENCE_ELSEWHERE;
}

enum reference_place reference_match(const char *pattern, const struct policy_caller *c, bool unknown,
				     const char *path)
{
	static struct parts home, want, have;

	home.n = 0;
	if (pattern[0] == '%' && pattern[1] == 'h') {
		if (!home_of(c, unknown, &home))
			return unknown ? REFERENCE_COVERED : REFERENCE_ELSEWHERE;
		pattern += 2;
	}
	take_apart(pattern, &want);
	take_apart(path, &have);
	return beside(&home, &want, c, unknown, &have);
}

/* ---- whom a line names, and what it is about ------------------------------------------------------- */

static bool names(const struct policy_rule *l, const struct policy_caller *c)
{
	bool member = l->id == c->gid;

	for (size_t i = 0; i < c->ngroups; i++)
		member |= c->groups[i] == l->id;
	return l->who == WHO_EVERYONE || (l->who == WHO_USER && l->id == c->uid) ||
	       (l->who == WHO_GROUP && member);
}

static bool asks_for_a_path(const struct policy_request *r)
{
	return r->value[0] == '/' &&
	       (r->kind == POLICY_VOLUME || r->kind == POLICY_ROOT || r->kind == POLICY_DEVICE);
}

/* A path as the kernel resolves it: absolute, no empty, . or .. component. */
static bool resolved(const char *path)
{
	struct parts p;
	char again[TEXT_MAX] = "/";
	size_t n = 0;

	take_apart(path, &p);
	for (size_t i = 0; i < p.n; i++) {
		if (!strcmp(p.part[i], ".") || !strcmp(p.part[i], ".."))
			return false;
		n += (size_t)snprintf(again + n, sizeof(again) - n, "/%s", p.part[i]);
	}
	return !strcmp(again, path);
}

static bool makes_sense(const struct policy_request *r)
{
	bool device = r->kind == POLICY_DEVICE;

	if (!r->value || r->kind >= POLICY_KIND_COUNT || (r->object == OBJECT_DEVICE) != device)
		return false;
	if (r->kernel_fs && !device) /* /dev is one of the kernel's */
		return false;
	if (asks_for_a_path(r))
		return r->object != OBJECT_NONE && resolved(r->value);
	return r->object == OBJECT_NONE && r->kind != POLICY_VOLUME && !device;
}

/* What root in a container of the common engines has without asking: croft-run(1). */
static bool by_default(const char *cap)
{
	static const char *const without_asking[] = {
		"CAP_CHOWN",  "CAP_DAC_OVERRIDE", "CAP_FOWNER",  "CAP_FSETID",           "CAP_KILL",
		"CAP_SETGID", "CAP_SETUID",       "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT",
		"CAP_SETFCAP"};

	for (size_t i = 0; i < sizeof(without_asking) / sizeof(without_asking[0]); i++)
		if (!strcasecmp(cap, without_asking[i]) || !strcasecmp(cap, without_asking[i] + 4))
			return true;
	return false;
}

static enum reference_place place_of(const struct policy_rule *l, const struct policy_caller *c,
				     const struct policy_request *r)
{
	bool line_has_path = l->kind == POLICY_VOLUME || l->kind == POLICY_DEVICE ||
			     (l->kind == POLICY_ROOT && strcmp(l->value, "host") != 0);

	if (line_has_path != asks_for_a_path(r))
		return REFERENCE_ELSEWHERE;
	if (line_has_path)
		return reference_match(l->value, c, l->action == POLICY_DENY, r->value);
	if (!strcmp(l->value, r->value))
		return REFERENCE_COVERED;
	return l->kind == POLICY_CAPABILITY && !strcmp(l->value, "default") && by_default(r->value)
		       ? REFERENCE_COVERED
		       : REFERENCE_ELSEWHERE;
}

static bool owner_is_right(const struct policy_rule *l, const struct policy_caller *c,
			   const struct policy_request *r)
{
	if ((l->conditions & COND_OWNER_CALLER) && r->owner != c->uid)
		return false;
	if ((l->conditions & COND_OWNER_ROOT) && r->owner != 0)
		return false;
	return !r->shared || r->owner == 0;
}

/* ---- ports ------------------------------------------------------------------------------------------ */

static bool has_port(const uint32_t *list, size_t n, uint32_t port)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == port)
			return true;
	return false;
}

/* Asked for port by port, over all there are. */
static bool every_port(bool may_all, const uint32_t *may, size_t nmay, bool wants_all, const uint32_t *wants,
		       size_t nwants)
{
	if (may_all)
		return true;
	if (wants_all)
		return false;
	for (size_t i = 0; i < nwants; i++)
		if (!has_port(may, nmay, wants[i]))
			return false;
	return true;
}

static bool keeps_to_ports(const struct policy_tcp *may, const struct policy_tcp *asked)
{
	static const struct policy_tcp everything;
	const struct policy_tcp *wants = asked ? asked : &everything;

	if (!may)
		return true;
	return every_port(!may->only_bind, may->bind, may->nbind, !wants->only_bind, wants->bind,
			  wants->nbind) &&
	       every_port(!may->only_connect, may->connect, may->nconnect, !wants->only_connect,
			  wants->connect, wants->nconnect);
}

/* ---- the sentences of croft-policy(5) --------------------------------------------------------------------
 */

/* Whether the line is about this caller, and the request about something that there is. */
static bool concerns(const struct policy_rule *l, const struct policy_caller *c,
		     const struct policy_request *r)
{
	return l->kind == r->kind && names(l, c) && makes_sense(r);
}

/* Whether the pattern is one place of the caller's, which can be covered. */
static bool can_be_named(const char *pattern, const struct policy_caller *c)
{
	static struct parts p;

	if (pattern[0] == '%' && pattern[1] == 'h') {
		if (!home_of(c, true, &p))
			return false;
		pattern += 2;
	}
	take_apart(pattern, &p);
	for (size_t i = 0; i < p.n; i++)
		if (!strcmp(p.part[i], "*") || (!strcmp(p.part[i], "%u") && !name_of(c)))
			return false;
	return true;
}

bool reference_denies(const struct policy_rule *l, const struct policy_caller *c,
		      const struct policy_request *r)
{
	bool only_writing = l->rights & RIGHT_WRITE;

	if (!concerns(l, c, r) || (only_writing && !(r->rights & RIGHT_WRITE)))
		return false;
	switch (place_of(l, c, r)) {
	case REFERENCE_COVERED:
		return owner_is_right(l, c, r);
	case REFERENCE_ABOVE:
		return r->object == OBJECT_DIRECTORY &&
		       !((l->conditions & COND_MASK) && can_be_named(l->value, c));
	case REFERENCE_ELSEWHERE:
		break;
	}
	return false;
}

bool reference_grants(const struct policy_rule *l, const struct policy_caller *c,
		      const struct policy_request *r)
{
	if (!concerns(l, c, r) || place_of(l, c, r) != REFERENCE_COVERED || !owner_is_right(l, c, r))
		return false;
	if ((r->rights & RIGHT_WRITE) && !(l->rights & RIGHT_WRITE))
		return false;
	if ((r->rights & RIGHT_EXEC) && !(l->rights & RIGHT_EXEC))
		return false;
	if (r->submounts && !(l->conditions & COND_SUBMOUNTS))
		return false;
	if (r->object == OBJECT_SOCKET && !(l->conditions & COND_SOCKETS))
		return false;
	if (r->shared && !(l->conditions & COND_SHARED))
		return false;
	if (r->overlay && !(l->conditions & COND_OVERLAY))
		return false;
	return keeps_to_ports(l->tcp, r->tcp);
}

bool reference_allows(const struct policy *p, const struct policy_caller *c, const struct policy_request *r)
{
	size_t granting = 0, denying = 0;

	for (size_t i = 0; i < p->nrules; i++) {
		const struct policy_rule *l = &p->rule[i];

		granting += l->action == POLICY_ALLOW && reference_grants(l, c, r);
		denying += l->action == POLICY_DENY && reference_denies(l, c, r);
	}
	return granting > 0 && denying == 0;
}
