/*
 * privileged.h - whether a privileged program would have its privilege, without starting it. Not pure: looks
 * at files, prctl(2).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "frontend/diagnose.h"

/* One of several sets of capabilities that a program can have. */
struct privileged_set {
	uint64_t caps;      /* CAP_BIT()s */
	const char *setcap; /* as setcap(8) reads them: "cap_setuid,cap_setgid" */
};

struct privileged {
	const char *path;
	const struct privileged_set *set; /* the smallest first; setuid root counts as the last */
	size_t nsets;
	bool exactly;        /* it refuses to work with other sets than these */
	const char *install; /* the command that installs it */
};

/* The programs of croft, and those of shadow; of the gate the index of the set says what it can give. */
extern const struct privileged privileged_gate, privileged_idmap, privileged_newuidmap, privileged_newgidmap;
enum { PRIVILEGED_GATE_PLAIN, PRIVILEGED_GATE_IDS /* subordinate ids, too */ };

/*
 * What is true whoever asks: it is there, root's alone, has one of the sets, and lies on no nosuid mount.
 * Returns the index of the set, or -errno: -ENOENT where it is not installed.
 */
int privileged_file(const struct privileged *p, const struct host_facts *h, struct err *e);

/* Whether this process may start it, and it would have the set then: 0 or -errno. */
int privileged_here(const struct privileged *p, int set, const struct host_facts *h, struct err *e);

/* Both. The index of the set, or -errno. */
int privileged_look(const struct privileged *p, const struct host_facts *h, struct err *e);
