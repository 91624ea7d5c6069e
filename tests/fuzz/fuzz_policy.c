/*
 * The input is a policy. It is refused with a place and a sentence, or: each rule as text is that rule again;
 * every decision is the reference's; the order of lines changes none; one line less denies or allows no more
 * than it may. Strings end where their blocks do, so that a decision that looks beyond its facts is noticed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "policy/decide.h"
#include "policy/match.h"
#include "policy/parse.h"
#include "policy/rule.h"
#include "tests/fuzz/fuzz.h"
#include "tests/reference/decide.h"

enum { RULES_MAX = 20, BYTES_MAX = 1 << 12, PATH_SIZE = 8192 };

static int find(void *ctx, enum policy_who who, const char *name, uint32_t *ret, struct err *e)
{
	(void)ctx;
	if (!strcmp(name, "unreadable"))
		return err_set(e, EIO, "the user database cannot be read");
	if (strcmp(name, who == WHO_USER ? "alice" : "research") != 0)
		return -ENOENT;
	*ret = who == WHO_USER ? 1000 : 300;
	return 0;
}

static const struct policy_resolver names = {.find = find};

static int parse(const char *text, size_t size, struct arena *a, struct policy_rule *rule, size_t *ret_n,
		 struct err *e)
{
	struct policy_rules rules = {.rule = rule, .max = RULES_MAX};
	int r = policy_parse(text, size, "p", &names, a, &rules, e);

	*ret_n = rules.n;
	return r;
}

/* A line that was refused is refused whatever stands behind it, and where it says. */
static void must_be_placed(int r, const struct err *e)
{
	fuzz_refused(r, e);
	MUST(!strncmp(e->msg, "p:", 2));
}

/* ---- rule, text, rule ---------------------------------------------------------------------- */

static bool same_ports(const struct policy_tcp *a, const struct policy_tcp *b)
{
	if (!a || !b)
		return a == b;
	return a->only_bind == b->only_bind && a->only_connect == b->only_connect && a->nbind == b->nbind &&
	       a->nconnect == b->nconnect &&
	       (!a->nbind || !memcmp(a->bind, b->bind, a->nbind * sizeof(*a->bind))) &&
	       (!a->nconnect || !memcmp(a->connect, b->connect, a->nconnect * sizeof(*a->connect)));
}

static bool same_rule(const struct policy_rule *a, const struct policy_rule *b)
{
	if (a->action != b->action || a->kind != b->kind || a->who != b->who || a->rights != b->rights ||
	    a->conditions != b->conditions || a->id != b->id || a->limit != b->limit)
		return false;
	if (!a->value != !b->value || (a->value && strcmp(a->value, b->value) != 0))
		return false;
	if (!a->ids != !b->ids || (a->ids && memcmp(a->ids, b->ids, sizeof(*a->ids)) != 0))
		return false;
	return same_ports(a->tcp, b->tcp);
}

static void text_means_the_same(const struct policy_rule *rule)
{
	static _Alignas(max_align_t) char memory[1 << 16];
	static struct policy_rule again[RULES_MAX];
	static char line[POLICY_TEXT_MAX], text[POLICY_TEXT_MAX + 32];
	struct arena a = {.base = memory, .size = sizeof(memory)};
	struct err e;
	size_t n;

	snprintf(text, sizeof(text), "version 1\n%s\n", policy_rule_text(rule, line, sizeof(line)));
	MUST(parse(text, strlen(text), &a, again, &n, &e) == 0);
	MUST(n == 1);
	MUST(same_rule(rule, &again[0]));
}

/* ---- requests ------------------------------------------------------------------------------ */

typedef void seen_fn(void *ctx, const struct policy_caller *c, const struct policy_request *r);

