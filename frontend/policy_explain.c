/* `croft policy explain`: the answer, and the lines that gave it. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/subid.h"
#include "common/text.h"
#include "frontend/caller.h"
#include "frontend/idmap.h"
#include "frontend/out.h"
#include "frontend/policy_tools.h"
#include "policy/match.h"
#include "policy/rule.h"

struct explain_options {
	struct tool_options tool;
	const char *user;
};

struct explain {
	struct policy p;
	struct policy_caller c;
	struct asked ask;
	struct policy_verdict v;
	const char *kind;
	const char *arg;
	struct err refusal; /* where it is not allowed */
};

static int set_user(void *ctx, const char *value, struct err *e)
{
	struct explain_options *o = ctx;

	(void)e;
	o->user = value;
	return 0;
}

/* ---- the nearest line ---- */

static const struct policy_rule *first_that(const struct explain *x, bool for_anybody)
{
	for (size_t i = 0; i < x->p.nrules; i++) {
		struct policy_rule r = x->p.rule[i];

		if (for_anybody)
			r.who = WHO_EVERYONE;
		if (policy_judge(&r, &x->c, &x->ask.r) == REASON_ALLOWED)
			return &x->p.rule[i];
	}
	return NULL;
}

/* The allow line whose path goes furthest along with the one asked for. */
static const struct policy_rule *closest_path(const struct explain *x)
{
	const struct policy_rule *best = NULL;
	size_t most = 0;

	for (size_t i = 0; i < x->p.nrules; i++) {
		const struct policy_rule *r = &x->p.rule[i];
		size_t n;

		if (r->action != POLICY_ALLOW || r->kind != x->ask.r.kind || !policy_is_path(r))
			continue;
		n = pattern_common(r->value, &x->c, x->ask.r.value);
		if (n > most) {
			most = n;
			best = r;
		}
	}
	return best;
}

/* The line that would have allowed it, and what is between: NULL where there is none. */
static const struct policy_rule *nearest(const struct explain *x, const char **ret_but)
{
	const struct policy_rule *r = NULL;

	switch ((enum policy_reason)x->v.reason) {
	case REASON_DENIED:
	case REASON_DENIED_BELOW:
		*ret_but = "allows it, but a deny line wins";
		return first_that(x, false);
	case REASON_RIGHTS:
		*ret_but = "grants less than was asked for";
		return x->v.rule;
	case REASON_OWNER:
		*ret_but = "wants another owner";
		return x->v.rule;
	case REASON_NO_RULE:
		*ret_but = "allows it to others";
		r = first_that(x, true);
		if (r || x->ask.r.value[0] != '/')
			return r;
		*ret_but = "is for another path";
		return closest_path(x);
	case REASON_KERNEL_FS:
	case REASON_DEVICE:
	case REASON_MASKED:
	case REASON_ALLOWED:
	case POLICY_REASON_COUNT:
		break;
	}
	return NULL;
}

/* ---- which subordinate ids ---- */

static void put_rule(const char *key, const struct policy_rule *r)
{
	out(",\n \"%s\": ", key);
	if (!r) {
		out("null");
		return;
	}
	out("{");
	tool_put_rule_json(r);
	out("}");
}

/* One of the two files, where ids subordinate was asked for and is allowed. */
struct side {
	const char *file;
	const char *what; /* "uids" */
};

static const struct side side[] = {{"/etc/subuid", "uids"}, {"/etc/subgid", "gids"}};

static bool wants_ids(const struct explain *x)
{
	return x->v.allowed && x->ask.r.kind == POLICY_IDS && !strcmp(x->ask.r.value, "subordinate");
}

static int find_ids(const struct explain *x, const struct side *s, struct subordinate *ret, struct err *e)
{
	int r = subid_other_source("/etc/nsswitch.conf", e);

	if (r > 0)
		return err_set(e, ENOTSUP,
			       "as the source says that nsswitch.conf names; no ids rule counts beside it");
	if (r == 0)
		r = idmap_ranges(s->file, &x->p, &x->c, ret, e);
	if (r == 0 && ret->n == 0)
		r = err_set(e, ENOENT, "none: no line in %s, and no ids rule for uid %u", s->file,
			    (unsigned)x->c.uid);
	return r;
}

static void put_ids(const struct explain *x, const struct side *s)
{
	static struct subordinate ids; /* large */
	struct err e;

	if (find_ids(x, s, &ids, &e) < 0) {
		out("%s:     %s\n", s->what, e.msg);
		return;
	}
	for (int i = 0; i < ids.n; i++)
		out("%s:     %u to %u\n", s->what, ids.range[i].start,
		    ids.range[i].start + (ids.range[i].count - 1));
	out("          by ");
	if (ids.rule)
		tool_put_rule(ids.rule);
	else
		out("%s", s->file);
	out("\n");
}

