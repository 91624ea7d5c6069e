/* `croft policy status`: what the policy is worth on this host, and why. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/text.h"
#include "frontend/out.h"
#include "frontend/policy_facts.h"
#include "frontend/policy_tools.h"
#include "frontend/privileged.h"
#include "policy/rule.h"

#define KNOB_FILE "/etc/sysctl.d/croft.conf"

struct fact {
	const char *name;
	bool lacks; /* without it the policy is no boundary */
	char found[ERR_MSG_MAX];
	char mend[ERR_HINT_MAX];
};

enum { FACTS_MAX = 6 };

struct status {
	struct policy p;
	struct policy_facts f;
	struct host_facts host;
	struct fact fact[FACTS_MAX];
	size_t n;
	bool json;
};

/* ---- the facts as sentences ---- */

__attribute__((format(printf, 4, 5))) static struct fact *add(struct status *s, const char *name, bool lacks,
							      const char *fmt, ...)
{
	struct fact *f = &s->fact[s->n++];
	va_list ap;

	*f = (struct fact){.name = name, .lacks = lacks};
	va_start(ap, fmt);
	vsnprintf(f->found, sizeof(f->found), fmt, ap);
	va_end(ap);
	return f;
}

static void mend(struct fact *f, const char *text)
{
	snprintf(f->mend, sizeof(f->mend), "%s", text);
}

static void add_userns(struct status *s)
{
	static const char name[] = "user namespaces";
	const struct userns_answer *u = &s->f.userns;
	struct fact *f = NULL;

	switch (u->state) {
	case USERNS_REFUSED:
		add(s, name, false, "refused to ordinary users: %s", u->why);
		return;
	case USERNS_OPEN:
		f = add(s, name, true, "ordinary users may create them, and mount in them without croft");
		break;
	case USERNS_HERE:
		f = add(s, name, true, "refused to this process, but perhaps not to others: %s", u->why);
		break;
	case USERNS_UNKNOWN:
	case USERNS_STATE_COUNT:
		f = add(s, name, true, "it could not be tried whether users may create them: %s", u->why);
		break;
	}
	/* Debian's switch lets privileged programs through. */
	snprintf(f->mend, sizeof(f->mend), "echo %s=0 | sudo tee " KNOB_FILE " && sudo sysctl -p " KNOB_FILE,
		 s->host.userns_clone == HOST_UNKNOWN ? "user.max_user_namespaces"
						      : "kernel.unprivileged_userns_clone");
}

/* Who may start it, for root, who may start everything. */
static const char *who_starts(const struct stat *st, char *buf, size_t size)
{
	if (geteuid() != 0)
		return "you may start it";
	if (st->st_mode & S_IXOTH)
		return "everybody may start it";
	if (!(st->st_mode & S_IXGRP))
		return "nobody but root may start it";
	snprintf(buf, size, "the members of group %u may start it", (unsigned)st->st_gid);
	return buf;
}

static void add_gate(struct status *s)
{
	static const char name[] = "croft-gate";
	const struct program_fact *g = &s->f.gate;
	char who[64];
	struct stat st;

	if (g->set < 0) {
		mend(add(s, name, true, "%s", g->why.msg), g->why.hint);
	} else if (s->f.gate_here.code) {
		mend(add(s, name, false, "it has its privilege, but not here: %s", s->f.gate_here.msg),
		     s->f.gate_here.hint);
	} else if (stat(privileged_gate.path, &st) < 0) {
		add(s, name, true, "look for %s: %s", privileged_gate.path, strerror(errno));
	} else {
		add(s, name, false, "%s %s, and %s", privileged_gate.path,
		    st.st_mode & S_ISUID ? "is setuid root" : "has its capabilities",
		    who_starts(&st, who, sizeof(who)));
	}
}

static void add_policy(struct status *s)
{
	if (s->p.built_in)
		mend(add(s, "policy", true,
			 "none is installed; the one compiled in is nobody's rule, and croft-gate allows "
			 "nothing by it"),
		     "croft policy show >policy.conf && sudo install -D -m 644 policy.conf " SYSCONFDIR
		     "/croft/policy.conf");
	else
		add(s, "policy", false, "valid: %zu rule%s in " SYSCONFDIR "/croft", s->p.nrules,
		    s->p.nrules == 1 ? "" : "s");
}

