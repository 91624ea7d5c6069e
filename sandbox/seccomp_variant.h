/*
 * seccomp_variant.h - the default filter, compiled when croft was built, and which of its variants a sandbox
 * gets. Pure.
 *
 * The rules stand in sandbox/filter/rules.c.
 */
#pragma once

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>

/* Each allows what the one before it allows, and more. */
enum seccomp_variant {
	SECCOMP_BASE,
	SECCOMP_ADMIN,  /* the command may hold CAP_SYS_ADMIN in its user namespace: mounts, namespaces */
	SECCOMP_USERNS, /* further user namespaces are allowed, too, in which it would hold it */
	SECCOMP_VARIANT_COUNT
};

struct seccomp_filter {
	const char *name;
	const struct sock_filter *code;
	uint32_t count;
};

extern const struct seccomp_filter seccomp_filter[SECCOMP_VARIANT_COUNT]; /* generated: seccomp_filters.c */

/* caps: CAP_BIT()s that the command may hold. */
enum seccomp_variant seccomp_variant(uint64_t caps, bool allow_userns);
