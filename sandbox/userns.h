/*
 * userns.h - into a new user namespace, out of a process that is at work already. Not pure.
 *
 * The mounts that exist by then are locked in there (mount_namespaces(7)): nobody inside makes them writable,
 * takes them away or moves them, whatever capabilities he holds.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/err.h"

/* Writes the maps of the process that enters; runs in a process that stays outside. 0 or -errno with *e. */
typedef int userns_writer(const void *ctx, struct err *e);

/* unshare(2) with flags, CLONE_NEWUSER among them; returns when the maps are written. 0 or -errno. */
int userns_enter(int flags, userns_writer *writer, const void *ctx, struct err *e);

/* The maps of a sandbox that croft-gate makes, as they are written. */
struct userns_ids {
	const char *uid_map;
	const char *gid_map;
	size_t uid_size;
	size_t gid_size;
	bool deny_setgroups;
};

/*
 * The user namespace of a sandbox of croft-gate, made when its mounts are: it belongs to the host's root,
 * nobody else enters it. flags: namespaces that come with it, as CLONE_NEWNS, which locks the mounts. proc:
 * the directory of this process in the host's /proc. Needs CAP_SYS_ADMIN, CAP_SETUID and CAP_SETGID,
 * permitted and borrowed (admin.h); afterwards this process has none on the host. 0 or -errno.
 */
int userns_of_root(int flags, int proc, const struct userns_ids *ids, struct err *e);
