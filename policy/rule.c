#include "policy/rule.h"

#include <assert.h>
#include <string.h>

#include "common/caps.h"

const char *const policy_kind_word[] = {
	[POLICY_VOLUME] = "volume",     [POLICY_ROOT] = "root",
	[POLICY_DEVICE] = "device",     [POLICY_IDS] = "ids",
	[POLICY_NETWORK] = "network",   [POLICY_SECCOMP] = "seccomp",
	[POLICY_LANDLOCK] = "landlock", [POLICY_PROC] = "proc",
	[POLICY_USERNS] = "userns",     [POLICY_CAPABILITY] = "capability",
};
static_assert(sizeof(policy_kind_word) / sizeof(policy_kind_word[0]) == POLICY_KIND_COUNT, "a word a kind");
const char policy_kinds_expected[] =
	"volume, root, device, ids, network, seccomp, landlock, proc, userns or capability";

const struct policy_kind_words policy_kind_words[] = {
	[POLICY_VOLUME] = {{NULL}, NULL, false},
	[POLICY_ROOT] = {{"host"}, NULL, false},
	[POLICY_DEVICE] = {{NULL}, NULL, false},
	[POLICY_IDS] = {{"subordinate", "setgroups"}, "subordinate or setgroups", false},
	[POLICY_NETWORK] = {{"none", "host", "user", "publish"}, "none, host, user or publish", false},
	[POLICY_SECCOMP] = {{"unconfined", "custom"}, "unconfined or custom", false},
	[POLICY_LANDLOCK] = {{"off"}, "off", false},
	[POLICY_PROC] = {{"unmasked"}, "unmasked", false},
	[POLICY_USERNS] = {{"inside"}, "inside", true},
	[POLICY_CAPABILITY] = {{"default"}, "default or the name of a capability, as CHOWN", false},
};
static_assert(sizeof(policy_kind_words) / sizeof(policy_kind_words[0]) == POLICY_KIND_COUNT, "words a kind");

const char *policy_word(enum policy_kind kind, const char *word)
{
	const struct policy_kind_words *w = &policy_kind_words[kind];

	for (size_t i = 0; i < POLICY_WORDS_MAX && w->word[i]; i++)
		if (!strcmp(w->word[i], word))
			return w->word[i];
	return kind == POLICY_CAPABILITY && caps_parse(word) >= 0 ? caps_name((unsigned)caps_parse(word))
								  : NULL;
}

const char *const policy_limit_word[] = {
	[LIMIT_IDS] = "ids",   [LIMIT_MEMORY] = "memory", [LIMIT_CPUS] = "cpus",
	[LIMIT_PIDS] = "pids", [LIMIT_TIME] = "time",     [LIMIT_SANDBOXES] = "sandboxes",
};
const char policy_limits_expected[] = "ids, memory, cpus, pids, time or sandboxes";
const char *const policy_limit_value[] = {
	[LIMIT_IDS] = "a whole number without sign or leading zeros",
	[LIMIT_MEMORY] = "a number of bytes, as 8G",
	[LIMIT_CPUS] = "a number of CPUs, as 1.5",
	[LIMIT_PIDS] = "a whole number without sign or leading zeros",
	[LIMIT_TIME] = "a time, as 90s or 2h",
	[LIMIT_SANDBOXES] = "a whole number without sign or leading zeros",
};
static_assert(sizeof(policy_limit_word) / sizeof(policy_limit_word[0]) == POLICY_LIMIT_COUNT &&
		      sizeof(policy_limit_value) / sizeof(policy_limit_value[0]) == POLICY_LIMIT_COUNT,
	      "words a limit");

const char *const policy_ids_rule_word[] = {
	[IDS_RULE_BASE] = "base",
	[IDS_RULE_SIZE] = "size",
	[IDS_RULE_UID_MIN] = "uid-min",
	[IDS_RULE_UID_MAX] = "uid-max",
};
const char *const policy_ids_rule_value[] = {
	[IDS_RULE_BASE] = "the first id, from 1 to 4294967293",
	[IDS_RULE_SIZE] = "how many ids a user gets, from 1 to 4294967293",
	[IDS_RULE_UID_MIN] = "a user id from 1 to 4294967294",
	[IDS_RULE_UID_MAX] = "a user id from 1 to 4294967294",
};
static_assert(sizeof(policy_ids_rule_word) / sizeof(policy_ids_rule_word[0]) == IDS_RULE_WORD_COUNT &&
		      sizeof(policy_ids_rule_value) / sizeof(policy_ids_rule_value[0]) == IDS_RULE_WORD_COUNT,
	      "words a rule");

enum { PATH_KINDS = 1 << POLICY_VOLUME | 1 << POLICY_ROOT, VOLUMES = 1 << POLICY_VOLUME };
enum { ALLOW = 1 << POLICY_ALLOW, DENY = 1 << POLICY_DENY, BOTH = ALLOW | DENY };

