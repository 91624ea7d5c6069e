/*
 * sandbox.h - carries out a plan from inside new namespaces. Not pure.
 *
 * Whoever starts a sandbox clones a process into new user, mount, pid, uts, ipc (and, as planned, network,
 * cgroup) namespaces and calls sandbox_child() there; it never returns. Nothing here needs a privilege on the
 * host, but without a user namespace (PLAN_MAP_NONE) it is what admin.h says.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdnoreturn.h>

#include "common/err.h"
#include "sandbox/plan.h"
#include "sandbox/userns.h"

/* What is to be covered of a host object: places below it, as "a/b", none in another. */
struct sandbox_masks {
	const char *const *place;
	uint32_t n;
};

/* What the maker of the plan decides about each host object, after it was opened and before it is used. */
struct sandbox_hooks {
	/*
	 * op: index of the operation, or -1 for the root itself. fd: an O_PATH descriptor of the object,
	 * plain where no link led there. 0 to go on, -errno with *e to refuse. Called for what the caller
	 * asked for: the root, and operations with OPF_ASKED.
	 */
	int (*permit)(void *ctx, const struct plan *p, int op, int fd, bool plain, struct err *e);
	/* NULL, or what is to be covered of an object that was permitted; NULL again: nothing. */
	const struct sandbox_masks *(*masks)(void *ctx, int op);
	void *ctx;
	/* Of a root that is an image: a socket, which gets MSG_MADE with the mount that is to be served from
	 * the file. */
	int image;
	/* NULL, or asked before anything is mounted: proc is the host's /proc, most the hook's own. 0 or
	 * -errno.
	 */
	int (*admit)(int proc, uint64_t most, struct err *e);
	uint64_t most;
	/* Of a plan that croft-gate carries out and that has a map; else NULL. */
	const struct userns_ids *ids;
	/*
	 * Memory in which the command line of this process lies: init overwrites it, since /proc/1/cmdline
	 * would tell everybody inside paths and values of the host. The plan must not point into it. May be
	 * NULL.
	 */
	char *title;
	size_t title_size;
};

/* The clone(2) flags that the plan asks for, CLONE_NEWUSER included but where croft-gate makes it. */
unsigned long sandbox_clone_flags(const struct plan *p);

/*
 * sock: the inner end of msg.h. All signals are blocked until the command runs, which gets an empty mask and
 * default dispositions. The process must have one thread, and no handler set.
 */
noreturn void sandbox_child(const struct plan *p, const struct sandbox_hooks *h, int sock);
