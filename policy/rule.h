/*
 * rule.h - the words of the policy language, and a rule back as text. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "policy/ids_rule.h"
#include "policy/policy.h"

enum { POLICY_TEXT_MAX = 9000 }; /* a rule as text: a pattern of 4095 bytes, each escaped, and the rest */

extern const char *const policy_kind_word[POLICY_KIND_COUNT];
extern const char *const policy_limit_word[POLICY_LIMIT_COUNT];

/* The words of a kind whose value is one: all but volume and device, and root but for host. */
enum { POLICY_WORDS_MAX = 4 };
struct policy_kind_words {
	const char *word[POLICY_WORDS_MAX];
	const char *expected; /* for messages; NULL: the value is a path */
	bool silent;          /* a rule does not say its one word */
};
extern const struct policy_kind_words policy_kind_words[POLICY_KIND_COUNT];
extern const char policy_kinds_expected[];

/* The static string of the kind that equals word, or NULL. */
const char *policy_word(enum policy_kind kind, const char *word);

extern const char policy_limits_expected[];
extern const char *const policy_limit_value[POLICY_LIMIT_COUNT]; /* what a value is, for messages */

extern const char *const policy_ids_rule_word[IDS_RULE_WORD_COUNT];
extern const char *const policy_ids_rule_value[IDS_RULE_WORD_COUNT]; /* what a value is, for messages */

struct policy_condition_word {
	const char *word;
	uint8_t bit;      /* enum policy_condition */
	uint8_t kinds;    /* 1 << enum policy_kind: where it makes sense */
	uint8_t actions;  /* 1 << enum policy_action: on lines of which it can stand */
	const char *what; /* for messages */
};

extern const struct policy_condition_word policy_condition_word[];
extern const size_t policy_nconditions;

/* A line that says just these two words, of nobody and nothing: "mode enforced". NULL for other actions. */
struct policy_switch_words {
	const char *first;
	const char *second;
	const char *both;
};
const struct policy_switch_words *policy_switch(enum policy_action action);

/* Whether the kind is of paths: volume, root (or host), device. */
bool policy_kind_is_path(enum policy_kind kind);

/* Whether value is a pattern of paths, not a word. */
bool policy_is_path(const struct policy_rule *r);

/* The rule as a line of the language, always in the same form; cut when it does not fit. Returns buf. */
const char *policy_rule_text(const struct policy_rule *r, char *buf, size_t size);
