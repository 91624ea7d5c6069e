/*
 * ids_rule.h - subordinate ids computed from a uid: the line `ids rule`. Pure.
 *
 * The uid-min gets size ids from base on, the next uid the size ids behind them, and so on. All of it is
 * computed in 64 bits and compared before it is added.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/ids.h"
#include "policy/policy.h"

#define IDS_RULE_LAST UINT32_C(4294967293) /* the last id a rule gives: -1 and -2 mean nobody to too many */

enum { IDS_RULES_MAX = 64 }; /* lines of a policy: each is compared with each */

/* Whether the rule is for that uid, which may be too high to get ids of it. */
bool ids_rule_covers(const struct ids_rule *r, uint32_t uid);

/* 0; -ENOENT: the rule is not for that uid; -ERANGE: its ids would end beyond IDS_RULE_LAST. */
int ids_rule_range(const struct ids_rule *r, uint32_t uid, struct id_range *ret);

/* The last uid that gets ids. */
uint32_t ids_rule_last_uid(const struct ids_rule *r);

/* All ids that the rule gives: one range. */
struct id_range ids_rule_region(const struct ids_rule *r);

/* The uids that get ids: one range. */
struct id_range ids_rule_uids(const struct ids_rule *r);

/* Which word of a rule, or of its second argument's, a mistake is about. */
enum ids_rule_word { IDS_RULE_BASE, IDS_RULE_SIZE, IDS_RULE_UID_MIN, IDS_RULE_UID_MAX, IDS_RULE_WORD_COUNT };

/*
 * What is wrong with a rule, as a sentence in buf and the word it is about; false where nothing is. Where it
 * returned true, nothing else of this header may be asked about the rule.
 */
bool ids_rule_mistake(const struct ids_rule *r, enum ids_rule_word *ret_word, char *buf, size_t size);

/* What is wrong with two rules together, both without a mistake of their own: said of r; other is called
 * name. */
bool ids_rule_conflict(const struct ids_rule *r, const struct ids_rule *other, const char *name,
		       enum ids_rule_word *ret_word, char *buf, size_t size);

/* The line of the policy that is for that uid, or NULL: the parser lets one uid have no more than one. */
const struct policy_rule *policy_ids_rule(const struct policy *p, uint32_t uid);

/* The number of such lines. */
size_t policy_ids_rules(const struct policy_rule *rule, size_t n);