static void put_ids_json(const struct explain *x, const struct side *s)
{
	static struct subordinate ids;
	struct err e;
	int r = find_ids(x, s, &ids, &e);

	out(",\n \"%s\": {\"ranges\": [", s->what);
	for (int i = 0; r == 0 && i < ids.n; i++)
		out("%s{\"first\": %u, \"count\": %u}", i ? ", " : "", ids.range[i].start,
		    ids.range[i].count);
	out("], \"message\": ");
	if (r < 0)
		out_json_string(e.msg);
	else
		out("null");
	put_rule("rule", r < 0 ? NULL : ids.rule);
	out("}");
}

/* ---- text ---- */

static const char *effect_text(enum policy_reason said)
{
	switch (said) {
	case REASON_ALLOWED:
		return "allows it";
	case REASON_DENIED:
		return "denies it";
	case REASON_DENIED_BELOW:
		return "denies something below it";
	case REASON_MASKED:
		return "has something below it covered";
	case REASON_RIGHTS:
		return "grants less";
	case REASON_OWNER:
		return "wants another owner";
	case REASON_NO_RULE:
	case REASON_KERNEL_FS:
	case REASON_DEVICE:
	case POLICY_REASON_COUNT:
		break;
	}
	return "does not match";
}

static const char *object_text(const struct policy_request *r)
{
	switch ((enum policy_object)r->object) {
	case OBJECT_DIRECTORY:
		return "a directory";
	case OBJECT_FILE:
		return "a file";
	case OBJECT_SOCKET:
		return "a socket or FIFO";
	case OBJECT_DEVICE:
		return "a device";
	case OBJECT_NONE:
		break;
	}
	return "no file";
}

static void put_matching(const struct explain *x)
{
	size_t n = 0;

	for (size_t i = 0; i < x->p.nrules; i++) {
		enum policy_reason said = policy_judge(&x->p.rule[i], &x->c, &x->ask.r);

		if (said == REASON_NO_RULE)
			continue;
		if (n++ == 0)
			out("lines:    these match\n");
		out("          ");
		tool_put_rule(&x->p.rule[i]);
		out(": %s\n", effect_text(said));
	}
	if (n == 0)
		out("lines:    none matches\n");
}

static void put_text(const struct explain *x)
{
	const char *but = "";
	const struct policy_rule *near = nearest(x, &but);

	out("asked:    %s %s, ", x->kind, QUOTE(x->arg));
	out("by %s (uid %u)\n", x->c.name ? QUOTE(x->c.name) : "somebody without a name", (unsigned)x->c.uid);
	if (x->ask.r.value[0] == '/')
		out("resolved: %s, %s of uid %u\n", QUOTE(x->ask.r.value), object_text(&x->ask.r),
		    (unsigned)x->ask.r.owner);
	put_matching(x);
	if (x->v.allowed)
		out("verdict:  allowed\n");
	else
		out("verdict:  %s\n", x->refusal.msg);
	for (size_t i = 0; wants_ids(x) && i < sizeof(side) / sizeof(side[0]); i++)
		put_ids(x, &side[i]);
	if (near) {
		out("nearest:  ");
		tool_put_rule(near);
		out(": %s\n", but);
	}
}

/* ---- JSON ---- */

static const char *reason_word(const struct policy_verdict *v)
{
	switch ((enum policy_reason)v->reason) {
	case REASON_ALLOWED:
		return "allowed";
	case REASON_DENIED:
		return "denied";
	case REASON_DENIED_BELOW:
		return "denied-below";
	case REASON_MASKED:
		return "masked";
	case REASON_RIGHTS:
		return "rights";
	case REASON_OWNER:
		return "owner";
	case REASON_KERNEL_FS:
		return "kernel-file-system";
	case REASON_DEVICE:
		return "device";
	case REASON_NO_RULE:
	case POLICY_REASON_COUNT:
		break;
	}
	return "no-rule";
}

static void put_string(const char *key, const char *value)
{
	out(", \"%s\": ", key);
	if (value)
		out_json_string(value);
	else
		out("null");
}

static void put_json(const struct explain *x)
{
	const char *but, *comma = "";
	const struct policy_rule *near = nearest(x, &but);

	out("{\"allowed\": %s, \"reason\": \"%s\"", x->v.allowed ? "true" : "false", reason_word(&x->v));
	put_string("kind", x->kind);
	put_string("asked", x->arg);
	put_string("resolved", x->ask.r.value);
	put_string("user", x->c.name);
	out(", \"uid\": %u", (unsigned)x->c.uid);
	put_string("message", x->v.allowed ? NULL : x->refusal.msg);
	put_rule("rule", x->v.rule);
	put_rule("nearest", near);
	for (size_t i = 0; wants_ids(x) && i < sizeof(side) / sizeof(side[0]); i++)
		put_ids_json(x, &side[i]);
	out(",\n \"matching\": [");
	for (size_t i = 0; i < x->p.nrules; i++) {
		struct policy_verdict one = {.rule = &x->p.rule[i]};

		one.reason = (uint8_t)policy_judge(one.rule, &x->c, &x->ask.r);
		if (one.reason == REASON_NO_RULE)
			continue;
		out("%s\n  {\"effect\": \"%s\", ", comma, reason_word(&one));
		tool_put_rule_json(one.rule);
		out("}");
		comma = ",";
	}
	out("\n]}\n");
}

