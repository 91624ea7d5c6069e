#include "policy/parse.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"
#include "policy/ids_rule.h"
#include "policy/match.h"
#include "policy/rule.h"
#include "policy/words.h"

struct parser {
	struct lines lines;
	struct words words;
	size_t at; /* the next word */
	const struct policy_resolver *names;
	struct arena *a;
	struct err *e;
};

#define MISTAKE(p, column, ...) lines_error(&(p)->lines, (column), (p)->e, __VA_ARGS__)

static int no_memory(struct parser *p)
{
	return err_set(p->e, ENOMEM, "%s:%u: the policy does not fit into the memory set aside",
		       QUOTE(p->lines.file), p->lines.line);
}

static const struct word *peek(const struct parser *p)
{
	return p->at < p->words.n ? &p->words.word[p->at] : NULL;
}

/* The next word; without one, the mistake that it is missing. */
static const struct word *take(struct parser *p, const char *expected)
{
	if (p->at < p->words.n)
		return &p->words.word[p->at++];
	MISTAKE(p, p->words.column, "expected %s, found the end of the line", expected);
	return NULL;
}

static int unexpected(struct parser *p, const struct word *w, const char *expected)
{
	return MISTAKE(p, w->column, "expected %s, found '%s'", expected, *w->s ? QUOTE(w->s) : "");
}

/* The index of w in the table, or -1. */
static int index_of(const struct word *w, const char *const *word, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(w->s, word[i]))
			return (int)i;
	return -1;
}

/* ---- who ---- */

static int parse_id(struct parser *p, const struct word *w, struct policy_rule *r)
{
	const char *what = r->who == WHO_USER ? "user" : "group";
	int found = text_id(w->s, &r->id);

	if (found == 0)
		return 0;
	if (strspn(w->s, "0123456789") == strlen(w->s))
		return MISTAKE(p, w->column,
			       "expected a %s id from 0 to 4294967294 without leading zeros, found '%s'",
			       what, QUOTE(w->s));
	found = p->names->find(p->names->ctx, (enum policy_who)r->who, w->s, &r->id, p->e);
	if (found == -ENOENT)
		return MISTAKE(p, w->column, "no %s '%s' in /etc/%s: expected a name from there, or a number",
			       what, QUOTE(w->s), r->who == WHO_USER ? "passwd" : "group");
	if (found < 0)
		return err_wrap(p->e, "%s:%u:%u", QUOTE(p->lines.file), p->lines.line, w->column);
	r->name = arena_copy(p->a, w->s, strlen(w->s));
	return r->name ? 0 : no_memory(p);
}

static int parse_who(struct parser *p, struct policy_rule *r)
{
	static const char expected[] = "everyone, user or group";
	static const char *const word[] = {
		[WHO_EVERYONE] = "everyone", [WHO_USER] = "user", [WHO_GROUP] = "group"};
	const struct word *w = take(p, expected);
	int who;

	if (!w)
		return -EINVAL;
	who = index_of(w, word, sizeof(word) / sizeof(word[0]));
	if (who < 0)
		return unexpected(p, w, expected);
	r->who = (uint8_t)who;
	if (who == WHO_EVERYONE)
		return 0;
	w = take(p,
		 who == WHO_USER ? "the name or the number of a user" : "the name or the number of a group");
	return w ? parse_id(p, w, r) : -EINVAL;
}

/* ---- what ---- */

static int parse_pattern(struct parser *p, const struct word *w, struct policy_rule *r)
{
	size_t at;
	const char *mistake = pattern_mistake(w->s, &at);

	/* With quotes and escapes the offset in the value is not the column in the line. */
	if (mistake)
		return MISTAKE(p, w->column + (uint32_t)at, "%s, found '%s'", mistake,
			       *w->s ? QUOTE(w->s) : "");
	r->value = arena_copy(p->a, w->s, strlen(w->s));
	return r->value ? 0 : no_memory(p);
}

static int parse_mode(struct parser *p, struct policy_rule *r)
{
	const struct word *w = peek(p);
	bool allow = r->action == POLICY_ALLOW;
	bool rw = w && !strcmp(w->s, "rw");
	bool ro = w && !strcmp(w->s, "ro");

	if (ro && !allow)
		return MISTAKE(p, w->column,
			       "expected rw or nothing, found 'ro': a line that denied only reading would "
			       "leave writing "
			       "allowed; without a mode it denies both");
	if (rw || (allow && !ro && r->kind == POLICY_ROOT))
		r->rights |= RIGHT_WRITE;
	if (rw || ro)
		p->at++;
	return 0;
}

