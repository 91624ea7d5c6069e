/*
 * dev.h - a minimal /dev without devtmpfs, which cannot be mounted without root. Not pure.
 */
#pragma once

#include <stdbool.h>

#include "common/err.h"

/*
 * On target of root: a tmpfs with null, zero, full, random, urandom and tty bound from the host (each checked
 * on its descriptor to be that very device, CVE-2025-31133), the links fd, stdin, stdout, stderr and ptmx,
 * and the directories pts, shm, mqueue.
 */
int dev_make(int root, const char *target, struct err *e);

/* A new devpts instance on target: mode 0620, ptmxmode 0666; group: of group 5 (tty) where that is mapped. */
int dev_pts(int root, const char *target, bool group, struct err *e);

/* Binds the terminal that slave names on /dev/console of root. */
int dev_console(int root, int slave, struct err *e);
