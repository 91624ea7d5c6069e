/*
 * inroot.h - opens and makes everything below the new root. Not pure.
 *
 * The root file system is hostile: any symbolic link in it may point anywhere. Every name is resolved
 * by the kernel below a descriptor of the root (openat2 RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS, Linux
 * >= 5.6), so that an absolute link or any number of ".." ends inside; nothing is ever opened by a path
 * string of the host (CVE-2015-1335, CVE-2024-45310, CVE-2026-41579).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/err.h"

/* openat2 below root with O_CLOEXEC. A descriptor, or -1 with errno. */
int inroot_open(int root, const char *path, uint64_t flags);

/*
 * An O_PATH descriptor of the directory at path, made with its missing parents (0755) when it is not there; a
 * dangling symbolic link on the way is followed inside the root. mode is for the last one. A descriptor or
 * -errno.
 */
int inroot_directory(int root, const char *path, mode_t mode, struct err *e);

/* The same for a regular file: made empty when it is missing. A descriptor of what is there, whatever its
 * type. */
int inroot_file(int root, const char *path, mode_t mode, struct err *e);

/* Either of them, to mount on it. *ret_plain: it was reached by no link, so that path itself says where it
 * is. */
int inroot_mount_point(int root, const char *path, bool directory, bool *ret_plain, struct err *e);

/* Makes a symbolic link at path (the parents must exist); one with the same target already there is fine. 0
 * or -errno. */
int inroot_symlink(int root, const char *target, const char *path, struct err *e);
