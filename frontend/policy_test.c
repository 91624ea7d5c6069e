/* `croft policy test`: the policy's answers against a file of expectations. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/text.h"
#include "frontend/caller.h"
#include "frontend/out.h"
#include "frontend/policy_tools.h"
#include "policy/load.h"
#include "policy/names.h"
#include "policy/words.h"

enum { NOBODY = UINT32_MAX - 1 }; /* an id that no line names: "everyone" */

struct tester {
	struct policy p;
	struct arena a;
	struct names names;
	struct lines lines;
	struct words words;
	unsigned expected;
	unsigned failed;
	bool json;
	struct err *e;
};

#define MISTAKE(t, w, ...) lines_error(&(t)->lines, (w)->column, (t)->e, __VA_ARGS__)

/* ---- WHO ---- */

static int caller_of_group(struct tester *t, const struct word *w, struct policy_caller *c)
{
	struct policy_resolver names = names_resolver(&t->names);
	uint32_t gid;
	int r = text_id(w->s, &gid);

	if (r < 0)
		r = names.find(names.ctx, WHO_GROUP, w->s, &gid, t->e);
	if (r == -ENOENT)
		return MISTAKE(t, w, "no group '%s' in /etc/group", QUOTE(w->s));
	if (r < 0)
		return r;
	c->gid = gid;
	return 0;
}

/* Somebody whom only `everyone` names, the members of a group too, or a real user. Returns the number of
 * words. */
static int parse_who(struct tester *t, const struct word *w, size_t n, struct arena *a,
		     struct policy_caller *c)
{
	int r;

	*c = (struct policy_caller){.uid = NOBODY, .gid = NOBODY};
	if (!strcmp(w->s, "everyone"))
		return 1;
	if (strcmp(w->s, "user") != 0 && strcmp(w->s, "group") != 0)
		return MISTAKE(t, w, "expected everyone, user or group, found '%s'", QUOTE(w->s));
	if (n < 2)
		return lines_error(&t->lines, t->words.column, t->e, "expected the name or number of a %s",
				   w->s);
	if (!strcmp(w->s, "group"))
		r = caller_of_group(t, w + 1, c);
	else
		r = caller_of_user(w[1].s, a, c, t->e);
	if (r == -ENOENT)
		return MISTAKE(t, w + 1, "no user '%s'", QUOTE(w[1].s));
	return r < 0 ? r : 2;
}

/* ---- a line ---- */

static void report(struct tester *t, bool allow, const struct policy_verdict *v,
		   const struct policy_caller *c, const struct asked *ask, const char *what)
{
	struct err why;

	if (v->allowed)
		snprintf(why.msg, sizeof(why.msg), "%s: allowed by %s:%u", QUOTE(what), QUOTE(v->rule->file),
			 v->rule->line);
	else
		policy_refuse(v, c, &ask->r, what, what, &why);
	if (t->json) {
		out("%s\n  {\"line\": %u, \"expected\": \"%s\", \"message\": ", t->failed ? "," : "",
		    t->lines.line, allow ? "allow" : "deny");
		out_json_string(why.msg);
		out("}");
	} else {
		out("%s:%u: expected %s: %s\n", QUOTE(t->lines.file), t->lines.line, allow ? "allow" : "deny",
		    why.msg);
	}
	t->failed++;
}

static void compare(struct tester *t, bool allow, const struct policy_caller *c, const struct asked *ask,
		    const char *what)
{
	struct policy_verdict v = policy_decide(&t->p, c, &ask->r);

	if (ask->by_name && !t->json)
		out("%s:%u: note: %s cannot be opened here: judged by its name, as a directory of root's\n",
		    QUOTE(t->lines.file), t->lines.line, QUOTE(ask->path));
	t->expected++;
	if (v.allowed != allow)
		report(t, allow, &v, c, ask, what);
}

