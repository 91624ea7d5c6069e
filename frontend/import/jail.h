/*
 * jail.h - the directory in which an archive is unpacked is all that there is. Not pure.
 */
#pragma once

#include <linux/capability.h>
#include <stdint.h>

#include "common/caps.h"
#include "common/err.h"

/* To give files owners and modes. */
#define JAIL_OWNER_CAPS                                                                                      \
	(CAP_BIT(CAP_CHOWN) | CAP_BIT(CAP_DAC_OVERRIDE) | CAP_BIT(CAP_FOWNER) | CAP_BIT(CAP_FSETID))

/*
 * As root of a user namespace: makes the working directory the root of a mount namespace of its own, nosuid,
 * nodev, noexec, with nothing else in it; no network; caps are left, for good, and the system calls that the
 * default filter leaves to a sandbox. Whatever a name of the archive leads through then ends in there, and a
 * library that the C library would load now cannot be one of the archive's (CVE-2019-14271). 0 or -errno.
 */
int jail_enter(uint64_t caps, struct err *e);
