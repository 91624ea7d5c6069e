/*
 * confine.h - what the command may be and do: names, network, keys, user namespaces, ids, capabilities. Not
 * pure.
 */
#pragma once

#include "common/err.h"
#include "sandbox/plan.h"

/* The host name. 0 or -errno. */
int confine_hostname(const struct plan *p, struct err *e);

/*
 * A session keyring that is not the caller's, of this sandbox alone. A name for one that several share would
 * be no help where the quota is used up, and anybody can have made one of that name: keyctl(2). A kernel
 * without keys (ENOSYS) has none to hide. 0 or -errno.
 */
int confine_keyring(struct err *e);

/* Loopback interface up (when the network namespace is of a user namespace of ours), the session
 * keyring. 0 or -errno. */
int confine_names(const struct plan *p, struct err *e);

/*
 * Copies the finished mounts into a second user and mount namespace, with the same ids: what was mounted in
 * the first one is locked there (mount_namespaces(7)), whatever capabilities the command holds. /proc must be
 * mounted. 0 or -errno.
 */
int confine_lock_mounts(struct err *e);

/*
 * Unless the plan allows them: user.max_user_namespaces of this user namespace, so that nothing inside gets
 * capabilities back in one of its own. proc: the /proc of the host, which is not the root's to forge.
 * CAP_SYS_RESOURCE in this namespace could raise it again: with it the command is in the second one of
 * confine_lock_mounts(), and this is the first. 0 or -errno.
 */
int confine_userns(const struct plan *p, int proc, struct err *e);

/* Root inside, where there is one, for making files; in a sandbox of croft-gate, whose files are made, the
 * caller's own id inside. Capabilities stay. 0 or -errno. */
int confine_become_root(const struct plan *p, struct err *e);

/*
 * Should: ids are the user's; effective, permitted and bounding sets are the plan's (none for a user other
 * than root, but for caps_ambient), inheritable is empty but for these; no_new_privs; all asked back from the
 * kernel. Mustn't: supplementary groups change (dropping one could give access that a group is denied,
 * CVE-2018-7169).
 */
int confine_user(const struct plan *p, struct err *e);

/*
 * Init of a sandbox of croft-gate has the caller's own id as its real one, so that he may end it: he does not
 * own its user namespace. The command has not: this is for its process, behind confine_user(). 0 or -errno.
 */
int confine_command(const struct plan *p, struct err *e);
