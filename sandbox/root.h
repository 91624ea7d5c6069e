/*
 * root.h - the new root: attached, entered, and the old one gone. Not pure.
 */
#pragma once

#include "common/err.h"
#include "sandbox/idmapped.h"
#include "sandbox/pin.h"
#include "sandbox/plan.h"

/*
 * Makes every mount of this namespace private: what is mounted outside does not come in any more, nor the
 * other way round. 0 or -errno.
 */
int root_isolate(struct err *e);

/*
 * Attaches the root of the plan on "/": the pinned directory with its flags and owners, an overlay over it
 * (with croft-gate made by maker), or a tmpfs, and covers what is to be covered. A descriptor of the root or
 * -errno.
 */
int root_attach(const struct plan *p, const struct pins *pins, const struct idmapper *m,
		const struct maker *maker, struct err *e);

/* After the operations: read-only where the plan says so. 0 or -errno. */
int root_seal(const struct plan *p, int root, struct err *e);

/*
 * pivot_root(2) into it and detach the old root. Where that cannot work (EINVAL: the present root is the
 * initramfs), chroot(2): the new root already lies on top of "/", so ".." ends there; *ret_chroot then is 1.
 * 0 or -errno.
 */
int root_enter(int root, int *ret_chroot, struct err *e);