/* ---- the tool ---- */

static int answer(const struct explain_options *o, struct explain *x, struct err *e)
{
	char what[TOOL_PATH_MAX + 32];
	struct arena a;
	int r = tool_load(o->tool.policy, &a, &x->p, e);

	if (r == 0)
		r = o->user ? caller_of_user(o->user, &a, &x->c, e) : caller_get(&a, &x->c, e);
	if (r == 0)
		r = asked_parse(x->kind, x->arg, false, &x->ask, e);
	if (r < 0)
		return r;
	x->v = policy_decide(&x->p, &x->c, &x->ask.r);
	snprintf(what, sizeof(what), "%s %s", x->kind, x->arg);
	if (!x->v.allowed)
		policy_refuse(&x->v, &x->c, &x->ask.r, what, x->arg, &x->refusal);
	return 0;
}

static const struct option_row row[] = {
	{"user", 0, "USER", "the answer for this user, by name or number (paths are looked up as you)",
	 set_user},
	{"policy", 0, "FILE", "this file instead of the installed policy", tool_set_policy},
	{"json", 0, NULL, "for programs", tool_set_json},
};
static const struct option_table options = OPTION_TABLE(row);

/* The names of policy_kind_word[], and what asked_parse() takes behind them. */
static const struct verb about[] = {
	[POLICY_VOLUME] = {.name = "volume",
			   .help = "a directory or file; rw where neither is given",
			   .operands = "PATH[:ro|rw|noexec|submounts,...]"},
	[POLICY_ROOT] = {.name = "root",
			 .help = "a root file system",
			 .operands = "host|PATH[:ro|rw|submounts|shared|overlay,...]"},
	[POLICY_DEVICE] = {.name = "device", .help = "a device of the host", .operands = "PATH"},
	[POLICY_IDS] = {.name = "ids",
			.help = "subordinate ids; setgroups(2) with them",
			.operands = "subordinate|setgroups"},
	[POLICY_NETWORK] = {.name = "network",
			    .help = "a network; ports of the host that lead into it",
			    .operands = "none|host|user|publish"},
	[POLICY_SECCOMP] = {.name = "seccomp",
			    .help = "no filter of system calls, or another one",
			    .operands = "unconfined|custom"},
	[POLICY_LANDLOCK] = {.name = "landlock", .help = "no second wall around files", .operands = "off"},
	[POLICY_PROC] = {.name = "proc", .help = "all of /proc and /sys", .operands = "unmasked"},
	[POLICY_USERNS] = {.name = "userns", .help = "user namespaces inside", .operands = "inside"},
	[POLICY_CAPABILITY] = {.name = "capability",
			       .help = "a capability inside a sandbox of croft-gate",
			       .operands = "default|CAP"},
};
static_assert(sizeof(about) / sizeof(about[0]) == POLICY_KIND_COUNT, "every kind can be asked for");

static const struct verb *const kind[] = {&about[POLICY_VOLUME],
					  &about[POLICY_ROOT],
					  &about[POLICY_DEVICE],
					  &about[POLICY_IDS],
					  &about[POLICY_NETWORK],
					  &about[POLICY_SECCOMP],
					  &about[POLICY_LANDLOCK],
					  &about[POLICY_PROC],
					  &about[POLICY_USERNS],
					  &about[POLICY_CAPABILITY],
					  NULL};
static_assert(sizeof(kind) / sizeof(kind[0]) == POLICY_KIND_COUNT + 1, "and is in the list");

static int explain_main(int argc, char *argv[], struct err *e)
{
	static const char before[] = "Usage: croft policy explain [--user USER] KIND ARG\n"
				     "\nKIND ARG is one of\n";
	static const char after[] = "Exit status: 0 allowed, 1 denied, 125 an error.\n";
	struct explain_options o = {.user = NULL};
	struct explain x = {.v = {.allowed = false}};
	char usage[1024];
	int next, r;

	verb_list(before, kind, after, usage, sizeof(usage));
	r = tool_parse("policy explain", usage, options.row, options.nrows, argc, argv, 2, 2, &o, &next, e);
	if (r <= 0)
		return r;
	x.kind = argv[next];
	x.arg = argv[next + 1];
	r = answer(&o, &x, e);
	if (r < 0)
		return r;
	if (o.tool.json)
		put_json(&x);
	else
		put_text(&x);
	r = out_flush(e);
	return r < 0 ? r : !x.v.allowed;
}

const struct verb policy_explain = {
	.name = "explain",
	.help = "whether something is allowed, and the line that says so",
	.run = explain_main,
	.options = &options,
	.word = kind,
};
