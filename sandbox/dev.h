/*
 * dev.h - a minimal /dev without devtmpfs, which cannot be mounted without root. Not pure.
 */
#pragma once

#include <stdbool.h>

#include "common/err.h"

/*
 * On target of root: a tmpfs with null, zero, full, random, urandom and tty bound from the host (each checked
 * on its descriptor to be that very device, CVE-2025-31133), the links fd, stdin, stdout, stderr and ptmx,
 * and the directories pts, shm, mqueue. *ret_plain: no link led to target. An O_PATH descriptor of its top,
 * or -errno.
 */
int dev_make(int root, const char *target, bool *ret_plain, struct err *e);

/* A new devpts instance on target: mode 0620, ptmxmode 0666; group: of group 5 (tty) where that is mapped. */
int dev_pts(int root, const char *target, bool group, struct err *e);

/*
 * Binds the device that the O_PATH descriptor source names on target, a new file below the /dev of root,
 * whose missing directories are made. -1 for source: nothing is done. A file system that is mounted nodev,
 * and a target that is there already are errors. 0 or -errno.
 */
int dev_bind(int root, int source, const char *target, struct err *e);

/* An O_PATH descriptor of one of the host's devices of dev_make(), checked to be it: by its name in /dev. A
 * descriptor or -errno. */
int dev_host(const char *name, struct err *e);

/* Binds the terminal that slave names on /dev/console of root. */
int dev_console(int root, int slave, struct err *e);
