/*
 * The input is a file that croft root build takes for a program or a library: what it needs is read, or it is
 * refused in a sentence. The file is on no side larger than it says, and nothing that is read lies beside it.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "frontend/rootbuild/elf.h"
#include "tests/fuzz/fuzz.h"

enum { BYTES_MAX = 1 << 16, ARENA = 8 << 20 };

/* One file for all inputs, written anew. */
static int file_of(const uint8_t *data, size_t size)
{
	static int fd = -1;

	if (fd < 0)
		fd = memfd_create("elf", MFD_CLOEXEC);
	MUST(fd >= 0 && ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size);
	return fd;
}

/* A string of the answer is a copy of bytes of the file that end there, below its limit. */
static size_t must_come_from(const char *s, size_t max, const struct arena *a, const uint8_t *data,
			     size_t size)
{
	if (!s)
		return 0;
	MUST((const char *)a->base <= s && s < (const char *)a->base + a->used);
	MUST(strlen(s) < max);
	MUST(memmem(data, size, s, strlen(s) + 1));
	return strlen(s) + 1;
}

static void must_be_of(const struct elf_file *f, const struct arena *a, const uint8_t *data, size_t size)
{
	struct elf_kind kind;
	size_t used = 0;

	MUST(elf_kind_of(data, size, &kind) == 0 && elf_kind_same(&kind, &f->kind));
	MUST(f->nneeded <= ELF_NEEDED_MAX);
	MUST(!f->rpath || !f->runpath);
	used += must_come_from(f->interp, ELF_NAME_MAX, a, data, size);
	used += must_come_from(f->soname, ELF_NAME_MAX, a, data, size);
	used += must_come_from(f->rpath, ELF_SEARCH_PATH_MAX, a, data, size);
	used += must_come_from(f->runpath, ELF_SEARCH_PATH_MAX, a, data, size);
	for (size_t i = 0; i < f->nneeded; i++) {
		MUST(f->needed[i].name && f->needed[i].name[0]);
		used += must_come_from(f->needed[i].name, ELF_NAME_MAX, a, data, size);
	}
	MUST(used <= a->used);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = fuzz_arena(ARENA);
	struct elf_file f, again;
	struct err e = {0};
	int r;

	if (size > BYTES_MAX)
		return 0;
	r = elf_read(file_of(data, size), "x", &a, &f, &e);
	if (r != 0) {
		MUST(r == -ENOEXEC || r == -ENOMEM);
		fuzz_refused(r, &e);
		return 0;
	}
	must_be_of(&f, &a, data, size);
	a.used = 0;
	MUST(elf_read(file_of(data, size), "x", &a, &again, &e) == 0);
	MUST(again.nneeded == f.nneeded);
	return 0;
}
