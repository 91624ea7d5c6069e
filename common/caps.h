/*
 * caps.h - capabilities of this thread: capabilities(7), by capget(2), capset(2), prctl(2). caps_name
 * and caps_parse are pure tables made from linux/capability.h when croft is built.
 */
#pragma once

#include <stdint.h>

#define CAP_BIT(cap) (UINT64_C(1) << (cap))

struct caps {
	uint64_t effective;
	uint64_t permitted;
	uint64_t inheritable;
};

int caps_get(struct caps *ret);     /* 0 or -errno */
int caps_set(const struct caps *c); /* 0 or -errno */
int caps_last(void);                /* the highest capability this kernel knows (prctl PR_CAPBSET_READ) */
int caps_bounding_keep(
	uint64_t keep); /* drops the others from the bounding set: 0 or -errno; needs CAP_SETPCAP */
int caps_ambient_set(
	uint64_t set); /* clears the ambient set, then raises these; they must be permitted and inheritable */

/* "CAP_CHOWN" for 0 and so on; NULL for a number unknown when croft was built. */
const char *caps_name(unsigned cap);
/* The number of "CHOWN", "cap_chown" ... in any case; -EINVAL when there is none. */
int caps_parse(const char *name);
