/* What an ELF file needs; damaged and hostile ones. The file that is mutated is this test program itself. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/mem.h"
#include "frontend/rootbuild/elf.h"

enum { ARENA = 96 << 20, ROUNDS = 30000 };

static struct arena arena;
static unsigned char *bytes; /* of this program */
static size_t size;
static int copy; /* a file that may be changed */

static int load_self(void **state)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct stat st;

	(void)state;
	if (fd < 0 || fstat(fd, &st) < 0)
		return -1;
	size = (size_t)st.st_size;
	bytes = malloc(size);
	copy = memfd_create("elf", MFD_CLOEXEC);
	if (!bytes || copy < 0 || read(fd, bytes, size) != (ssize_t)size)
		return -1;
	close(fd);
	return mem_arena(ARENA, &arena) < 0 || write(copy, bytes, size) != (ssize_t)size ? -1 : 0;
}

static int free_self(void **state)
{
	(void)state;
	free(bytes);
	close(copy);
	return 0;
}

static int read_copy(struct elf_file *f, struct err *e)
{
	arena.used = 0;
	*e = (struct err){.code = 0};
	return elf_read(copy, "x", &arena, f, e);
}

/* Puts the program's own bytes back. */
static void restore(void)
{
	assert_int_equal(ftruncate(copy, (off_t)size), 0);
	assert_int_equal(pwrite(copy, bytes, size, 0), (ssize_t)size);
}

/* Whatever the file: an answer whose strings can be read, or a refusal with a sentence. */
static void assert_sane(const char *why, uint64_t round, int r, const struct elf_file *f, const struct err *e)
{
	size_t sum = 0;

	if (r < 0) {
		if ((r != -ENOEXEC && r != -ENOMEM) || !e->msg[0])
			fail_msg("%s %llu: %d %s", why, (unsigned long long)round, r, e->msg);
		return;
	}
	assert_true(f->nneeded <= ELF_NEEDED_MAX);
	for (size_t i = 0; i < f->nneeded; i++)
		sum += strlen(f->needed[i].name);
	sum += f->interp ? strlen(f->interp) : 0;
	sum += f->soname ? strlen(f->soname) : 0;
	sum += f->rpath ? strlen(f->rpath) : 0;
	sum += f->runpath ? strlen(f->runpath) : 0;
	assert_true(sum <= arena.used);
}

static void this_program_needs_its_libraries(void **state)
{
	bool libc = false, cmocka = false;
	struct elf_file f;
	struct err e;

	(void)state;
	assert_int_equal(read_copy(&f, &e), 0);
	assert_non_null(f.interp);
	assert_int_equal(f.interp[0], '/');
	for (size_t i = 0; i < f.nneeded; i++) {
		libc = libc || !strcmp(f.needed[i].name, "libc.so.6");
		cmocka = cmocka || !strncmp(f.needed[i].name, "libcmocka.so", 12);
	}
	assert_true(libc && cmocka);
}

static void a_file_cut_anywhere_is_refused_or_read(void **state)
{
	struct elf_file f;
	struct err e;

	(void)state;
	for (size_t n = size < 8192 ? size : 8192; n-- > 0;) {
		assert_int_equal(ftruncate(copy, (off_t)n), 0);
		assert_sane("cut", n, read_copy(&f, &e), &f, &e);
	}
	for (size_t n = 0; n < 20; n++) {
		assert_int_equal(ftruncate(copy, (off_t)n), 0);
		assert_int_equal(read_copy(&f, &e), -ENOEXEC);
	}
	restore();
}

static uint64_t next_random(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

/* Where changes matter: the header, the program headers, the dynamic section. */
static void region(unsigned which, size_t *ret_start, size_t *ret_len)
{
	Elf64_Ehdr eh;
	Elf64_Phdr ph;

	memcpy(&eh, bytes, sizeof(eh));
	*ret_start = 0;
	*ret_len = sizeof(eh) + (size_t)eh.e_phnum * sizeof(ph);
	for (size_t i = 0; which && i < eh.e_phnum; i++) {
		memcpy(&ph, bytes + eh.e_phoff + i * sizeof(ph), sizeof(ph));
		if (ph.p_type == PT_DYNAMIC) {
			*ret_start = ph.p_offset;
			*ret_len = ph.p_filesz;
		}
	}
}

static void changed_bytes_never_lead_out_of_the_file(void **state)
{
	static const uint64_t evil[] = {0,          1,         0x7f,       0xff,
					UINT32_MAX, INT64_MAX, UINT64_MAX, UINT64_MAX - 4095};
	uint64_t x = 88172645463325252U;
	unsigned refused = 0, accepted = 0;
	struct elf_file f;
	struct err e;

	(void)state;
	for (uint64_t round = 0; round < ROUNDS; round++) {
		size_t start, len, width = (size_t)1 << next_random(&x) % 4, at;
		uint64_t v = next_random(&x) % 2 ? evil[next_random(&x) % 8] : next_random(&x);
		int r;

		region(round % 2, &start, &len);
		at = start + (size_t)(next_random(&x) % (len - width)) / width * width;
		assert_int_equal(pwrite(copy, &v, width, (off_t)at), (ssize_t)width);
		r = read_copy(&f, &e);
		assert_sane("round", round, r, &f, &e);
		refused += r < 0;
		accepted += r == 0;
		/* Most changes are undone; some pile up. */
		if (round % 8)
			assert_int_equal(pwrite(copy, bytes + at, width, (off_t)at), (ssize_t)width);
		if (round % 64 == 63)
			restore();
	}
	restore();
	assert_true(refused > ROUNDS / 100 && accepted > ROUNDS / 100);
}

/* A little ELF file of its own, of one segment, whose dynamic section a test fills in. */
struct small {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[2];
	Elf64_Dyn dyn[8];
	char strings[64];
};

static struct small small_file(void)
{
	struct small s = {
		.eh = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
		       .e_type = ET_DYN,
		       .e_machine = EM_X86_64,
		       .e_version = EV_CURRENT,
		       .e_phoff = offsetof(struct small, ph),
		       .e_ehsize = sizeof(Elf64_Ehdr),
		       .e_phentsize = sizeof(Elf64_Phdr),
		       .e_phnum = 2,
		       .e_shentsize = sizeof(Elf64_Shdr)},
		.ph = {{.p_type = PT_LOAD, .p_filesz = sizeof(struct small), .p_memsz = sizeof(struct small)},
		       {.p_type = PT_DYNAMIC,
			.p_offset = offsetof(struct small, dyn),
			.p_filesz = sizeof(s.dyn)}},
		.dyn = {{DT_STRTAB, {offsetof(struct small, strings)}}, {DT_STRSZ, {sizeof(s.strings)}}},
		.strings = "\0liba.so\0libb.so\0/r\0/p",
	};

	return s;
}

