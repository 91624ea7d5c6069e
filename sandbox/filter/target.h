/*
 * target.h - the architectures that a filter can be made for, and their system call numbers, from libseccomp.
 * Not pure: libseccomp.
 */
#pragma once

#include "common/err.h"
#include "sandbox/filter/compile.h"

/*
 * By the first word of what `gcc -dumpmachine` prints, as "x86_64". 0, or -ENOENT with *e: the table of rules
 * has been thought through for no other (their ioctls, or the order of clone's arguments, differ).
 */
int filter_target_find(const char *name, struct filter_target *ret, struct err *e);

extern const char *const filter_target_name[]; /* all of them; NULL at the end */
