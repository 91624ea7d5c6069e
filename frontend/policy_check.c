/* `croft policy check`: mistakes and doubtful lines. */
#include <string.h>

#include "common/mem.h"
#include "common/text.h"
#include "frontend/out.h"
#include "frontend/policy_doubts.h"
#include "frontend/policy_tools.h"
#include "policy/load.h"

struct check {
	bool json;
	unsigned errors;
	unsigned warnings;
};

static void put_warning(void *ctx, const struct policy_rule *rule, const char *text)
{
	struct check *k = ctx;

	if (k->json) {
		out("%s\n  {\"file\": ", k->warnings ? "," : "");
		if (rule)
			out_json_string(rule->file);
		else
			out("null");
		out(", \"line\": %u, \"message\": ", rule ? rule->line : 0);
		out_json_string(text);
		out("}");
	} else if (rule) {
		out("%s:%u: warning: %s\n", QUOTE(rule->file), rule->line, text);
	} else {
		out("warning: %s\n", text);
	}
	k->warnings++;
}

/* Into JSON, or, from the second one on, to standard error: main prints the first. */
static void put_error(struct check *k, const struct err *e)
{
	if (k->json) {
		out("%s\n  ", k->errors ? "," : "");
		out_json_string(e->msg);
	} else if (k->errors) {
		note_print("croft", "%s", e->msg);
	}
	k->errors++;
}

/* Every file by itself, so that a mistake in one does not hide those in another. */
static int check_each(struct check *k, const char *const *file, size_t n, struct arena *a, struct err *e)
{
	struct err first;
	struct policy p;

	for (size_t i = 0; i < n; i++) {
		struct arena scratch = *a;
		struct err one;

		if (policy_load_files(&file[i], 1, &scratch, &p, &one) == 0)
			continue;
		if (k->errors == 0)
			first = one;
		put_error(k, &one);
	}
	if (k->errors == 0)
		return 0;
	*e = first;
	return -e->code;
}

static int load(struct check *k, const char *const *file, size_t n, struct policy *ret, struct err *e)
{
	struct arena a;
	int r = mem_arena(POLICY_ARENA, &a);

	if (r < 0)
		return err_set(e, -r, "set memory aside for the policy: %s", strerror(-r));
	if (n == 0) {
		r = policy_load(&a, ret, e);
		if (r < 0)
			put_error(k, e);
		return r;
	}
	r = check_each(k, file, n, &a, e);
	return r < 0 ? r : policy_load_files(file, n, &a, ret, e);
}

static void put_summary(const struct policy *p, size_t files, const struct check *k)
{
	if (p->built_in)
		out(SYSCONFDIR "/croft/policy.conf is not installed: the policy compiled in holds\n");
	out("%zu rule%s", p->nrules, p->nrules == 1 ? "" : "s");
	if (files)
		out(" in %zu file%s", files, files == 1 ? "" : "s");
	out(": no mistakes, %u warning%s\n", k->warnings, k->warnings == 1 ? "" : "s");
}

static int check_json(struct check *k, const char *const *file, size_t n, struct err *e)
{
	struct policy p;
	int r;

	out("{\"errors\": [");
	r = load(k, file, n, &p, e);
	if (r < 0 && k->errors == 0)
		return r; /* not a mistake in the policy */
	out("],\n \"warnings\": [");
	if (r == 0)
		policy_doubts(&p, put_warning, k);
	out("],\n \"valid\": %s}\n", r == 0 ? "true" : "false");
	if (out_flush(e) < 0)
		return -e->code;
	return r == 0 ? 0 : EXIT_CROFT;
}

static int check_text(struct check *k, const char *const *file, size_t n, struct err *e)
{
	struct policy p;
	int r = load(k, file, n, &p, e);

	if (r < 0)
		return r;
	policy_doubts(&p, put_warning, k);
	put_summary(&p, n, k);
	return out_flush(e);
}

static const struct option_row row[] = {
	{"json", 0, NULL, "for programs", tool_set_json},
};
static const struct option_table options = OPTION_TABLE(row);

static int check_main(int argc, char *argv[], struct err *e)
{
	static const char usage[] =
		"Usage: croft policy check [--json] [FILE...]\n"
		"\nLooks for mistakes and doubtful lines in the installed policy, or in FILE, whoever\n"
		"owns it. Exit status: 0 valid (perhaps with warnings), 125 not.\n";
	struct tool_options o = {.policy = NULL};
	struct check k = {.errors = 0};
	const char *const *file;
	int next, r;

	r = tool_parse("policy check", usage, options.row, options.nrows, argc, argv, 0, POLICY_FILES_MAX, &o,
		       &next, e);
	if (r <= 0)
		return r;
	k.json = o.json;
	file = (const char *const *)(argv + next);
	return k.json ? check_json(&k, file, (size_t)(argc - next), e)
		      : check_text(&k, file, (size_t)(argc - next), e);
}

const struct verb policy_check = {
	.name = "check",
	.help = "mistakes and doubtful lines, of the installed files or of FILE",
	.run = check_main,
	.options = &options,
	.operands = "FILE...",
};
