#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "common/caps.h"
#include "common/fd.h"
#include "common/ids.h"
#include "common/text.h"
#include "frontend/idmap.h"
#include "frontend/out.h"
#include "frontend/prepare.h"
#include "frontend/run_help.h"
#include "frontend/run_json.h"
#include "frontend/run_options.h"
#include "frontend/verb.h"
#include "policy/rule.h"
#include "sandbox/pin.h"
#include "sandbox/plan_fields.h"
#include "sandbox/seccomp_variant.h"

/* --- JSON: the plan, field by field ---------------------------------------------------------- */

static void json_fields(const struct plan_field *f, size_t n, const void *base);

static void json_strings(const struct plan_strings *s)
{
	out("[");
	for (uint32_t i = 0; i < s->count; i++) {
		out(i ? ", " : "");
		out_json_string(s->item[i]);
	}
	out("]");
}

static void json_list(const struct plan_list *l, const void *at)
{
	struct plan_items of;

	memcpy(&of, at, sizeof(of));
	out("[");
	for (uint32_t i = 0; i < of.count; i++) {
		out(i ? ",\n    " : "\n    ");
		json_fields(l->field, l->nfields, (const char *)of.item + i * l->size);
	}
	out("]");
}

static void json_numbers(const struct plan_numbers *l)
{
	out("[");
	for (uint32_t i = 0; i < l->count; i++)
		out("%s%" PRIu32, i ? ", " : "", l->item[i]);
	out("]");
}

static void json_blob(const struct plan_blob *b)
{
	out("\"");
	for (uint32_t i = 0; i < b->count; i++)
		out("%02x", b->item[i]);
	out("\"");
}

static void json_u32(const struct plan_field *f, uint32_t v)
{
	if (f->words && v < f->nwords)
		out_json_string(f->words[v]);
	else
		out("%" PRIu32, v);
}

static void json_value(const struct plan_field *f, const char *at)
{
	switch (f->type) {
	case PLAN_U32:
		json_u32(f, *(const uint32_t *)at);
		return;
	case PLAN_I32:
		out("%" PRId32, *(const int32_t *)at);
		return;
	case PLAN_U64:
		out("%" PRIu64, *(const uint64_t *)at);
		return;
	case PLAN_STR:
		out_json_string(*(const char *const *)at);
		return;
	case PLAN_STRINGS:
		json_strings((const struct plan_strings *)at);
		return;
	case PLAN_NUMBERS:
		json_numbers((const struct plan_numbers *)at);
		return;
	case PLAN_BLOB:
		json_blob((const struct plan_blob *)at);
		return;
	case PLAN_LIST:
		json_list(f->list, at);
		return;
	}
}

static void json_fields(const struct plan_field *f, size_t n, const void *base)
{
	out("{");
	for (size_t i = 0; i < n; i++) {
		out("%s\"%s\": ", i ? ", " : "", f[i].name);
		json_value(&f[i], (const char *)base + f[i].offset);
	}
	out("}");
}

/* --- text ---------------------------------------------------------------------------------------- */

struct answer {
	bool asked; /* the policy was asked */
	struct policy_verdict verdict;
	struct sandbox_masks masks;
	struct err e; /* code 0: allowed */
};

static void print_rule(const struct answer *a)
{
	if (a->asked && a->e.code)
		out("   REFUSED: %s", a->e.msg);
	else if (a->asked && a->verdict.rule)
		out("   [%s:%" PRIu32 "]", a->verdict.rule->file, a->verdict.rule->line);
	out("\n");
	for (uint32_t i = 0; i < a->masks.n; i++)
		out("    covered  %s\n", QUOTE(a->masks.place[i]));
}

static const char *mode_words(const struct plan_op *op)
{
	static const char *const word[] = {"rw", "ro", "rw,noexec", "ro,noexec"};

	return word[(op->flags & OPF_READ_ONLY ? 1 : 0) + (op->flags & OPF_NOEXEC ? 2 : 0)];
}

static void print_op(const struct plan_op *op, const struct answer *a)
{
	out("  %-9s  %s", plan_op_list.field[0].words[op->kind], QUOTE(op->target));
	if (op->source[0] && strcmp(op->source, op->target) != 0)
		out(" <- %s", QUOTE(op->source));
	if (op->kind == OP_VOLUME || op->kind == OP_CONF || op->kind == OP_MIRROR)
		out(" (%s)", mode_words(op));
	if (op->kind == OP_TMPFS)
		out(" (mode %" PRIo32 ", %" PRIu64 " MiB, %s)", op->mode, op->size >> 20, mode_words(op));
	print_rule(a);
}

