/*
 * build.h - a root file system out of the host's commands: what `croft root build` does. Not pure.
 */
#pragma once

#include <stdbool.h>

#include "common/err.h"

struct build {
	const char *dir;
	const char *const *command; /* ncommands of them */
	int ncommands;
	bool force, quiet, verbose;
};

/*
 * First everything is looked up, then everything is copied: a command that is not there leaves nothing
 * behind, and neither does a failure or a signal in the middle, but for --force, where files that are whole
 * stay. 0; -EINTR after a signal; -errno.
 */
int build_root(const struct build *b, struct err *e);