static int check_condition(struct parser *p, const struct word *w, const struct policy_condition_word *c,
			   const struct policy_rule *r)
{
	const unsigned owners = COND_OWNER_CALLER | COND_OWNER_ROOT;

	if (!(c->kinds & (1u << r->kind)))
		return MISTAKE(p, w->column, "%s makes no sense for %s: expected the end of the line",
			       c->word, policy_kind_word[r->kind]);
	if (r->action == POLICY_DENY && !(c->actions & (1u << POLICY_DENY)))
		return MISTAKE(p, w->column,
			       "%s grants something and cannot stand in a deny line: expected owner=caller, "
			       "owner=root, mask or the end of the line",
			       c->word);
	if (r->action == POLICY_ALLOW && !(c->actions & (1u << POLICY_ALLOW)))
		return MISTAKE(p, w->column, "%s is for deny lines: expected the end of the line", c->word);
	if (r->conditions & c->bit)
		return MISTAKE(p, w->column, "%s stands here twice", c->word);
	if ((c->bit & owners) && (r->conditions & owners))
		return MISTAKE(p, w->column, "expected only one of owner=caller and owner=root");
	return 0;
}

static int parse_condition(struct parser *p, const struct word *w, struct policy_rule *r)
{
	for (size_t i = 0; i < policy_nconditions; i++) {
		const struct policy_condition_word *c = &policy_condition_word[i];
		int bad;

		if (strcmp(w->s, c->word) != 0)
			continue;
		bad = check_condition(p, w, c, r);
		if (bad < 0)
			return bad;
		r->conditions |= c->bit;
		return 0;
	}
	return unexpected(
		p, w,
		r->kind == POLICY_VOLUME
			? "ro, rw, owner=caller, owner=root, submounts, noexec, sockets or the end "
			  "of the line"
			: "ro, rw, owner=caller, owner=root, submounts, shared, overlay or the end of "
			  "the line");
}

/* What is covered is one place, and what is covered cannot be read either. */
static int check_mask(struct parser *p, const struct word *pattern, const struct word *mode,
		      const struct policy_rule *r)
{
	if (r->rights & RIGHT_WRITE)
		return MISTAKE(p, mode->column, "what mask covers cannot be read either: expected no rw");
	if (!pattern_is_one(r->value))
		return MISTAKE(p, pattern->column,
			       "mask covers one place and what lies in it: expected a path without *, and "
			       "/** at its end");
	return 0;
}

static int parse_path_rule(struct parser *p, const struct word *w, struct policy_rule *r)
{
	const struct word *pattern = w;
	int bad = parse_pattern(p, w, r);
	const struct word *mode = peek(p);

	if (bad == 0)
		bad = parse_mode(p, r);
	while (bad == 0 && p->at < p->words.n) {
		w = &p->words.word[p->at++];
		bad = parse_condition(p, w, r);
	}
	if (bad == 0 && r->conditions & COND_OVERLAY && !(r->conditions & COND_SHARED))
		return MISTAKE(p, p->words.column, "overlay is for shared roots: expected shared, too");
	if (bad == 0 && r->conditions & COND_MASK)
		bad = check_mask(p, pattern, mode, r);
	if (bad == 0 && r->conditions & COND_SHARED) {
		if (!strcmp(mode->s, "rw"))
			return MISTAKE(p, mode->column, "a shared root is read-only: expected ro or nothing");
		r->rights &= (uint8_t)~RIGHT_WRITE;
	}
	if (bad == 0 && r->action == POLICY_ALLOW && !(r->conditions & COND_NOEXEC))
		r->rights |= RIGHT_EXEC;
	return bad;
}

/* ---- TCP ports ---- */

enum { TCP_PORTS_MAX = 256 };

