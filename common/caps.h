/*
 * caps.h - capabilities of this thread: capabilities(7), by capget(2), capset(2), prctl(2). caps_name
 * and caps_parse are pure tables made from linux/capability.h when croft is built.
 */
#pragma once

#include <linux/capability.h>
#include <stdint.h>

#define CAP_BIT(cap) (UINT64_C(1) << (cap))

/* What root in a container of the common engines has, less what can touch devices, raw sockets or the audit
 * log: root inside has these without asking. */
#define CAPS_DEFAULT                                                                                         \
	(CAP_BIT(CAP_CHOWN) | CAP_BIT(CAP_DAC_OVERRIDE) | CAP_BIT(CAP_FOWNER) | CAP_BIT(CAP_FSETID) |        \
	 CAP_BIT(CAP_KILL) | CAP_BIT(CAP_SETGID) | CAP_BIT(CAP_SETUID) | CAP_BIT(CAP_SETPCAP) |              \
	 CAP_BIT(CAP_NET_BIND_SERVICE) | CAP_BIT(CAP_SYS_CHROOT) | CAP_BIT(CAP_SETFCAP))

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
