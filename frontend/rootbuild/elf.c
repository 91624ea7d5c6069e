#include "frontend/rootbuild/elf.h"

#include <errno.h>
#include <gelf.h>
#include <libelf.h>
#include <string.h>
#include <unistd.h>

#include "common/text.h"

struct reader {
	Elf *elf;
	const char *name;
	struct arena *arena;
	size_t nphdrs;
	const char *strings; /* the dynamic string table */
	size_t strings_size;
	struct elf_file *file;
	struct err *e;
};

/* The dynamic section's numbers that lead to others. */
struct dynamic {
	Elf_Data *data;
	size_t count;
	uint64_t strings_address;
	uint64_t strings_size;
};

int elf_kind_of(const void *start, size_t size, struct elf_kind *ret)
{
	const unsigned char *p = start;
	uint16_t type;
	bool big;

	if (size < EI_NIDENT + 4 || memcmp(p, ELFMAG, SELFMAG) != 0)
		return -ENOEXEC;
	if (p[EI_CLASS] != ELFCLASS32 && p[EI_CLASS] != ELFCLASS64)
		return -ENOEXEC;
	if (p[EI_DATA] != ELFDATA2LSB && p[EI_DATA] != ELFDATA2MSB)
		return -ENOEXEC;
	big = p[EI_DATA] == ELFDATA2MSB;
	type = (uint16_t)(big ? p[EI_NIDENT] << 8 | p[EI_NIDENT + 1] : p[EI_NIDENT + 1] << 8 | p[EI_NIDENT]);
	if (type != ET_EXEC && type != ET_DYN)
		return -ENOEXEC;
	ret->class = p[EI_CLASS];
	ret->data = p[EI_DATA];
	ret->machine = (uint16_t)(big ? p[EI_NIDENT + 2] << 8 | p[EI_NIDENT + 3]
				      : p[EI_NIDENT + 3] << 8 | p[EI_NIDENT + 2]);
	return 0;
}

bool elf_kind_same(const struct elf_kind *a, const struct elf_kind *b)
{
	return a->class == b->class && a->data == b->data && a->machine == b->machine;
}

static int damaged(const struct reader *r, const char *what)
{
	return err_set(r->e, ENOEXEC, "%s is a damaged ELF file: %s", QUOTE(r->name), what);
}

/* A copy of the string of at most max bytes (with its end) at p[0..n), which must end there. */
static int copy_string(const struct reader *r, const char *p, size_t n, size_t max, const char **ret)
{
	size_t len = strnlen(p, n);
	char *copy;

	if (len == n)
		return damaged(r, "a string has no end");
	if (len >= max)
		return damaged(r, "a string is too long");
	copy = arena_copy(r->arena, p, len);
	if (!copy)
		return err_set(r->e, ENOMEM, "no memory left for what %s needs", QUOTE(r->name));
	*ret = copy;
	return 0;
}

static int dynamic_string(const struct reader *r, uint64_t offset, size_t max, const char **ret)
{
	if (offset >= r->strings_size)
		return damaged(r, "a name lies outside its string table");
	return copy_string(r, r->strings + offset, r->strings_size - (size_t)offset, max, ret);
}

/* size bytes of the file from offset on, in the form of type; libelf keeps them and checks the bounds. */
static Elf_Data *file_part(const struct reader *r, uint64_t offset, uint64_t size, Elf_Type type)
{
	if (offset > INT64_MAX || size > INT64_MAX || size == 0)
		return NULL;
	return elf_getdata_rawchunk(r->elf, (int64_t)offset, (size_t)size, type);
}

static int read_interp(const struct reader *r, const GElf_Phdr *ph)
{
	Elf_Data *d =
		ph->p_filesz <= ELF_NAME_MAX ? file_part(r, ph->p_offset, ph->p_filesz, ELF_T_BYTE) : NULL;

	if (!d || !d->d_buf)
		return damaged(r, "the name of its program interpreter cannot be read");
	return copy_string(r, d->d_buf, d->d_size, ELF_NAME_MAX, &r->file->interp);
}

static int read_dynamic(const struct reader *r, const GElf_Phdr *ph, struct dynamic *ret)
{
	size_t entry = gelf_fsize(r->elf, ELF_T_DYN, 1, EV_CURRENT);
	uint64_t size = ph->p_filesz;

	if (!entry || size / entry > ELF_DYNS_MAX)
		return damaged(r, "its dynamic section is too large");
	size -= size % entry;
	ret->data = file_part(r, ph->p_offset, size, ELF_T_DYN);
	if (!ret->data)
		return damaged(r, "its dynamic section lies outside the file");
	ret->count = (size_t)size / entry;
	return 0;
}

/* Where in the file the linker's address is, by the PT_LOAD headers, and how many bytes follow in its
 * segment. */
static bool file_offset(const struct reader *r, uint64_t address, uint64_t *ret_offset, uint64_t *ret_left)
{
	for (size_t i = 0; i < r->nphdrs; i++) {
		GElf_Phdr ph;

		if (!gelf_getphdr(r->elf, (int)i, &ph) || ph.p_type != PT_LOAD)
			continue;
		if (address < ph.p_vaddr || address - ph.p_vaddr >= ph.p_filesz)
			continue;
		if (ph.p_offset > UINT64_MAX - (address - ph.p_vaddr))
			continue;
		*ret_offset = ph.p_offset + (address - ph.p_vaddr);
		*ret_left = ph.p_filesz - (address - ph.p_vaddr);
		return true;
	}
	return false;
}

