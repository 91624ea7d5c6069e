/*
 * gate.h - sandboxes by croft-gate, which needs no user namespace. Not pure.
 */
#pragma once

#include "common/arena.h"
#include "common/err.h"
#include "frontend/run_options.h"
#include "policy/policy.h"
#include "sandbox/plan.h"

/* Whether croft-gate is installed beside croft. */
bool gate_installed(void);

/*
 * Decides who makes the sandbox, by the options, the policy (mode enforced, require boundary) and what this
 * host lets the caller do: o->by_gate, and with it which map it has, where the options leave that open. 0, or
 * -EINVAL, -EPERM where the options ask for what croft-gate cannot give, or the policy for a boundary that
 * this host is not.
 */
int gate_choose(const struct policy *p, const struct policy_caller *c, struct run_options *o, struct err *e);

/* The caller as USER:GROUP in numbers; NULL: no memory. */
const char *gate_user(const struct policy_caller *c, struct arena *a);

/*
 * Starts croft-gate with the plan and the inner end of the socket; cgroup: a descriptor of the cgroup it is
 * born in, or -1. A pidfd of it, or -errno.
 */
int gate_start(const struct plan *p, int inner, int cgroup, struct err *e);
