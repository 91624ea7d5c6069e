/*
 * search.h - where the dynamic linker finds a library: the rules of ld.so(8). Not pure: looks at files, runs
 * none.
 *
 * The order, as _dl_map_object() of glibc has it: DT_RPATH of the object that needs the library and of those
 * that brought it in, up to the program (only where the object itself has no DT_RUNPATH); DT_RUNPATH of the
 * object; /etc/ld.so.cache (/etc/ld.so.conf where there is no cache); the default directories.
 * LD_LIBRARY_PATH is left out: it belongs to the caller, not to the root. In each directory the variants of
 * glibc-hwcaps/ are found along with the plain library, whatever this processor is, so that the root works on
 * another one.
 */
#pragma once

#include <stddef.h>

#include "common/arena.h"
#include "common/err.h"
#include "frontend/rootbuild/elf.h"
#include "frontend/rootbuild/ldcache.h"
#include "frontend/rootbuild/ldconf.h"

enum {
	SEARCH_PATH_MAX = 4096, /* PATH_MAX */
	SEARCH_FOUND_MAX = 32,  /* a library and its variants */
};

struct search {
	struct arena *arena;
	struct ldcache cache; /* count 0 where there is none */
	struct ldconf conf;
	const char *platform;
};

/* Who needs a library. */
struct search_from {
	const char *path; /* as it was found; $ORIGIN is its directory */
	const struct elf_file *elf;
	const struct search_from *loader; /* who needed this one; NULL for a program */
};

struct search_found {
	const char *path[SEARCH_FOUND_MAX]; /* as found, not resolved; the library and its variants */
	size_t count;
};

/* Reads the cache, or the directories of conf where the cache is missing or of another form. 0 or -errno. */
int search_open(struct search *s, struct arena *a, const char *cache, const char *conf, struct err *e);

/* All that has the kind of from and is called name. 0, or -ENOENT with a sentence that says where was looked.
 */
int search_library(const struct search *s, const struct search_from *from, const char *name,
		   struct search_found *ret, struct err *e);
