/*
 * idmapped.h - mounts that show other owners than the file system has: mount_setattr(2) MOUNT_ATTR_IDMAP,
 * Linux >= 5.12. Not pure. For croft-gate alone: a user cannot have it.
 *
 * The user namespace that says which owners is made here, of maps made here; never one of the caller's: with
 * it root inside would be the host's root on disk.
 */
#pragma once

#include "common/err.h"
#include "sandbox/maker.h"
#include "sandbox/plan.h"

struct idmapper {
	int exchange; /* the namespace for volumes, or -1: none is needed */
	int root;     /* that of a shared root */
};

/* Makes the namespaces that the plan needs, before a root is attached: maker.h. 0 or -errno. */
int idmapped_prepare(const struct plan *p, const struct maker *m, struct idmapper *ret, struct err *e);

/*
 * A detached tree of a volume: the caller's files are those of the user inside, and the other way round, so
 * that what he writes is the caller's outside. Every other id stays, but that of the host's root: his files
 * are nobody's. 0 or -errno.
 */
int idmapped_volume(const struct idmapper *m, int tree, struct err *e);

/* A detached tree of a shared root: the owners on disk are the ids inside. It must be read-only. 0 or -errno.
 */
int idmapped_root(const struct idmapper *m, int tree, struct err *e);