static void ask_path(enum policy_kind kind, const char *path, const struct policy_caller *c, seen_fn *fn,
		     void *ctx)
{
	static const uint8_t object[] = {OBJECT_DIRECTORY, OBJECT_FILE, OBJECT_SOCKET, OBJECT_DEVICE};
	char *value = fuzz_copy(path, strlen(path));

	for (unsigned i = 0; i < 48; i++) {
		const struct policy_request r = {.kind = (uint8_t)kind,
						 .rights = (uint8_t)(i % 4),
						 .object = object[i / 4 % 4],
						 .owner = i % 3 ? 1000 : 0,
						 .shared = kind == POLICY_ROOT && i / 16 == 1,
						 .overlay = kind == POLICY_ROOT && i / 16 == 1 && i % 2,
						 .submounts = i / 16 == 2,
						 .value = value};

		fn(ctx, c, &r);
	}
	free(value);
}

static void ask_word(const struct policy_rule *rule, const struct policy_caller *c, seen_fn *fn, void *ctx)
{
	static const uint32_t some[] = {22, 80};
	static const struct policy_tcp few = {.only_bind = true,
					      .only_connect = true,
					      .nbind = 1,
					      .nconnect = 2,
					      .bind = some,
					      .connect = some};
	char *value = fuzz_copy(rule->value, strlen(rule->value));
	struct policy_request r = {.kind = rule->kind, .value = value};

	fn(ctx, c, &r);
	r.tcp = rule->tcp;
	fn(ctx, c, &r);
	r.tcp = &few;
	fn(ctx, c, &r);
	r.value = rule->kind == POLICY_CAPABILITY ? "CAP_CHOWN" : "none";
	fn(ctx, c, &r);
	free(value);
}

/* A path that the pattern covers, or nearly: each * is `x`. */
static bool example(const char *pattern, const struct policy_caller *c, char *path)
{
	size_t n = 0;

	for (const char *s = pattern; *s && n + 80 < PATH_SIZE; s++) {
		const char *insert = NULL;

		if (s[0] == '%' && s[1])
			insert = s[1] == 'h'   ? c->home
				 : s[1] == 'u' ? c->name
				 : s[1] == 'U' ? "1000"
				 : s[1] == 'g' ? "100"
					       : "%";
		else if (*s == '*')
			insert = "x";
		if (s[0] == '%' && !insert)
			return false;
		if (!insert) {
			path[n++] = *s;
			continue;
		}
		s += s[0] == '%' || s[1] == '*';
		n += (size_t)snprintf(path + n, PATH_SIZE - n, "%.60s", insert);
	}
	path[n] = '\0';
	return path[0] == '/';
}

/* What a rule is about, something below it, and every directory above it. */
static void ask_about(const struct policy_rule *rule, const struct policy_caller *c, seen_fn *fn, void *ctx)
{
	static char path[PATH_SIZE + 8];
	char *slash;

	if (!rule->value)
		return;
	if (!policy_is_path(rule)) {
		ask_word(rule, c, fn, ctx);
		return;
	}
	if (!example(rule->value, c, path))
		return;
	ask_path((enum policy_kind)rule->kind, path, c, fn, ctx);
	strcat(path, "/y");
	while (ask_path((enum policy_kind)rule->kind, path, c, fn, ctx), (slash = strrchr(path, '/')) != path)
		*slash = '\0';
	ask_path((enum policy_kind)rule->kind, "/", c, fn, ctx);
}

/* ---- what must hold -------------------------------------------------------------------------- */

struct world {
	struct policy policy;                 /* as written */
	struct policy_rule turned[RULES_MAX]; /* the other way round */
	struct policy_rule fewer[RULES_MAX];
	size_t turn;
};

static bool decides(const struct policy_rule *rule, size_t n, const struct policy_caller *c,
		    const struct policy_request *r)
{
	const struct policy p = {.rule = rule, .nrules = n};
	struct policy_verdict v = policy_decide(&p, c, r);

	MUST(v.allowed == (v.reason == REASON_ALLOWED));
	MUST(!v.allowed || v.rule);
	MUST(v.reason != REASON_MASKED);
	return v.allowed;
}