/* PORT[,PORT...] in ascending order, or none. */
static int parse_ports(struct parser *p, const struct word *w, const char *s, const uint32_t **ret,
		       uint16_t *ret_n)
{
	uint32_t *port = arena_array(p->a, TCP_PORTS_MAX, sizeof(*port));
	uint16_t n = 0;

	if (!port)
		return no_memory(p);
	*ret = port;
	*ret_n = 0;
	if (!strcmp(s, "none"))
		return 0;
	for (;; s++) {
		size_t k = strcspn(s, ",");

		if (n == TCP_PORTS_MAX)
			return MISTAKE(p, w->column, "more than %d ports", TCP_PORTS_MAX);
		if (text_u32n(s, k, &port[n]) < 0 || port[n] < 1 || port[n] > 65535 ||
		    (n && port[n] <= port[n - 1]))
			return unexpected(p, w, "ports from 1 to 65535 in ascending order, or none");
		n++;
		s += k;
		if (!*s)
			break;
	}
	*ret_n = n;
	return 0;
}

static int parse_tcp(struct parser *p, struct policy_rule *r)
{
	static const char bind[] = "tcp-bind=", connect[] = "tcp-connect=";
	struct policy_tcp *t;

	if (!peek(p) || r->action != POLICY_ALLOW || (strcmp(r->value, "host") && strcmp(r->value, "user")))
		return 0;
	t = arena_array(p->a, 1, sizeof(*t));
	if (!t)
		return no_memory(p);
	*t = (struct policy_tcp){.only_bind = false};
	r->tcp = t;
	while (peek(p)) {
		const struct word *w = &p->words.word[p->at++];
		int bad = 0;

		if (text_starts(w->s, bind) && !t->only_bind) {
			t->only_bind = true;
			bad = parse_ports(p, w, w->s + strlen(bind), &t->bind, &t->nbind);
		} else if (text_starts(w->s, connect) && !t->only_connect) {
			t->only_connect = true;
			bad = parse_ports(p, w, w->s + strlen(connect), &t->connect, &t->nconnect);
		} else {
			bad = unexpected(p, w, "tcp-bind=, tcp-connect= (each once) or the end of the line");
		}
		if (bad < 0)
			return bad;
	}
	return 0;
}

/* One of the words of the kind, static strings: nothing to copy. */
static int parse_word_rule(struct parser *p, const struct word *w, struct policy_rule *r)
{
	const enum policy_kind kind = (enum policy_kind)r->kind;

	r->value = policy_word(kind, w->s);
	if (!r->value)
		return unexpected(p, w, policy_kind_words[kind].expected);
	return kind == POLICY_NETWORK ? parse_tcp(p, r) : 0;
}

static int parse_root(struct parser *p, const struct word *w, struct policy_rule *r)
{
	if (w->s[0] == '/' || w->s[0] == '%')
		return parse_path_rule(p, w, r);
	if (strcmp(w->s, "host") != 0)
		return unexpected(p, w, "host or an absolute path");
	r->value = "host";
	if (r->action == POLICY_ALLOW)
		r->rights = RIGHT_WRITE | RIGHT_EXEC;
	return 0;
}

static int parse_value(struct parser *p, struct policy_rule *r)
{
	const struct policy_kind_words *words = &policy_kind_words[r->kind];
	const struct word *w;

	if (words->silent) {
		r->value = words->word[0];
		return 0;
	}
	w = take(p, r->kind == POLICY_VOLUME   ? "the path of a volume"
		    : r->kind == POLICY_ROOT   ? "host or the path of a root"
		    : r->kind == POLICY_DEVICE ? "the path of a device"
					       : words->expected);
	if (!w)
		return -EINVAL;
	if (r->kind == POLICY_VOLUME)
		return parse_path_rule(p, w, r);
	/* What may be done with it, its own permissions say: a mount does not narrow them. */
	if (r->kind == POLICY_DEVICE)
		return parse_pattern(p, w, r);
	return r->kind == POLICY_ROOT ? parse_root(p, w, r) : parse_word_rule(p, w, r);
}

static int parse_what(struct parser *p, struct policy_rule *r)
{
	const struct word *w = take(p, policy_kinds_expected);
	int kind;

	if (!w)
		return -EINVAL;
	kind = index_of(w, policy_kind_word, POLICY_KIND_COUNT);
	if (kind < 0)
		return unexpected(p, w, policy_kinds_expected);
	r->kind = (uint8_t)kind;
	return parse_value(p, r);
}