static int read_strings(struct reader *r, struct dynamic *d)
{
	uint64_t offset, left;
	bool found = false;
	Elf_Data *data;
	GElf_Dyn dyn;

	for (size_t i = 0; i < d->count && gelf_getdyn(d->data, (int)i, &dyn) && dyn.d_tag != DT_NULL; i++) {
		if (dyn.d_tag == DT_STRTAB) {
			d->strings_address = dyn.d_un.d_ptr;
			found = true;
		} else if (dyn.d_tag == DT_STRSZ) {
			d->strings_size = dyn.d_un.d_val;
		}
	}
	if (!found)
		return 0;
	if (!file_offset(r, d->strings_address, &offset, &left) || d->strings_size > left)
		return damaged(r, "its dynamic string table lies outside the file");
	if (d->strings_size > ELF_STRINGS_MAX)
		return damaged(r, "its dynamic string table is too large");
	data = file_part(r, offset, d->strings_size, ELF_T_BYTE);
	if (!data || !data->d_buf)
		return damaged(r, "its dynamic string table cannot be read");
	r->strings = data->d_buf;
	r->strings_size = data->d_size;
	return 0;
}

static bool names_a_library(int64_t tag)
{
	return tag == DT_NEEDED || tag == DT_FILTER || tag == DT_AUXILIARY;
}

/* One entry of the dynamic section; libraries go to needed[]. */
static int take_entry(const struct reader *r, const GElf_Dyn *dyn, struct elf_needed *needed)
{
	struct elf_file *f = r->file;

	if (names_a_library(dyn->d_tag)) {
		struct elf_needed *n = &needed[f->nneeded];
		int res = dynamic_string(r, dyn->d_un.d_val, ELF_NAME_MAX, &n->name);

		if (res < 0)
			return res;
		if (!n->name[0])
			return damaged(r, "it needs a library without a name");
		n->optional = dyn->d_tag == DT_AUXILIARY;
		f->nneeded++;
		return 0;
	}
	if (dyn->d_tag == DT_SONAME)
		return dynamic_string(r, dyn->d_un.d_val, ELF_NAME_MAX, &f->soname);
	if (dyn->d_tag == DT_RPATH)
		return dynamic_string(r, dyn->d_un.d_val, ELF_SEARCH_PATH_MAX, &f->rpath);
	if (dyn->d_tag == DT_RUNPATH)
		return dynamic_string(r, dyn->d_un.d_val, ELF_SEARCH_PATH_MAX, &f->runpath);
	if (dyn->d_tag == DT_FLAGS_1)
		f->no_default = dyn->d_un.d_val & DF_1_NODEFLIB;
	return 0;
}

static int take_entries(const struct reader *r, const struct dynamic *d)
{
	struct elf_needed *needed;
	size_t libraries = 0;
	GElf_Dyn dyn;

	for (size_t i = 0; i < d->count && gelf_getdyn(d->data, (int)i, &dyn) && dyn.d_tag != DT_NULL; i++)
		libraries += names_a_library(dyn.d_tag);
	if (libraries > ELF_NEEDED_MAX)
		return damaged(r, "it needs too many libraries");
	needed = arena_array(r->arena, libraries, sizeof(*needed));
	if (!needed)
		return err_set(r->e, ENOMEM, "no memory left for what %s needs", QUOTE(r->name));
	r->file->needed = needed;
	for (size_t i = 0; i < d->count && gelf_getdyn(d->data, (int)i, &dyn) && dyn.d_tag != DT_NULL; i++) {
		int res = take_entry(r, &dyn, needed);

		if (res < 0)
			return res;
	}
	/* As _dl_elf_get_dynamic_info() of glibc: DT_RUNPATH makes DT_RPATH void. */
	if (r->file->runpath)
		r->file->rpath = NULL;
	return 0;
}

static int read_headers(struct reader *r)
{
	struct dynamic d = {.count = 0};
	int res = 0;

	if (elf_getphdrnum(r->elf, &r->nphdrs) < 0)
		return damaged(r, "its program headers cannot be read");
	if (r->nphdrs > ELF_PHDRS_MAX)
		return damaged(r, "it has too many program headers");
	for (size_t i = 0; i < r->nphdrs && res == 0; i++) {
		GElf_Phdr ph;

		if (!gelf_getphdr(r->elf, (int)i, &ph))
			return damaged(r, "its program headers lie outside the file");
		if (ph.p_type == PT_INTERP && !r->file->interp)
			res = read_interp(r, &ph);
		else if (ph.p_type == PT_DYNAMIC && !d.data)
			res = read_dynamic(r, &ph, &d);
	}
	if (res < 0 || !d.data)
		return res;
	res = read_strings(r, &d);
	return res < 0 ? res : take_entries(r, &d);
}

int elf_read(int fd, const char *name, struct arena *a, struct elf_file *ret, struct err *e)
{
	struct elf_file file = {.nneeded = 0};
	struct reader r = {.name = name, .arena = a, .file = &file, .e = e};
	unsigned char start[EI_NIDENT + 4];
	ssize_t size = pread(fd, start, sizeof(start), 0);
	int res;

	if (size < 0)
		return err_sys(e, "read %s", QUOTE(name));
	if (size < SELFMAG || memcmp(start, ELFMAG, SELFMAG) != 0)
		return err_set(e, ENOEXEC, "%s is not an ELF file", QUOTE(name));
	if (elf_kind_of(start, (size_t)size, &file.kind) < 0)
		return err_set(e, ENOEXEC, "%s is an ELF file, but neither a program nor a shared object",
			       QUOTE(name));
	if (elf_version(EV_CURRENT) == EV_NONE)
		return err_set(e, ENOSYS, "libelf is too old for this program");
	r.elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!r.elf || elf_kind(r.elf) != ELF_K_ELF)
		res = damaged(&r, elf_errmsg(-1));
	else
		res = read_headers(&r);
	elf_end(r.elf);
	if (res == 0)
		*ret = file;
	return res;
}
