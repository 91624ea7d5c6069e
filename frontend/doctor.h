/*
 * doctor.h - the checks of `croft doctor`: what each is given and what it hands back.
 *
 * doctor.c has the table and the output, doctor_host.c what the kernel allows (tried in children, probe.h),
 * doctor_setup.c what the administrator set up: ids, programs, policy, and the trial of it all.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/err.h"
#include "frontend/caller.h"
#include "frontend/diagnose.h"
#include "frontend/policy_facts.h"
#include "frontend/probe.h"

enum check_state { CHECK_OK, CHECK_WARN, CHECK_FAIL, CHECK_STATE_COUNT };

struct finding {
	enum check_state state;
	char found[ERR_MSG_MAX];
	char mend[ERR_HINT_MAX]; /* "" or the command that mends it */
};

/* What the checks know of each other; they run in the order of the table. */
struct doctor {
	struct host_facts host;
	struct policy policy;      /* where no_policy.code is 0 */
	struct err no_policy;      /* why there is none */
	struct policy_facts facts; /* read with the policy */
	bool by_gate;              /* croft-gate makes the sandboxes: no user namespace is needed */
	bool json;
	struct policy_caller caller; /* by look_caller(); before it the ids alone */
	struct arena arena;          /* of caller */
	const char *root;            /* --root, or "host" */
	bool userns;                 /* a user namespace could be made */
	bool no_ranges;              /* the caller has no usable subordinate uids, or gids */
	bool idmap_able;             /* croft-idmap has what it needs */
	bool shadow_able;            /* newuidmap and newgidmap have */
	struct finding *found;       /* of the check that runs */
};

/* 0: it is as found_ok() or found_warn() said; -errno with *e: it is not, and the hint is the mend. */
typedef int check_fn(struct doctor *d, struct err *e);

struct check {
	const char *name;
	bool needed;    /* the main job fails without: CHECK_FAIL, else CHECK_WARN */
	bool userns;    /* needed only where sandboxes are made in user namespaces */
	int mend_for;   /* an errno: mend is for that */
	check_fn *look; /* NULL: run is tried in a child */
	unsigned long flags;
	probe_run_fn *run; /* ctx is NULL */
	const char *good;  /* what is found when it works */
	const char *mend;  /* where the error has no hint of its own */
};

/* Reads the policy and what it is worth here, which other checks depend on. */
void doctor_read_policy(struct doctor *d);

/* Fill in what the check that runs has found; both return 0. */
int found_ok(struct doctor *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int found_warn(struct doctor *d, const struct err *e);

check_fn look_caller, look_kernel, look_userns, look_root, look_cgroup, look_landlock, look_limits;
probe_run_fn try_calls, try_trees, try_proc, try_sysfs, try_tmpfs, try_terminal, try_mqueue, try_overlay,
	try_keyring, try_filter;
check_fn look_subuid, look_subgid, look_idmap, look_shadow, look_maps, look_programs, look_images,
	look_user_network, look_policy, look_level, look_gate, look_job;