static int limit_value(enum policy_limit which, const char *s, uint64_t *ret)
{
	uint32_t ms;

	switch (which) {
	case LIMIT_MEMORY:
		return text_size(s, ret);
	case LIMIT_CPUS:
		return text_milli(s, ret);
	case LIMIT_TIME:
		if (text_duration_ms(s, &ms) < 0)
			return -EINVAL;
		*ret = ms;
		return 0;
	case LIMIT_IDS:
	case LIMIT_PIDS:
	case LIMIT_SANDBOXES:
	case POLICY_LIMIT_COUNT:
		break;
	}
	return text_u64(s, ret);
}

static int parse_limit(struct parser *p, struct policy_rule *r)
{
	const struct word *w = take(p, policy_limits_expected);
	int which;

	if (!w)
		return -EINVAL;
	which = index_of(w, policy_limit_word, POLICY_LIMIT_COUNT);
	if (which < 0)
		return unexpected(p, w, policy_limits_expected);
	r->kind = (uint8_t)which;
	w = take(p, policy_limit_value[which]);
	if (!w)
		return -EINVAL;
	return limit_value((enum policy_limit)which, w->s, &r->limit) < 0
		       ? unexpected(p, w, policy_limit_value[which])
		       : 0;
}

/* ---- ids rule ---- */

struct ids_line {
	uint32_t value[IDS_RULE_WORD_COUNT];
	uint32_t column[IDS_RULE_WORD_COUNT]; /* of the value; 0: not there yet */
};

static bool ids_value_fits(enum ids_rule_word which, uint32_t v)
{
	return v > 0 && (v <= IDS_RULE_LAST || which == IDS_RULE_UID_MIN || which == IDS_RULE_UID_MAX);
}

/* The next word with its value, each once, in any order. */
static int parse_ids_word(struct parser *p, struct ids_line *l)
{
	static const char expected[] = "base, size, uid-min or uid-max, each once";
	const struct word *w = take(p, expected);
	int which = w ? index_of(w, policy_ids_rule_word, IDS_RULE_WORD_COUNT) : -1;
	const char *value;

	if (which < 0 || l->column[which])
		return w ? unexpected(p, w, expected) : -EINVAL;
	value = policy_ids_rule_value[which];
	w = take(p, value);
	if (!w)
		return -EINVAL;
	if (text_id(w->s, &l->value[which]) < 0 ||
	    !ids_value_fits((enum ids_rule_word)which, l->value[which]))
		return unexpected(p, w, value);
	l->column[which] = w->column;
	return 0;
}

/* The mistakes that no word has alone: with the others of its line, and with other lines. */
static int check_ids_rule(struct parser *p, const struct ids_line *l, const struct ids_rule *x,
			  const struct policy_rules *rules)
{
	enum ids_rule_word which;
	char mistake[512], name[256];

	if (ids_rule_mistake(x, &which, mistake, sizeof(mistake)))
		return MISTAKE(p, l->column[which], "%s", mistake);
	if (policy_ids_rules(rules->rule, rules->n) == IDS_RULES_MAX)
		return MISTAKE(p, 1, "more than %d lines ids rule", IDS_RULES_MAX);
	for (size_t i = 0; i < rules->n; i++) {
		const struct policy_rule *other = &rules->rule[i];

		if (other->action != POLICY_IDS_RULE)
			continue;
		snprintf(name, sizeof(name), "%s:%u", QUOTE(other->file), other->line);
		if (ids_rule_conflict(x, other->ids, name, &which, mistake, sizeof(mistake)))
			return MISTAKE(p, l->column[which], "%s", mistake);
	}
	return 0;
}

static int parse_ids_rule(struct parser *p, struct policy_rule *r, const struct policy_rules *rules)
{
	struct ids_line l = {.value = {[IDS_RULE_UID_MAX] = IDS_RULE_NO_MAX}};
	const struct word *w = take(p, "rule");
	struct ids_rule *x;
	int bad = w && strcmp(w->s, "rule") != 0 ? unexpected(p, w, "rule") : 0;

	if (!w)
		return -EINVAL;
	while (bad == 0 && peek(p))
		bad = parse_ids_word(p, &l);
	for (size_t i = 0; bad == 0 && i < IDS_RULE_UID_MAX; i++)
		if (!l.column[i] && !take(p, policy_ids_rule_word[i]))
			bad = -EINVAL;
	if (bad < 0)
		return bad;
	x = arena_array(p->a, 1, sizeof(*x));
	if (!x)
		return no_memory(p);
	*x = (struct ids_rule){.base = l.value[IDS_RULE_BASE],
			       .size = l.value[IDS_RULE_SIZE],
			       .uid_min = l.value[IDS_RULE_UID_MIN],
			       .uid_max = l.value[IDS_RULE_UID_MAX]};
	r->ids = x;
	return check_ids_rule(p, &l, x, rules);
}