static void print_extents(const char *what, const struct id_extent *x, int n, const struct policy_rule *rule)
{
	for (int i = 0; i < n; i++)
		out("             %s %" PRIu32 "-%" PRIu32 " inside = %" PRIu32 "-%" PRIu32 "\n", what,
		    x[i].inside, x[i].inside + (x[i].count - 1), x[i].outside,
		    x[i].outside + (x[i].count - 1));
	if (rule)
		out("             %ss computed by the ids rule %s:%" PRIu32 "\n", what, QUOTE(rule->file),
		    rule->line);
}

static void print_ids(const struct prepared *p, const struct answer *a)
{
	static struct idmap_extents x;
	const struct plan *plan = &p->plan;
	const struct idmap_request req = {
		.map = (enum plan_map)plan->map, .own_uid = plan->own_uid, .own_gid = plan->own_gid};
	const char *by = plan->gate ? ", made by croft-gate" : "";
	struct err e;

	if (plan->map == PLAN_MAP_SELF) {
		out("ids          you (%u:%u) alone, as %" PRIu32 ":%" PRIu32 " inside%s\n", p->caller.uid,
		    p->caller.gid, plan->own_uid, plan->own_gid, by);
		return;
	}
	if (plan->map == PLAN_MAP_NONE) {
		out("ids          you (%u:%u) as you are, without a user namespace%s\n", p->caller.uid,
		    p->caller.gid, by);
		return;
	}
	out("ids          %s%s",
	    plan->map == PLAN_MAP_ISOLATED ? "subordinate ids without you" : "you and your subordinate ids",
	    by);
	print_rule(a);
	if (idmap_extents(&req, &x, &e) < 0) {
		out("             not to be had: %s\n", e.msg);
		return;
	}
	print_extents("uid", x.uid, x.nuid, x.uid_rule);
	print_extents("gid", x.gid, x.ngid, x.gid_rule);
}

static void print_caps(uint64_t caps)
{
	out("capabilities");
	for (unsigned cap = 0; cap < 64; cap++)
		if (caps & CAP_BIT(cap) && caps_name(cap))
			out(" %s", caps_name(cap) + strlen("CAP_"));
	out(caps ? "\n" : " none\n");
}

static void print_filter(const struct plan *p)
{
	static const char *const word[SECCOMP_VARIANT_COUNT] = {
		"the default",
		"the default, which leaves mounts and namespaces to CAP_SYS_ADMIN",
		"the default, which leaves mounts and namespaces, user namespaces too",
	};
	enum seccomp_variant v = seccomp_variant(p->caps, p->allow_userns);

	switch ((enum plan_seccomp)p->seccomp) {
	case PLAN_SECCOMP_DEFAULT:
		out("system calls %s (%" PRIu32 " instructions)\n", word[v], seccomp_filter[v].count);
		return;
	case PLAN_SECCOMP_PROGRAM:
		out("system calls as your program says (%zu instructions)\n",
		    p->seccomp_program.count / sizeof(struct sock_filter));
		return;
	case PLAN_SECCOMP_UNCONFINED:
	case PLAN_SECCOMP_COUNT:
		out("system calls all\n");
		return;
	}
}

static void print_command(const struct plan *p)
{
	out("command     ");
	for (uint32_t i = 0; i < p->argv.count; i++)
		out(" %s", QUOTE(p->argv.item[i]));
	out(p->argv.count ? "\n" : " /bin/bash -l, else /bin/sh -l\n");
	out("as           %s (%" PRIu32 ":%" PRIu32 ") in %s, %s\n", QUOTE(p->user), p->uid, p->gid,
	    QUOTE(p->cwd), p->init ? "below croft's init" : "as pid 1");
	for (uint32_t i = 0; i < p->env.count; i++)
		out("  env        %s\n", QUOTE(p->env.item[i]));
}

/* --- the verb -------------------------------------------------------------------------------------- */

static void ask(struct prepared *p, int op, struct answer *a)
{
	const struct plan *plan = &p->plan;
	fd_auto int fd = -1;
	bool plain;

	if (op < 0 ? false : !pin_wanted(&plan->ops.item[op]) || !(plan->ops.item[op].flags & OPF_ASKED))
		return;
	a->asked = true;
	if (op >= 0 || plan->root_kind != PLAN_ROOT_HOST)
		fd = pin_open(plan, op, &plain, &a->e);
	if (a->e.code == 0)
		vet_object(&p->vet, plan, op, fd, &p->a, &a->verdict, &a->masks, &a->e);
}

static void keep_first(struct err *first, const struct err *e)
{
	if (e->code && !first->code)
		*first = *e;
}

