/*
 * masks.h - what a policy wants covered below an object. Not pure: opens the places.
 */
#pragma once

#include "common/arena.h"
#include "common/err.h"
#include "policy/policy.h"
#include "sandbox/sandbox.h"

enum { MASKS_MAX = 64 };

/*
 * The places below the object of an allowed request, a described one (object.h), that deny lines with `mask`
 * name, each once. fd: an O_PATH descriptor of the object; what: it, for messages. A place that is not there,
 * or that a link leads to, cannot be covered and is an error; so are more than MASKS_MAX. *ret stays as it is
 * where nothing is to be covered. 0 or -errno.
 */
int masks_find(const struct policy *policy, const struct policy_caller *caller,
	       const struct policy_request *r, int fd, const char *what, struct arena *a,
	       struct sandbox_masks *ret, struct err *e);
