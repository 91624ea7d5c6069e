/*
 * confine.h - what the command may be and do: names, network, keys, user namespaces, ids, capabilities. Not
 * pure.
 */
#pragma once

#include "common/err.h"
#include "sandbox/plan.h"

/* Host name, loopback interface up (when the network namespace is ours), a session keyring that is not the
 * caller's. 0 or -errno. */
int confine_names(const struct plan *p, struct err *e);

/*
 * Copies the finished mounts into a second user and mount namespace, with the same ids: what was mounted in
 * the first one is locked there (mount_namespaces(7)), whatever capabilities the command holds. /proc must be
 * mounted. 0 or -errno.
 */
int confine_lock_mounts(struct err *e);

/*
 * Unless the plan allows them: user.max_user_namespaces of this user namespace, so that nothing inside gets
 * capabilities back in one of its own. Through the /proc of the host, which is not the root's to forge; so
 * before the root is entered. CAP_SYS_RESOURCE in this namespace could raise it again: with it the command is
 * in the second one of confine_lock_mounts(), and this is the first. 0 or -errno.
 */
int confine_userns(const struct plan *p, struct err *e);

/* Root inside, where there is one, for making files. Capabilities stay. 0 or -errno. */
int confine_become_root(const struct plan *p, struct err *e);

/*
 * Should: ids are the user's; effective, permitted and bounding sets are the plan's (none for a user other
 * than root, but for caps_ambient), inheritable is empty but for these; no_new_privs; all asked back from the
 * kernel. Mustn't: supplementary groups change (dropping one could give access that a group is denied,
 * CVE-2018-7169).
 */
int confine_user(const struct plan *p, struct err *e);