static void add_mode(struct status *s)
{
	const struct policy_rule *r = policy_enforced(&s->p);

	if (r)
		add(s, "mode", false, "enforced, by %s:%u (%s): croft-gate alone starts sandboxes",
		    QUOTE(r->file), r->line, policy_switch((enum policy_action)r->action)->both);
	else
		add(s, "mode", false,
		    "not enforced: croft starts sandboxes in user namespaces where it can, croft-gate "
		    "elsewhere");
}

static void add_ids(struct status *s)
{
	const struct policy_facts *f = &s->f;

	if (f->idmap.set < 0)
		add(s, "croft-idmap", false, "gives out no subordinate ids: %s", f->idmap.why.msg);
	else
		add(s, "croft-idmap", false, "gives out subordinate ids, as the policy says");
	if (f->level.shadow)
		add(s, "newuidmap", false,
		    "newuidmap and newgidmap give out subordinate ids, too, and ask no policy");
	else
		add(s, "newuidmap", false, "newuidmap and newgidmap are not there, or without privilege");
}

/* ---- output ---- */

static void put_text(const struct status *s)
{
	char sentence[LEVEL_SENTENCE_MAX];
	enum policy_level level = policy_level(&s->f.level);

	out("%-16s  %s: %s\n", "level", policy_level_word[level],
	    policy_level_sentence(&s->f.level, sentence));
	for (size_t i = 0; i < s->n; i++) {
		const struct fact *f = &s->fact[i];

		out("%-16s  %s\n", f->name, f->found);
		if (f->mend[0])
			out("%-16s  %s: %s\n", "", f->lacks ? "for a boundary" : "mend", f->mend);
	}
}

static void put_json(const struct status *s)
{
	const struct policy_rule *r = policy_line(&s->p, POLICY_REQUIRED);
	char sentence[LEVEL_SENTENCE_MAX];

	out("{\"level\": \"%s\", \"boundary\": %s, \"sentence\": ",
	    policy_level_word[policy_level(&s->f.level)], policy_level_lacks(&s->f.level) ? "false" : "true");
	out_json_string(policy_level_sentence(&s->f.level, sentence));
	out(",\n \"required\": ");
	if (r) {
		out("{");
		tool_put_rule_json(r);
		out("}");
	} else {
		out("null");
	}
	out(",\n \"facts\": [");
	for (size_t i = 0; i < s->n; i++) {
		out("%s\n  {\"name\": \"%s\", \"lacks\": %s, \"found\": ", i ? "," : "", s->fact[i].name,
		    s->fact[i].lacks ? "true" : "false");
		out_json_string(s->fact[i].found);
		out(", \"mend\": ");
		out_json_string(s->fact[i].mend);
		out("}");
	}
	out("\n]}\n");
}

/* ---- the tool ---- */

static int look(struct status *s, struct err *e)
{
	struct arena a;

	if (tool_load(NULL, &a, &s->p, e) < 0)
		return e->hint[0] ? -e->code : err_hint(e, "croft policy check");
	host_facts_read(&s->host);
	policy_facts_read(&s->p, &s->host, &s->f);
	add_userns(s);
	add_gate(s);
	add_policy(s);
	add_mode(s);
	add_ids(s);
	return 0;
}

static const struct option_row row[] = {
	{"json", 0, NULL, "for programs", tool_set_json},
};
static const struct option_table options = OPTION_TABLE(row);

static int status_main(int argc, char *argv[], struct err *e)
{
	static const char usage[] =
		"Usage: croft policy status [--json]\n"
		"\nWhat the installed policy is worth on this host, and why: advice, ids, boundary or\n"
		"boundary-ids. Exit status: 0, 1 where the policy says `require boundary` and the host\n"
		"gives less, 125 an error.\n";
	static struct status s;
	struct tool_options o = {.policy = NULL};
	struct err lacking = {.code = 0};
	int next, r;

	r = tool_parse("policy status", usage, options.row, options.nrows, argc, argv, 0, 0, &o, &next, e);
	if (r <= 0)
		return r;
	r = look(&s, e);
	if (r < 0)
		return r;
	if (o.json)
		put_json(&s);
	else
		put_text(&s);
	r = out_flush(e);
	if (r < 0 || policy_facts_require(&s.p, &s.f, &lacking) == 0)
		return r;
	if (!o.json)
		note_print("croft", "%s", lacking.msg);
	return 1;
}

const struct verb policy_status = {
	.name = "status",
	.help = "what the policy is worth on this host, and why",
	.run = status_main,
	.options = &options,
};
