/*
 * overlay.h - a directory tree with a layer on top of it that is thrown away. Not pure.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "common/err.h"

/*
 * An overlay of the detached tree lower and an empty tmpfs of size bytes, whose root has the permission bits
 * of mode: a detached tree again. In a mount namespace whose user namespace has this process with
 * CAP_SYS_ADMIN and its fs ids mapped; nothing stays mounted there. A descriptor or -errno.
 */
int overlay_make(int lower, mode_t mode, uint64_t size, struct err *e);
