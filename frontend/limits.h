/*
 * limits.h - the limits of a sandbox: what the policy says of them, whether they can be had, what is told of
 * them. Not pure: limits_check() asks the kernel, limits_notes() prints.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "frontend/cgroup.h"
#include "frontend/run_options.h"
#include "policy/policy.h"
#include "sandbox/plan.h"

/* The rules that set a limit for which nobody asked; NULL elsewhere. By enum policy_limit. */
struct limits_given {
	const struct policy_rule *rule[POLICY_LIMIT_COUNT];
};

/*
 * Before the plan is made: whoever asks for more than a `limit` line of the policy has is refused, whoever
 * asks for nothing gets that limit. Swap counts beside the memory, and may be as much again. 0, or -EACCES
 * with *e.
 */
int limits_vet(const struct policy *p, const struct policy_caller *c, struct run_options *o,
	       struct limits_given *ret, struct err *e);

/*
 * Whether this host can keep to the limits of the plan: cgroups, and the hard limits of this process. Looks
 * only. 0 or -errno with *e, which names the rule where the policy gave the limit.
 */
int limits_check(const struct plan *p, const struct limits_given *given, struct err *e);

/* A row for what the plan limits, as "memory" "64M, and 64M of swap". given: the policy's word for it, or
 * POLICY_LIMIT_COUNT. Returns the count. */
enum { LIMITS_ROWS_MAX = 8 + PLAN_ULIMITS_MAX };
struct limits_row {
	char name[24], value[64];
	enum policy_limit given;
};
size_t limits_rows(const struct plan *p, struct limits_row ret[LIMITS_ROWS_MAX]);

/* 64M, 1536K, 1000: bytes with the largest suffix that loses nothing. Returns buf. */
enum { LIMITS_SIZE_MAX = 24 };
const char *limits_size(uint64_t bytes, char buf[LIMITS_SIZE_MAX]);
/* 90s, 1500ms. */
const char *limits_time(uint64_t ms, char buf[LIMITS_SIZE_MAX]);

/* Says on standard error which limits were hit; status: how the command ended. */
void limits_notes(const struct plan *p, const struct cgroup_hits *hits, bool timed_out, int status);
