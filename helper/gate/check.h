/*
 * check.h - what of a plan croft-gate carries out at all, before the policy is asked. Pure.
 */
#pragma once

#include <stdint.h>

#include "common/err.h"
#include "policy/policy.h"
#include "sandbox/plan.h"

/*
 * The plan comes from the caller, who may have written it himself. Should, where this returns 0: without a
 * user namespace the command is the caller; with one, the caller may end its first process; each kernel file
 * system is mounted at most once and where it belongs; of the host nothing is named but what the policy is
 * asked about, the system that the root `host` stands for, and /etc/resolv.conf; /proc and /sys are masked
 * unless the plan says that they are not (which the policy decides); every tmpfs is bounded, and all together
 * by memory, the bytes of the host's. 0 or -EPERM.
 */
int check_plan(const struct plan *p, const struct policy_caller *c, uint64_t memory, struct err *e);