const struct policy_condition_word policy_condition_word[] = {
	{"owner=caller", COND_OWNER_CALLER, PATH_KINDS, BOTH, "the object belongs to the caller"},
	{"owner=root", COND_OWNER_ROOT, PATH_KINDS, BOTH, "the object belongs to root"},
	{"submounts", COND_SUBMOUNTS, PATH_KINDS, ALLOW, "mounts below come along"},
	{"noexec", COND_NOEXEC, VOLUMES, ALLOW, "only without execution"},
	{"sockets", COND_SOCKETS, VOLUMES, ALLOW, "the object may be a socket or a FIFO"},
	{"shared", COND_SHARED, 1 << POLICY_ROOT, ALLOW, "root's own, read-only, with its owners inside"},
	{"overlay", COND_OVERLAY, 1 << POLICY_ROOT, ALLOW, "an overlay on top of a shared root"},
	{"mask", COND_MASK, PATH_KINDS, DENY, "what lies above it may be had, with this covered"},
};
const size_t policy_nconditions = sizeof(policy_condition_word) / sizeof(policy_condition_word[0]);

const struct policy_switch_words *policy_switch(enum policy_action action)
{
	static const struct policy_switch_words enforced = {"mode", "enforced", "mode enforced"};
	static const struct policy_switch_words required = {"require", "boundary", "require boundary"};

	switch (action) {
	case POLICY_ENFORCED:
		return &enforced;
	case POLICY_REQUIRED:
		return &required;
	case POLICY_ALLOW:
	case POLICY_DENY:
	case POLICY_LIMIT:
	case POLICY_IDS_RULE:
	case POLICY_ACTION_COUNT:
		break;
	}
	return NULL;
}

bool policy_kind_is_path(enum policy_kind kind)
{
	return kind < POLICY_KIND_COUNT && !policy_kind_words[kind].expected;
}

bool policy_is_path(const struct policy_rule *r)
{
	if (r->action >= POLICY_LIMIT || !r->value)
		return false;
	return policy_kind_is_path((enum policy_kind)r->kind) && strcmp(r->value, "host") != 0;
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
	if (!policy_is_path(r) || r->kind == POLICY_DEVICE)
		return;
	if (r->rights & RIGHT_WRITE)
		put(t, " rw");
	else if (r->action == POLICY_ALLOW)
		put(t, " ro");
}

static void put_limit(struct text *t, const struct policy_rule *r)
{
	uint64_t whole = r->kind == LIMIT_CPUS ? r->limit / 1000 : r->limit;
	unsigned part = r->kind == LIMIT_CPUS ? (unsigned)(r->limit % 1000) : 0;
	const char decimals[] = {'.', (char)('0' + part / 100), (char)('0' + part / 10 % 10),
				 (char)('0' + part % 10), '\0'};

	put(t, policy_limit_word[r->kind]);
	put(t, " ");
	put_number(t, whole);
	if (part)
		put(t, decimals);
	if (r->kind == LIMIT_TIME)
		put(t, "ms");
}

static void put_ports(struct text *t, const char *word, bool only, const uint32_t *port, size_t n)
{
	if (!only)
		return;
	put(t, word);
	for (size_t i = 0; i < n; i++) {
		put(t, i ? "," : "");
		put_number(t, port[i]);
	}
	put(t, n ? "" : "none");
}

static void put_ids_rule(struct text *t, const struct ids_rule *r)
{
	const uint32_t value[] = {r->base, r->size, r->uid_min, r->uid_max};
	size_t n = r->uid_max == IDS_RULE_NO_MAX ? IDS_RULE_UID_MAX : IDS_RULE_WORD_COUNT;

	for (size_t i = 0; i < n; i++) {
		put(t, " ");
		put(t, policy_ids_rule_word[i]);
		put(t, " ");
		put_number(t, value[i]);
	}
}

const char *policy_rule_text(const struct policy_rule *r, char *buf, size_t size)
{
	static const char *const action[] = {"allow ", "deny ", "limit "};
	const struct policy_switch_words *words = policy_switch((enum policy_action)r->action);
	struct text t = {.buf = buf, .size = size};

	static_assert(sizeof(action) / sizeof(action[0]) == POLICY_LIMIT + 1, "a word an action");
	if (words || r->action > POLICY_LIMIT) {
		put(&t, words ? words->both : "ids rule");
		if (r->action == POLICY_IDS_RULE)
			put_ids_rule(&t, r->ids);
		return buf;
	}
	put(&t, action[r->action]);
	put_who(&t, r);
	put(&t, " ");
	if (r->action == POLICY_LIMIT) {
		put_limit(&t, r);
		return buf;
	}
	put(&t, policy_kind_word[r->kind]);
	if (!policy_kind_words[r->kind].silent) {
		put(&t, " ");
		put_word(&t, r->value);
	}
	put_mode(&t, r);
	if (r->tcp) {
		put_ports(&t, " tcp-bind=", r->tcp->only_bind, r->tcp->bind, r->tcp->nbind);
		put_ports(&t, " tcp-connect=", r->tcp->only_connect, r->tcp->connect, r->tcp->nconnect);
	}
	for (size_t i = 0; i < policy_nconditions; i++) {
		if (!(r->conditions & policy_condition_word[i].bit))
			continue;
		put(&t, " ");
		put(&t, policy_condition_word[i].word);
	}
	return buf;
}
