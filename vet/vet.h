/*
 * vet.h - a plan before the policy. Not pure: looks at descriptors.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "common/arena.h"
#include "common/err.h"
#include "policy/policy.h"
#include "sandbox/plan.h"
#include "sandbox/sandbox.h"

struct vet {
	bool boundary; /* croft-gate: what lies mounted below an object counts */
	const struct policy *policy;
	const struct policy_caller *caller;
};

/* The object that the policy decided about: the sandbox must get just that one. */
struct vetted {
	dev_t dev;
	ino_t ino;
	bool boundary;    /* what lies mounted below it matters */
	const char *path; /* resolved; NULL: not asked for, or an optional one that is missing */
	const struct policy_rule *rule; /* that allows it; also of the root `host`, which has no path */
	struct sandbox_masks masks;     /* what lies below and has to be covered */
};

/*
 * Opens and decides everything the plan asks for, in its order; ret has a place for the root and then one
 * each operation. The first refusal ends it. 0 or -errno.
 */
int vet_plan(const struct vet *v, const struct plan *p, struct arena *a, struct vetted *ret, struct err *e);

/*
 * For sandbox_hooks: whether fd, opened again in the sandbox's mount namespace, is the object that was
 * decided about: same device, inode and resolved path; where the policy is a boundary, with nothing mounted
 * below that its rule does not grant. plain: no link led there, so that where the source is the resolved path
 * it is that still; a boundary asks the kernel nevertheless. Mounts are private by then. ctx: the array of
 * vet_plan(). 0 or -errno.
 */
int vet_same(void *ctx, const struct plan *p, int op, int fd, bool plain, struct err *e);

/* For sandbox_hooks: what was found to have to be covered. ctx: as of vet_same(). */
const struct sandbox_masks *vet_masks(void *ctx, int op);

/*
 * The verdict on one host object of the plan: op is the index of the operation, or -1 for the root; fd is an
 * O_PATH descriptor of it (-1 for the root "host"). With a, *ret_masks is what lies below and has to be
 * covered (masks.h). 0, or -EACCES with the refusal in *e, or -errno. *ret_verdict may be NULL.
 */
int vet_object(const struct vet *v, const struct plan *p, int op, int fd, struct arena *a,
	       struct policy_verdict *ret_verdict, struct sandbox_masks *ret_masks, struct err *e);

/*
 * Whether a root that is read-only may be had with its owners on disk as those inside: the directory belongs
 * to the host's root, and a line says `shared`. Nothing is said where not.
 */
bool vet_may_share(const struct vet *v, const char *root);

/* What a plan wants of the policy that is no object, but for the ids: a word each. */
enum { VET_WANTED_MAX = 6 };
struct vet_wanted {
	enum policy_kind kind;
	const char *word;
};
size_t vet_wanted(const struct plan *p, struct vet_wanted ret[VET_WANTED_MAX]);

/*
 * The verdict on what is no object: all of vet_wanted(), the capabilities, and the ids. A map `auto` that may
 * not be subordinate becomes self. What is written is *ret_map. 0 or -EACCES.
 */
int vet_words(const struct vet *v, const struct plan *p, enum plan_map *ret_map, struct err *e);

/* The capabilities that the policy allows; all where it is no boundary: there they are of a namespace that
 * the caller could make himself. */
uint64_t vet_caps(const struct vet *v);

/* One word, as (POLICY_NETWORK, "host"). */
int vet_word(const struct vet *v, enum policy_kind kind, const char *word, const struct plan *p,
	     struct policy_verdict *ret_verdict, struct err *e);