static int check_line(struct tester *t)
{
	const struct word *w = t->words.word;
	struct arena scratch = t->a; /* of this line alone */
	size_t n = t->words.n;
	char what[TOOL_PATH_MAX + 32];
	struct policy_caller c;
	struct asked ask;
	int used;

	if (strcmp(w->s, "expect") != 0)
		return MISTAKE(t, w, "expected 'expect', found '%s'", QUOTE(w->s));
	if (n < 5)
		return lines_error(&t->lines, t->words.column, t->e,
				   "expected: expect allow|deny WHO KIND ARG");
	if (strcmp(w[1].s, "allow") != 0 && strcmp(w[1].s, "deny") != 0)
		return MISTAKE(t, w + 1, "expected allow or deny, found '%s'", QUOTE(w[1].s));
	used = parse_who(t, w + 2, n - 2, &scratch, &c);
	if (used < 0)
		return used;
	w += 2 + used;
	if (n != 4 + (size_t)used)
		return lines_error(&t->lines, t->words.column, t->e,
				   "expected: expect allow|deny WHO KIND ARG");
	if (asked_parse(w[0].s, w[1].s, true, &ask, t->e) < 0)
		return err_wrap(t->e, "%s:%u:%u", QUOTE(t->lines.file), t->lines.line, w->column);
	snprintf(what, sizeof(what), "%s %s", w[0].s, w[1].s);
	compare(t, t->words.word[1].s[0] == 'a', &c, &ask, what);
	return 0;
}

/* ---- the file ---- */

static int read_file(const char *file, struct arena *a, struct lines *ret, struct err *e)
{
	fd_auto int fd = open(file, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	char *text = arena_alloc(a, POLICY_BYTES_MAX);
	ssize_t n;

	if (fd < 0)
		return err_sys(e, "open %s", QUOTE(file));
	if (!text)
		return err_set(e, ENOMEM, "%s does not fit into the memory set aside", QUOTE(file));
	n = fd_read_all(fd, text, POLICY_BYTES_MAX);
	if (n < 0)
		return err_set(e, (int)-n, "read %s: %s", QUOTE(file), strerror((int)-n));
	*ret = (struct lines){.file = file, .next = text, .end = text + n};
	return 0;
}

static int check_lines(struct tester *t)
{
	int r = 1;

	if (t->json)
		out("{\"failures\": [");
	while (r > 0) {
		r = lines_next(&t->lines, &t->words, t->e);
		if (r > 0 && check_line(t) < 0)
			return -t->e->code;
	}
	if (r == 0 && t->expected == 0)
		return err_set(t->e, EINVAL, "%s holds no expectation", QUOTE(t->lines.file));
	return r;
}

static int finish(struct tester *t)
{
	int r;

	if (t->json)
		out("\n], \"expected\": %u, \"failed\": %u}\n", t->expected, t->failed);
	else
		out("%u expectation%s, %u failed\n", t->expected, t->expected == 1 ? "" : "s", t->failed);
	r = out_flush(t->e);
	return r < 0 ? r : t->failed > 0;
}

static const struct option_row row[] = {
	{"policy", 0, "FILE", "this file instead of the installed policy", tool_set_policy},
	{"json", 0, NULL, "for programs", tool_set_json},
};
static const struct option_table options = OPTION_TABLE(row);

static int test_main(int argc, char *argv[], struct err *e)
{
	static const char usage[] = "Usage: croft policy test [--policy FILE] FILE\n"
				    "\nFILE holds lines `expect allow|deny WHO KIND ARG`, for example\n"
				    "  expect deny  everyone   volume /etc:rw\n"
				    "  expect allow user alice volume /srv/data:ro\n"
				    "Exit status: 0 all as expected, 1 not all, 125 an error.\n";
	struct tool_options o = {.policy = NULL};
	struct tester t = {.e = e};
	int next, r;

	r = tool_parse("policy test", usage, options.row, options.nrows, argc, argv, 1, 1, &o, &next, e);
	if (r <= 0)
		return r;
	t.json = o.json;
	names_init(&t.names, "/etc/passwd", "/etc/group");
	r = tool_load(o.policy, &t.a, &t.p, e);
	if (r == 0)
		r = read_file(argv[next], &t.a, &t.lines, e);
	if (r == 0)
		r = check_lines(&t);
	names_close(&t.names);
	return r < 0 ? r : finish(&t);
}

const struct verb policy_test = {
	.name = "test",
	.help = "compare the answers with a file of expectations",
	.run = test_main,
	.options = &options,
	.operands = "FILE",
};
