/*
 * plain.h - paths on which no link was met: where they lead is what they say. Not pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * openat2(2) below dirfd with scope (RESOLVE_IN_ROOT, or 0), first without any link, then without magic
 * links. *ret_plain: no link was met. A descriptor, or -1 with errno.
 */
int plain_open(int dirfd, const char *path, uint64_t flags, uint64_t scope, bool *ret_plain);

/*
 * Whether a plain path can lead neither to place nor below it, both clean. A directory may take upper and
 * lower case for the same (ext4(5) casefold), and letters that are not ASCII for ASCII ones: with these it is
 * false.
 */
bool plain_apart(const char *path, const char *place);
