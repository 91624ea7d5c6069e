#include "policy/rule.h"

#include <assert.h>
#include <string.h>

const char *const policy_kind_word[] = {
	[POLICY_VOLUME] = "volume",
	[POLICY_ROOT] = "root",
	[POLICY_IDS] = "ids",
	[POLICY_NETWORK] = "network",
};

const char *const policy_limit_word[] = {[LIMIT_IDS] = "ids"};

enum { PATH_KINDS = 1 << POLICY_VOLUME | 1 << POLICY_ROOT, VOLUMES = 1 << POLICY_VOLUME };

const struct policy_condition_word policy_condition_word[] = {
	{"owner=caller", COND_OWNER_CALLER, PATH_KINDS, true, "the object belongs to the caller"},
	{"owner=root", COND_OWNER_ROOT, PATH_KINDS, true, "the object belongs to root"},
	{"submounts", COND_SUBMOUNTS, PATH_KINDS, false, "mounts below come along"},
	{"noexec", COND_NOEXEC, VOLUMES, false, "only without execution"},
	{"sockets", COND_SOCKETS, VOLUMES, false, "the object may be a socket or a FIFO"},
};
const size_t policy_nconditions = sizeof(policy_condition_word) / sizeof(policy_condition_word[0]);

bool policy_is_path(const struct policy_rule *r)
{
	if (r->action == POLICY_LIMIT || !r->value)
		return false;
	return r->kind == POLICY_VOLUME || (r->kind == POLICY_ROOT && strcmp(r->value, "host") != 0);
}

struct text {
	char *buf;
	size_t size;
	size_t used;
};

static void put(struct text *t, const char *s)
{
	for (; *s && t->used + 1 < t->size; s++)
		t->buf[t->used++] = *s;
	t->buf[t->used] = '\0';
}

static void put_number(struct text *t, uint64_t v)
{
	char digits[24];
	size_t at = sizeof(digits) - 1;

	digits[at] = '\0';
	do
		digits[--at] = (char)('0' + v % 10);
	while ((v /= 10) > 0);
	put(t, digits + at);
}

/* As the parser reads it back. */
static void put_word(struct text *t, const char *s)
{
	if (*s && *s != '#' && !strpbrk(s, " \t\n\"\\")) {
		put(t, s);
		return;
	}
	put(t, "\"");
	for (; *s; s++) {
		const char plain[2] = {*s, '\0'};

		put(t, *s == '"' ? "\\\"" : *s == '\\' ? "\\\\" : *s == '\n' ? "\\n" : plain);
	}
	put(t, "\"");
}

static void put_who(struct text *t, const struct policy_rule *r)
{
	if (r->who == WHO_EVERYONE) {
		put(t, "everyone");
		return;
	}
	put(t, r->who == WHO_USER ? "user " : "group ");
	if (r->name)
		put_word(t, r->name);
	else
		put_number(t, r->id);
}

static void put_mode(struct text *t, const struct policy_rule *r)
{
	if (!policy_is_path(r))
		return;
	if (r->rights & RIGHT_WRITE)
		put(t, " rw");
	else if (r->action == POLICY_ALLOW)
		put(t, " ro");
}

const char *policy_rule_text(const struct policy_rule *r, char *buf, size_t size)
{
	static const char *const action[] = {"allow ", "deny ", "limit "};
	struct text t = {.buf = buf, .size = size};

	static_assert(sizeof(action) / sizeof(action[0]) == POLICY_LIMIT + 1, "a word an action");
	put(&t, action[r->action]);
	put_who(&t, r);
	put(&t, " ");
	if (r->action == POLICY_LIMIT) {
		put(&t, policy_limit_word[r->kind]);
		put(&t, " ");
		put_number(&t, r->limit);
		return buf;
	}
	put(&t, policy_kind_word[r->kind]);
	put(&t, " ");
	put_word(&t, r->value);
	put_mode(&t, r);
	for (size_t i = 0; i < policy_nconditions; i++) {
		if (!(r->conditions & policy_condition_word[i].bit))
			continue;
		put(&t, " ");
		put(&t, policy_condition_word[i].word);
	}
	return buf;
}
