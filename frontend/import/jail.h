/*
 * jail.h - the directory in which an archive is unpacked is all that there is. Not pure.
 */
#pragma once

#include "common/err.h"

/*
 * As root of a user namespace: makes the working directory the root of a mount namespace of its own, nosuid,
 * nodev, noexec, with nothing else in it; no network; of the capabilities those to give files owners and
 * modes, for good. Whatever a name of the archive leads through then ends in there, and a library that the C
 * library would load now cannot be one of the archive's (CVE-2019-14271). 0 or -errno.
 */
int jail_enter(struct err *e);
