/*
 * policy_tools.h - what the tools of `croft policy` share. Not pure.
 */
#pragma once

#include <stdbool.h>

#include "common/arena.h"
#include "common/err.h"
#include "frontend/options.h"
#include "frontend/verb.h"
#include "policy/decide.h"
#include "policy/policy.h"

enum { TOOL_PATH_MAX = 4096 };

extern const struct verb policy_show, policy_check, policy_explain, policy_test, policy_status;

/* The options that tools have in common; the first member of every tool's own. */
struct tool_options {
	const char *policy; /* a file instead of the installed policy, or NULL */
	bool json;
};

int tool_set_policy(void *ctx, const char *value, struct err *e);
int tool_set_json(void *ctx, const char *value, struct err *e);

/*
 * Parses the options of a tool. Returns 1 and the first operand, or 0 when the help was printed, or -errno:
 * also when there are fewer than min operands or more than max.
 */
int tool_parse(const char *tool, const char *usage, const struct option_row *row, size_t nrows, int argc,
	       char *argv[], int min, int max, void *ctx, int *ret_next, struct err *e);

/* An arena large enough for any policy and the user database, and the policy: the installed one, or the file.
 */
int tool_load(const char *file, struct arena *ret_a, struct policy *ret, struct err *e);

/* A member of a JSON object: "file": ..., "line": ..., "text": ... of a rule. */
void tool_put_rule_json(const struct policy_rule *r);
/* "file:line: rule" */
void tool_put_rule(const struct policy_rule *r);

/* What somebody asks for, from the words KIND and ARG. */
struct asked {
	struct policy_request r;
	char path[TOOL_PATH_MAX];
	bool by_name; /* the path could not be opened: judged by its text, as a directory of root's */
};

/*
 * KIND is a word of policy/rule.h; ARG a word of that kind, or PATH[:OPTION,...] with the options ro, rw,
 * noexec and submounts. A path is opened and resolved as whoever runs this; where that fails and by_name is
 * set, its text is taken.
 */
int asked_parse(const char *kind, const char *arg, bool by_name, struct asked *ret, struct err *e);
