/*
 * extras.h - what programs load while they run and no ELF header names. Not pure: reads the host's files.
 */
#pragma once

#include "common/err.h"
#include "frontend/rootbuild/needs.h"

/*
 * Adds, where the commands read so far need it and the host has it: ld.so.conf and ld.so.cache; the modules
 * that nsswitch.conf(5) names for users, groups and hosts, and libgcc_s, which glibc loads to end threads;
 * for programs that use a terminal the descriptions of common ones (and of $TERM, given as term, may be NULL)
 * and the locale C.UTF-8. 0 or -errno.
 */
int extras_add(struct needs *n, const char *term, struct err *e);

/*
 * The services that the text of an nsswitch.conf names for a database, each once more in ret[0..max) with
 * its text in *a. Returns their number. Pure.
 */
size_t extras_services(const char *text, const char *database, struct arena *a, const char *ret[],
		       size_t max);