/* What is no object, each with its rule. */
static void print_wanted(const struct prepared *p)
{
	struct vet_wanted wanted[VET_WANTED_MAX];
	size_t n = vet_wanted(&p->plan, wanted);

	for (size_t i = 0; i < n; i++) {
		struct answer a = {.asked = true};

		vet_word(&p->vet, wanted[i].kind, wanted[i].word, &p->plan, &a.verdict, &a.e);
		out("%-12s %s", policy_kind_word[wanted[i].kind], wanted[i].word);
		print_rule(&a);
	}
}

static void print_ports(const struct plan *p)
{
	for (uint32_t i = 0; i < p->ports.count; i++) {
		const struct plan_port *port = &p->ports.item[i];
		bool colon = strchr(port->address, ':') != NULL;

		out("  port       %s%s%s:%" PRIu32 " of the host -> %" PRIu32 "/%s inside\n",
		    colon ? "[" : "", QUOTE(port->address), colon ? "]" : "", port->host_port, port->port,
		    port->protocol == PLAN_UDP ? "udp" : "tcp");
	}
}

/* Each with where it comes from; the last line says when this host cannot keep to them. */
static void print_limits(const struct prepared *p)
{
	static struct limits_row rows[LIMITS_ROWS_MAX];
	size_t n = limits_rows(&p->plan, rows);
	struct err e = {0};

	for (size_t i = 0; i < n; i++) {
		enum policy_limit which = rows[i].given;
		const struct policy_rule *rule = which < POLICY_LIMIT_COUNT ? p->given.rule[which] : NULL;

		out("limit        %s: %s", rows[i].name, rows[i].value);
		if (rule)
			out("   [%s:%" PRIu32 "]", rule->file, rule->line);
		out("\n");
	}
	if (n && limits_check(&p->plan, &p->given, &e) < 0)
		out("             not to be had: %s\n", e.msg);
}

static void print_text(struct prepared *p, struct err *refused)
{
	const struct plan *plan = &p->plan;
	struct answer a = {0}, ids = {.asked = true};

	ask(p, -1, &a);
	keep_first(refused, &a.e);
	out("root         %s%s%s%s", plan->root_kind == PLAN_ROOT_HOST ? "host" : QUOTE(plan->root),
	    plan->root_kind == PLAN_ROOT_SQUASHFS ? " (squashfs)"
	    : plan->root_kind == PLAN_ROOT_EROFS  ? " (erofs)"
						  : "",
	    plan->root_read_only ? " (read-only)" : "", plan->ephemeral ? " (ephemeral)" : "");
	print_rule(&a);
	for (uint32_t i = 0; i < plan->ops.count; i++) {
		struct answer each = {0};

		ask(p, (int)i, &each);
		keep_first(refused, &each.e);
		print_op(&plan->ops.item[i], &each);
	}
	vet_word(&p->vet, POLICY_IDS, "subordinate", plan, &ids.verdict, &ids.e);
	print_ids(p, &ids);
	print_wanted(p);
	print_ports(plan);
	print_limits(p);
	out("host name    %s\n", plan->hostname);
	print_caps(plan->caps);
	print_filter(plan);
	print_command(plan);
}

static int print_json(struct prepared *p, struct err *refused, struct err *e)
{
	const char *run;

	if (run_json(&p->words, &p->a, &run, e) < 0)
		return -e->code;
	for (int i = -1; i < (int)p->plan.ops.count; i++) {
		struct answer a = {0};

		ask(p, i, &a);
		keep_first(refused, &a.e);
	}
	out("{\"allowed\": %s, \"refusal\": ", refused->code ? "false" : "true");
	if (refused->code)
		out_json_string(refused->msg);
	else
		out("null");
	out(",\n  \"plan\": ");
	json_fields(plan_field, plan_nfields, &p->plan);
	out(",\n  \"run\": ");
	out_text(run);
	out("}\n");
	return 0;
}

static int plan_main(int argc, char *argv[], struct err *e)
{
	static struct prepared p; /* large */
	struct err refused;
	int r = prepare(argc, argv, &p, e);

	if (r == -ECANCELED)
		return run_help("plan", e);
	if (r < 0)
		return r;
	refused = p.refused;
	if (!p.options.json)
		print_text(&p, &refused);
	else if (print_json(&p, &refused, e) < 0)
		return -e->code;
	if (out_flush(e) < 0)
		return -e->code;
	if (refused.code) {
		*e = refused;
		return -e->code;
	}
	return 0;
}

const struct verb verb_plan = {
	.name = "plan",
	.help = "print what run would do, and which rule allows it",
	.run = plan_main,
	.options = &run_options,
	.operands = "ROOT COMMAND",
};