/* Without a line that denies no less is allowed, without one that allows no more, without another the same.
 */
static void one_line_less(struct world *w, size_t i, bool allowed, const struct policy_caller *c,
			  const struct policy_request *r)
{
	size_t n = w->policy.nrules;
	bool without;

	memcpy(w->fewer, w->policy.rule, i * sizeof(*w->fewer));
	memcpy(w->fewer + i, w->policy.rule + i + 1, (n - i - 1) * sizeof(*w->fewer));
	without = decides(w->fewer, n - 1, c, r);
	if (w->policy.rule[i].action == POLICY_ALLOW)
		MUST(allowed || !without);
	else if (w->policy.rule[i].action == POLICY_DENY)
		MUST(without || !allowed);
	else
		MUST(without == allowed);
}

/* What is covered in an object lies in it, and is not the object itself. */
static int see_mask(void *ctx, const struct policy_rule *line, const char *place)
{
	const struct policy_request *r = ctx;

	MUST(line->action == POLICY_DENY && line->conditions & COND_MASK);
	MUST(path_is_clean(place) && path_covers(r->value, place) && strcmp(place, r->value) != 0);
	return 0;
}

/* The lines take turns with being the one that is left out. */
static void holds(void *ctx, const struct policy_caller *c, const struct policy_request *r)
{
	struct world *w = ctx;
	size_t n = w->policy.nrules;
	bool allowed = decides(w->policy.rule, n, c, r);

	MUST(allowed == reference_allows(&w->policy, c, r));
	MUST(allowed == decides(w->turned, n, c, r));
	MUST(!allowed || policy_masks(&w->policy, c, r, see_mask, (void *)(uintptr_t)r) == 0);
	one_line_less(w, w->turn++ % n, allowed, c, r);
}

static void all_callers(struct world *w)
{
	gid_t *groups = fuzz_block((const gid_t[]){300}, sizeof(gid_t));
	char *name = fuzz_copy("alice", 5), *home = fuzz_copy("/home/alice", 11);
	const struct policy_caller caller[] = {
		{.uid = 1000, .gid = 100, .groups = groups, .ngroups = 1, .name = name, .home = home},
		{.uid = 1000, .gid = 100, .groups = groups + 1, .ngroups = 0},
	};

	for (size_t i = 0; i < w->policy.nrules; i++)
		for (size_t k = 0; k < sizeof(caller) / sizeof(caller[0]); k++)
			ask_about(&w->policy.rule[i], &caller[k], holds, w);
	free(groups);
	free(name);
	free(home);
}

/* The strings of the rules in blocks of their own. */
static void with_own_strings(struct policy_rule *rule, size_t n, bool take)
{
	for (size_t i = 0; i < n; i++) {
		if (!rule[i].value)
			continue;
		if (take)
			rule[i].value = fuzz_copy(rule[i].value, strlen(rule[i].value));
		else
			free((char *)(uintptr_t)rule[i].value);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct policy_rule rule[RULES_MAX];
	static struct world w;
	struct arena a = fuzz_arena(1 << 20);
	struct err e = {0};
	size_t n;
	int r;

	if (size > BYTES_MAX)
		return 0;
	r = parse((const char *)data, size, &a, rule, &n, &e);
	if (r != 0) {
		must_be_placed(r, &e);
		return 0;
	}
	MUST(n <= policy_count_lines((const char *)data, size));
	for (size_t i = 0; i < n; i++)
		text_means_the_same(&rule[i]);
	with_own_strings(rule, n, true);
	w.turn = 0;
	w.policy = (struct policy){.rule = rule, .nrules = n};
	for (size_t i = 0; i < n; i++)
		w.turned[i] = rule[n - 1 - i];
	all_callers(&w);
	with_own_strings(rule, n, false);
	return 0;
}
