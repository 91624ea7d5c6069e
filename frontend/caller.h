/*
 * caller.h - who asks: the kernel's ids, and the user database. Not pure: getuid, getgroups, /etc/passwd.
 */
#pragma once

#include "common/arena.h"
#include "common/err.h"
#include "common/userdb.h"
#include "policy/policy.h"

/* Room for a user database and what is taken from it. */
enum { CALLER_ARENA = USERDB_BYTES_MAX + (1 << 20) };

/*
 * The facts of the caller for the policy. One read of /etc/passwd, which must fit into *a; whoever does not
 * stand there is asked of getent(1), so that directory services are heard without loading their libraries
 * here. A caller without any entry has neither name nor home. The home directory is resolved, when it is the
 * caller's own, so that %h means the same as a resolved path. 0 or -errno.
 */
int caller_get(struct arena *a, struct policy_caller *ret, struct err *e);

/* The same of another user, by name or number: his groups are his primary one and those of /etc/group. */
int caller_of_user(const char *user, struct arena *a, struct policy_caller *ret, struct err *e);

/* Refuses the host's root, whose ids are nobody's to hand out; root of a user namespace is an ordinary user
 * outside. 0 or -EPERM. */
int caller_refuse_root(struct err *e);
