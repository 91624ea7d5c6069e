/*
 * policy_level.h - what the policy is worth on a host: from facts to the level and its sentence. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "frontend/diagnose.h"

/* Whether an ordinary user may make a user namespace, and mounts in it. */
enum userns_state {
	USERNS_OPEN,
	USERNS_REFUSED, /* to everybody, by a setting of the host */
	USERNS_HERE,    /* to this process: others, even of the same user, may have it */
	USERNS_UNKNOWN,
	USERNS_STATE_COUNT
};

enum gate_state {
	GATE_MISSING,
	GATE_UNABLE,
	GATE_PLAIN,
	GATE_IDS /* gives subordinate ids, too */,
	GATE_STATE_COUNT
};

struct level_facts {
	enum userns_state userns;
	bool userns_by_root; /* a privileged program may make one all the same */
	enum gate_state gate;
	bool installed; /* a policy is: the gate takes no other */
	bool idmap;     /* croft-idmap gives out subordinate ids, as the policy says */
	bool shadow;    /* shadow's programs give them out, and ask no policy */
};

enum policy_level {
	LEVEL_ADVICE,
	LEVEL_IDS,          /* advice but for the lines about ids */
	LEVEL_BOUNDARY,     /* sandboxes without a user namespace */
	LEVEL_BOUNDARY_IDS, /* subordinate ids, too */
	LEVEL_COUNT
};
extern const char *const policy_level_word[LEVEL_COUNT];

/* What a host lacks for a boundary: bits. */
enum level_lack { LACK_USERNS = 1 << 0, LACK_GATE = 1 << 1, LACK_POLICY = 1 << 2 };
unsigned policy_level_lacks(const struct level_facts *f);

enum policy_level policy_level(const struct level_facts *f);

/* "the policy is a boundary" or "the policy is advice, because ...". Returns buf. */
enum { LEVEL_SENTENCE_MAX = 512 };
const char *policy_level_sentence(const struct level_facts *f, char buf[LEVEL_SENTENCE_MAX]);

/* How far an ordinary user, without a capability, came. */
enum userns_step {
	STEP_USER,   /* nobody could be made one to try it */
	STEP_USERNS, /* to the user namespace */
	STEP_MOUNTS, /* to a mount namespace in it */
};

struct userns_answer {
	enum userns_state state;
	bool by_root;                   /* as userns_by_root */
	char why[HOST_LABEL_MAX + 128]; /* what refuses it, as "kernel.unprivileged_userns_clone is 0"; "" for
					   USERNS_OPEN */
};

/* What it means on this host that the step failed with errnum; 0: all of it worked. */
void policy_level_userns(const struct host_facts *h, enum userns_step step, int errnum,
			 struct userns_answer *ret);
