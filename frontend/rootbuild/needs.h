/*
 * needs.h - what commands need: their libraries and interpreters, added to a manifest. Not pure: reads files,
 * runs none.
 */
#pragma once

#include <stdbool.h>

#include "common/arena.h"
#include "common/err.h"
#include "frontend/rootbuild/elf.h"
#include "frontend/rootbuild/manifest.h"
#include "frontend/rootbuild/search.h"

enum {
	NEEDS_FILES_MAX = 8192,   /* different ELF files of one root */
	NEEDS_OBJECTS_MAX = 2048, /* objects of one program */
	NEEDS_SCRIPTS_MAX = 5,    /* scripts that interpret scripts: execve(2) allows four */
};

/* An ELF file that was read. */
struct needs_file {
	const char *real; /* its path without links */
	struct elf_file elf;
};

struct needs {
	struct arena *arena;
	struct manifest *manifest;
	const struct search *search;
	const char *path; /* PATH of the caller */
	struct needs_file *file;
	size_t nfiles;
	struct needs_object *object; /* NEEDS_OBJECTS_MAX of them, for one program after the other */
};

int needs_init(struct needs *n, struct arena *a, struct manifest *m, const struct search *s, const char *path,
	       struct err *e);

/*
 * Adds a command (a path with a '/', or a name looked up in PATH) and all that it needs. 0, or -ENOENT,
 * -EACCES, -ENOEXEC ... with a sentence that names the command.
 */
int needs_command(struct needs *n, const char *command, struct err *e);

/*
 * Adds a library that programs load while they run, by name, for each kind of dynamic program read so far;
 * nothing where there is none. 0 or -errno.
 */
int needs_library(struct needs *n, const char *name, struct err *e);

/* Whether any file read so far needs a library whose name begins so. */
bool needs_uses(const struct needs *n, const char *prefix);
