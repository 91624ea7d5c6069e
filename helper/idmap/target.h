/*
 * target.h - the process whose maps are written, held by the descriptor of its /proc/PID. Not pure.
 *
 * A pid that is used again is another process and another directory: the descriptor never follows it.
 * Everything is checked through the descriptor and without a capability; what the kernel checks again when
 * the maps are written (user_namespaces(7)) is checked here first, for a message that says what is wrong.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "common/err.h"

struct target {
	int fd;       /* borrowed: the directory /proc/PID */
	uint32_t pid; /* as that procfs numbers it; for the log only */
	dev_t ns_dev; /* its user namespace */
	ino_t ns_ino;
	bool setgroups_denied; /* it says so already, and that is for ever */
};

/*
 * 0 when fd is the directory of a live, dumpable process of uid's in a user namespace that uid made directly
 * below ours and that has no map yet; else -errno and a sentence of its own for each case.
 */
int target_check(int fd, uid_t uid, struct target *ret, struct err *e);

/* Opens a file of the target, never what is mounted over it. A descriptor or -errno. */
int target_open(const struct target *t, const char *name, int flags, struct err *e);

/*
 * Whether it is still in the namespace that was checked. A process can only move down, to a namespace made
 * below, so a file of it that was opened before this answers 0 belongs to the namespace that was checked.
 */
int target_same_namespace(const struct target *t, struct err *e);
