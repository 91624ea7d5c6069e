/*
 * maker.h - makes something inside a user namespace that nobody is in, and hands it out. Not pure.
 *
 * For croft-gate, before a root is attached: over the old one the kernel takes a process for one in a chroot
 * and lets it make no user namespace. The namespace has the owner of userns.h and maps made here, never the
 * caller's.
 */
#pragma once

#include "common/err.h"
#include "sandbox/userns.h"

struct maker {
	int proc;                     /* the host's /proc */
	const struct userns_ids *ids; /* of the sandbox */
};

/* Runs in a process inside, without a capability on the host; self: it, in /proc. A descriptor or -errno. */
typedef int maker_fn(const void *ctx, int self, struct err *e);

/* flags: namespaces that come with the user namespace, as CLONE_NEWNS. What fn returned, as a descriptor of
 * this process, or -errno. */
int maker_run(const struct maker *m, const struct userns_ids *ids, int flags, maker_fn *fn, const void *ctx,
	      struct err *e);
