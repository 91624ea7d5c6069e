/*
 * userns.h - into a new user namespace, out of a process that is at work already. Not pure.
 *
 * The mounts that exist by then are locked in there (mount_namespaces(7)): nobody inside makes them writable,
 * takes them away or moves them, whatever capabilities he holds.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/err.h"
#include "common/ids.h"

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
 * Whose the namespaces are: an id that nobody is, one for each caller, so that nobody enters them and that
 * what the kernel counts for the owner (namespaces, and what is used inside: signals, inotify, message
 * queues) is each caller's own and not the host's root's. Ids from USERNS_OWNERS on are for this alone.
 */
#define USERNS_OWNERS UINT32_C(0xe0000000)
static inline bool userns_has_owner(uid_t caller)
{
	return caller < ID_NONE - 1 - USERNS_OWNERS;
}

/* Takes that id; the real one stays the caller's. Behind this the kernel has forgotten PR_SET_PDEATHSIG. 0 or
 * -errno with *e. */
int userns_become_owner(struct err *e);

/*
 * The user namespace of a sandbox of croft-gate, made when its mounts are. flags: namespaces that come with
 * it, as CLONE_NEWNS, which locks the mounts. proc: the directory of this process in the host's /proc. As the
 * owner, with CAP_SYS_ADMIN, CAP_SETUID and CAP_SETGID permitted and borrowed (admin.h); afterwards this
 * process has none on the host. 0 or -errno.
 */
int userns_of_gate(int flags, int proc, const struct userns_ids *ids, struct err *e);
