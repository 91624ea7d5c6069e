/*
 * policy_facts.h - the facts of this host that decide what the policy is worth. Not pure: tries a user
 * namespace in a child, looks at programs.
 */
#pragma once

#include "common/err.h"
#include "frontend/diagnose.h"
#include "frontend/policy_level.h"
#include "policy/policy.h"

/* A program: why it is not as it should be. */
struct program_fact {
	int set; /* of privileged_file(), or -errno */
	struct err why;
};

struct policy_facts {
	struct level_facts level;
	struct userns_answer userns;
	struct program_fact gate, idmap, newuidmap, newgidmap;
	struct err gate_here; /* code 0: this process may start the gate, and it works then */
};

/*
 * p: the policy in force. What is asked about users is tried as an ordinary user without capabilities: as the
 * caller, or where he is root as uid 65534.
 */
void policy_facts_read(const struct policy *p, const struct host_facts *h, struct policy_facts *ret);

/* Whether sandboxes are made by the gate here: it can be started, and the policy or the host leaves no other
 * way. */
bool policy_facts_by_gate(const struct policy *p, const struct policy_facts *f);

/* 0, or -EPERM where the policy says `require boundary` and the host gives less. */
int policy_facts_require(const struct policy *p, const struct policy_facts *f, struct err *e);
