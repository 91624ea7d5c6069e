/*
 * devices.h - which devices `--device` means. Not pure: reads directories.
 */
#pragma once

#include "common/arena.h"
#include "common/err.h"
#include "frontend/run_options.h"

enum { DEVICES_MAX = 256 };

/*
 * Replaces each directory among the devices of *o by the devices in it and below it, in the order of their
 * names; what is no device there is passed over, a directory without any is an error. What is no directory
 * stays as it is. 0 or -errno.
 */
int devices_find(struct run_options *o, struct arena *a, struct err *e);
