/*
 * policy_doubts.h - lines of a valid policy that an administrator may not have meant. Not pure: lstat,
 * realpath, /etc/passwd, /etc/group, /etc/subuid, /etc/subgid.
 */
#pragma once

#include "policy/policy.h"

/* rule: the doubtful line, or NULL where it is the whole policy. text: the sentence. */
typedef void doubt_fn(void *ctx, const struct policy_rule *rule, const char *text);

void policy_doubts(const struct policy *p, doubt_fn *say, void *ctx);
