/*
 * prepare.h - from a command line to a plan and the policy that will look at it. Not pure.
 */
#pragma once

#include "common/arena.h"
#include "common/err.h"
#include "frontend/limits.h"
#include "frontend/run_options.h"
#include "frontend/run_words.h"
#include "vet/vet.h"
#include "policy/policy.h"
#include "sandbox/plan.h"

struct prepared {
	struct arena a;
	struct run_words words; /* what was typed, and stood in the file of --from */
	struct run_options options;
	struct policy policy;
	struct policy_caller caller;
	struct vet vet;
	struct limits_given given;
	struct plan plan;
	struct err refused; /* why the policy allows not these ids or this network; code 0: it does */
};

/*
 * *ret must be all zero before (it is large: make it static). 0, also where ret->refused says no; -ECANCELED
 * when --help was asked for; -errno with *e.
 */
int prepare(int argc, char *argv[], struct prepared *ret, struct err *e);
