/* `croft policy`: the tools around the policy, and `show`. */
#include <errno.h>
#include <string.h>

#include "common/mem.h"
#include "common/text.h"
#include "common/userdb.h"
#include "frontend/out.h"
#include "frontend/policy_tools.h"
#include "frontend/verb.h"
#include "policy/load.h"
#include "policy/rule.h"

static const char verb_usage[] = "Usage: croft policy show [--json]\n"
				 "       croft policy check [FILE...]\n"
				 "       croft policy explain [--user USER] KIND ARG\n"
				 "       croft policy test FILE\n"
				 "       croft policy status [--json]\n"
				 "\n"
				 "What the administrator allows: croft-policy(5).\n";
static const char verb_more[] = "\n'croft policy TOOL --help' has the options of each.\n";

/* ---- shared ---- */

int tool_set_policy(void *ctx, const char *value, struct err *e)
{
	struct tool_options *o = ctx;

	if (!*value)
		return err_set(e, EINVAL, "expected a file name");
	o->policy = value;
	return 0;
}

int tool_set_json(void *ctx, const char *value, struct err *e)
{
	struct tool_options *o = ctx;

	(void)e;
	o->json = option_on(value);
	return 0;
}

int tool_parse(const char *tool, const char *usage, const struct option_row *row, size_t nrows, int argc,
	       char *argv[], int min, int max, void *ctx, int *ret_next, struct err *e)
{
	char help[4096];
	int next, r = options_parse(tool, row, nrows, argc, argv, ctx, &next, e);

	if (r == -ECANCELED) {
		options_help(usage, row, nrows, help, sizeof(help));
		return verb_help(help, e);
	}
	if (r < 0)
		return r;
	if (argc - next < min || argc - next > max) {
		err_set(e, EINVAL, argc - next < min ? "an operand is missing" : "too many operands");
		return err_hint(e, "Try 'croft %s --help'", tool);
	}
	*ret_next = next;
	return 1;
}

int tool_load(const char *file, struct arena *ret_a, struct policy *ret, struct err *e)
{
	struct arena a;
	int r = mem_arena((size_t)POLICY_ARENA + 4 * (size_t)USERDB_BYTES_MAX, &a);

	if (r < 0)
		return err_set(e, -r, "set memory aside for the policy: %s", strerror(-r));
	r = file ? policy_load_files(&file, 1, &a, ret, e) : policy_load(&a, ret, e);
	if (r == 0)
		*ret_a = a;
	return r;
}

void tool_put_rule(const struct policy_rule *r)
{
	char text[POLICY_TEXT_MAX];

	out("%s:%u: ", QUOTE(r->file), r->line);
	out_text(policy_rule_text(r, text, sizeof(text)));
}

void tool_put_rule_json(const struct policy_rule *r)
{
	char text[POLICY_TEXT_MAX];

	out("\"file\": ");
	out_json_string(r->file);
	out(", \"line\": %u, \"text\": ", r->line);
	out_json_string(policy_rule_text(r, text, sizeof(text)));
}

/* ---- show ---- */

static void show_text(const struct policy *p)
{
	char text[POLICY_TEXT_MAX];

	if (p->built_in)
		out("# The policy compiled in: " SYSCONFDIR "/croft/policy.conf is not installed.\n");
	out("version 1\n");
	for (size_t i = 0; i < p->nrules; i++) {
		out_text(policy_rule_text(&p->rule[i], text, sizeof(text)));
		out("  # %s:%u\n", QUOTE(p->rule[i].file), p->rule[i].line);
	}
}

static void show_json(const struct policy *p)
{
	out("{\"built_in\": %s, \"rules\": [", p->built_in ? "true" : "false");
	for (size_t i = 0; i < p->nrules; i++) {
		out("%s\n  {", i ? "," : "");
		tool_put_rule_json(&p->rule[i]);
		out("}");
	}
	out("\n]}\n");
}

static const struct option_row show_row[] = {
	{"policy", 0, "FILE", "this file instead of the installed policy", tool_set_policy},
	{"json", 0, NULL, "for programs", tool_set_json},
};
static const struct option_table show_options = OPTION_TABLE(show_row);

static int show_main(int argc, char *argv[], struct err *e)
{
	static const char usage[] =
		"Usage: croft policy show [--policy FILE] [--json]\n"
		"\nPrints the rules in force, always in the same form, and where each one stands.\n";
	struct tool_options o = {.policy = NULL};
	struct policy p;
	struct arena a;
	int next, r;

	r = tool_parse("policy show", usage, show_options.row, show_options.nrows, argc, argv, 0, 0, &o,
		       &next, e);
	if (r <= 0)
		return r;
	r = tool_load(o.policy, &a, &p, e);
	if (r < 0)
		return r;
	if (o.json)
		show_json(&p);
	else
		show_text(&p);
	return out_flush(e);
}

const struct verb policy_show = {
	.name = "show",
	.help = "the rules in force, and where each one stands",
	.run = show_main,
	.options = &show_options,
};

/* ---- the verb ---- */

static const struct verb *const tool[] = {&policy_show, &policy_check,  &policy_explain,
					  &policy_test, &policy_status, NULL};

static int policy_main(int argc, char *argv[], struct err *e)
{
	const struct verb *v = argc >= 2 ? verb_find(tool, argv[1]) : NULL;
	char text[2048];

	if (argc >= 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		verb_list(verb_usage, tool, verb_more, text, sizeof(text));
		return verb_help(text, e);
	}
	if (v)
		return v->run(argc - 1, argv + 1, e);
	if (argc < 2)
		err_set(e, EINVAL, "policy: expected show, check, explain, test or status");
	else
		err_set(e, EINVAL, "policy: expected show, check, explain, test or status, found '%s'",
			QUOTE(argv[1]));
	return err_hint(e, "Try 'croft policy --help'");
}

const struct verb verb_policy = {
	.name = "policy",
	.help = "show, check, explain and test the policy, and say what it is worth here",
	.run = policy_main,
	.word = tool,
};