static int read_small(const struct small *s, struct elf_file *f, struct err *e)
{
	int r;

	assert_int_equal(ftruncate(copy, 0), 0);
	assert_int_equal(pwrite(copy, s, sizeof(*s), 0), (ssize_t)sizeof(*s));
	r = read_copy(f, e);
	restore();
	return r;
}

static void a_runpath_makes_the_rpath_void(void **state)
{
	struct small s = small_file();
	struct elf_file f;
	struct err e;

	(void)state;
	s.dyn[2] = (Elf64_Dyn){DT_NEEDED, {1}};
	s.dyn[3] = (Elf64_Dyn){DT_AUXILIARY, {9}};
	s.dyn[4] = (Elf64_Dyn){DT_RPATH, {17}};
	assert_int_equal(read_small(&s, &f, &e), 0);
	assert_string_equal(f.needed[0].name, "liba.so");
	assert_false(f.needed[0].optional);
	assert_string_equal(f.needed[1].name, "libb.so");
	assert_true(f.needed[1].optional);
	assert_string_equal(f.rpath, "/r");
	assert_null(f.runpath);
	s.dyn[5] = (Elf64_Dyn){DT_RUNPATH, {20}};
	assert_int_equal(read_small(&s, &f, &e), 0);
	assert_null(f.rpath);
	assert_string_equal(f.runpath, "/p");
}

static void hostile_files_are_refused_with_the_reason(void **state)
{
	static const struct {
		const char *why, *message;
		Elf64_Dyn dyn[3];
	} table[] = {
		{"a name beyond the table", "outside its string table", {{DT_NEEDED, {64}}}},
		{"a name far beyond", "outside its string table", {{DT_NEEDED, {UINT64_MAX}}}},
		{"an empty name", "without a name", {{DT_NEEDED, {0}}}},
		{"a table beyond the file", "outside the file", {{DT_STRSZ, {UINT64_MAX}}}},
		{"a table at no segment", "outside the file", {{DT_STRTAB, {UINT64_MAX - 8}}}},
	};
	struct elf_file f;
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct small s = small_file();

		memcpy(&s.dyn[2], table[i].dyn, sizeof(table[i].dyn));
		if (read_small(&s, &f, &e) != -ENOEXEC || !strstr(e.msg, table[i].message))
			fail_msg("%s: %s", table[i].why, e.msg);
	}
}

static void a_table_without_an_end_is_refused(void **state)
{
	struct small s = small_file();
	struct elf_file f;
	struct err e;

	(void)state;
	memset(s.strings, 'a', sizeof(s.strings));
	s.dyn[2] = (Elf64_Dyn){DT_SONAME, {1}};
	assert_int_equal(read_small(&s, &f, &e), -ENOEXEC);
	assert_non_null(strstr(e.msg, "no end"));
}

static void objects_and_core_files_are_no_programs(void **state)
{
	static const uint16_t type[] = {ET_NONE, ET_REL, ET_CORE, 0xff00};
	struct elf_file f;
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(type) / sizeof(type[0]); i++) {
		struct small s = small_file();

		s.eh.e_type = type[i];
		assert_int_equal(read_small(&s, &f, &e), -ENOEXEC);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(this_program_needs_its_libraries),
		cmocka_unit_test(a_file_cut_anywhere_is_refused_or_read),
		cmocka_unit_test(changed_bytes_never_lead_out_of_the_file),
		cmocka_unit_test(a_runpath_makes_the_rpath_void),
		cmocka_unit_test(hostile_files_are_refused_with_the_reason),
		cmocka_unit_test(a_table_without_an_end_is_refused),
		cmocka_unit_test(objects_and_core_files_are_no_programs),
	};

	return cmocka_run_group_tests(tests, load_self, free_self);
}
