/*
 * elf.h - what one ELF file asks of the dynamic linker: elf(5). Reads the descriptor given, runs nothing.
 *
 * The file is not trusted: every offset is checked against its size, every string must end inside its table,
 * every count has a limit. The file is read, never mapped, so that one cut short meanwhile is an error and no
 * signal.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/err.h"

enum {
	ELF_PHDRS_MAX = 1024,        /* linkers make about a dozen */
	ELF_DYNS_MAX = 65536,        /* entries of the dynamic section */
	ELF_STRINGS_MAX = 64 << 20,  /* bytes of the dynamic string table */
	ELF_NEEDED_MAX = 1024,       /* libraries one file names */
	ELF_NAME_MAX = 4096,         /* bytes of one name, with its end: PATH_MAX */
	ELF_SEARCH_PATH_MAX = 65536, /* bytes of DT_RPATH, DT_RUNPATH */
};

/* What must agree before the dynamic linker takes a library for a program. */
struct elf_kind {
	uint8_t class; /* ELFCLASS32, ELFCLASS64 */
	uint8_t data;  /* ELFDATA2LSB, ELFDATA2MSB */
	uint16_t machine;
};

struct elf_needed {
	const char *name;
	bool optional; /* DT_AUXILIARY: taken where it exists */
};

struct elf_file {
	struct elf_kind kind;
	const char *interp; /* PT_INTERP; the strings are NULL where there is none */
	const char *soname;
	const char *rpath; /* NULL when there is a runpath, which makes ld.so ignore it */
	const char *runpath;
	bool no_default; /* DF_1_NODEFLIB: neither the cache nor the default directories */
	const struct elf_needed *needed;
	size_t nneeded;
};

/* The kind of the file whose first size bytes these are, which must be a program or a shared object. 0 or
 * -ENOEXEC. Pure. */
int elf_kind_of(const void *start, size_t size, struct elf_kind *ret);
bool elf_kind_same(const struct elf_kind *a, const struct elf_kind *b);

/*
 * Reads the file called name in messages. Strings are in *a. A file without a dynamic section needs nothing.
 * 0; -ENOEXEC with the fault when it is no ELF program or is damaged.
 */
int elf_read(int fd, const char *name, struct arena *a, struct elf_file *ret, struct err *e);