/* ---- lines ---- */

static int parse_switch(struct parser *p, const struct policy_switch_words *words)
{
	const struct word *w = take(p, words->second);

	if (!w)
		return -EINVAL;
	return strcmp(w->s, words->second) != 0 ? unexpected(p, w, words->second) : 0;
}

static int parse_sentence(struct parser *p, struct policy_rule *r)
{
	int bad = parse_who(p, r);

	if (bad < 0)
		return bad;
	return r->action == POLICY_LIMIT ? parse_limit(p, r) : parse_what(p, r);
}

/* What stands behind the first word. rules: the lines before this one. */
static int parse_action(struct parser *p, struct policy_rule *r, const struct policy_rules *rules)
{
	const struct policy_switch_words *words = policy_switch((enum policy_action)r->action);

	if (words)
		return parse_switch(p, words);
	return r->action == POLICY_IDS_RULE ? parse_ids_rule(p, r, rules) : parse_sentence(p, r);
}

static int parse_rule(struct parser *p, const struct policy_rules *rules, struct policy_rule *ret)
{
	static const char expected[] = "allow, deny, limit, mode, require or ids";
	static const char *const word[] = {
		[POLICY_ALLOW] = "allow",   [POLICY_DENY] = "deny",        [POLICY_LIMIT] = "limit",
		[POLICY_ENFORCED] = "mode", [POLICY_REQUIRED] = "require", [POLICY_IDS_RULE] = "ids"};
	struct policy_rule r = {.file = p->lines.file, .line = p->lines.line};
	const struct word *w = take(p, expected);
	int action = w ? index_of(w, word, sizeof(word) / sizeof(word[0])) : -1;
	int bad;

	if (action < 0)
		return w ? unexpected(p, w, expected) : -EINVAL;
	r.action = (uint8_t)action;
	bad = parse_action(p, &r, rules);
	if (bad == 0 && peek(p))
		bad = unexpected(p, peek(p), "the end of the line");
	if (bad == 0)
		*ret = r;
	return bad;
}

static int parse_version(struct parser *p)
{
	const struct word *w;
	int r = lines_next(&p->lines, &p->words, p->e);

	if (r < 0)
		return r;
	if (r == 0) {
		p->lines.line += p->lines.line == 0;
		return MISTAKE(p, 1, "expected 'version 1' as the first line, found the end of the file");
	}
	p->at = 0;
	w = take(p, "version 1");
	if (!w || strcmp(w->s, "version") != 0)
		return w ? unexpected(p, w, "'version 1' as the first line") : -EINVAL;
	w = take(p, "1");
	if (!w || strcmp(w->s, "1") != 0)
		return w ? unexpected(p, w, "version 1, the only one known here") : -EINVAL;
	return peek(p) ? unexpected(p, peek(p), "the end of the line") : 0;
}

size_t policy_count_lines(const char *text, size_t size)
{
	const char *end = text + size;
	size_t n = 0;

	while ((text = memchr(text, '\n', (size_t)(end - text)))) {
		text++;
		n++;
	}
	return n;
}

int policy_parse(const char *text, size_t size, const char *file, const struct policy_resolver *names,
		 struct arena *a, struct policy_rules *rules, struct err *e)
{
	struct parser p = {.names = names, .a = a, .e = e};
	int r;

	p.lines = (struct lines){.file = file, .next = text, .end = text + size};
	r = parse_version(&p);
	while (r >= 0) {
		r = lines_next(&p.lines, &p.words, e);
		if (r <= 0)
			break;
		p.at = 0;
		if (rules->n == rules->max)
			return MISTAKE(&p, 1, "more than %zu rules", rules->max);
		r = parse_rule(&p, rules, &rules->rule[rules->n]);
		if (r == 0)
			rules->n++;
	}
	return r;
}
