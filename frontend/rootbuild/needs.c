#include "frontend/rootbuild/needs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/text.h"
#include "frontend/rootbuild/script.h"

/* What ld.so would have loaded for one program, in its order. */
struct needs_object {
	struct search_from from;
	const char *name; /* by which it was asked for */
};

struct program {
	struct needs *n;
	struct needs_object *object; /* do not move: loaders point to them */
	size_t count;
	struct err *e;
};

static int add_command(struct needs *n, const char *command, unsigned depth, struct err *e);

int needs_init(struct needs *n, struct arena *a, struct manifest *m, const struct search *s, const char *path,
	       struct err *e)
{
	*n = (struct needs){.arena = a, .manifest = m, .search = s, .path = path};
	n->file = arena_array(a, NEEDS_FILES_MAX, sizeof(*n->file));
	n->object = arena_array(a, NEEDS_OBJECTS_MAX, sizeof(*n->object));
	return n->file && n->object ? 0 : err_set(e, ENOMEM, "no memory for the list of libraries");
}

static int open_file(const char *path, struct err *e)
{
	fd_auto int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "open %s", QUOTE(path));
	if (!S_ISREG(st.st_mode))
		return err_set(e, EINVAL, "%s is not a regular file", QUOTE(path));
	return TAKE_FD(fd);
}

/* The ELF file at the path real, read once. */
static int read_file(struct needs *n, const char *real, const struct elf_file **ret, struct err *e)
{
	struct needs_file *f = &n->file[n->nfiles];
	fd_auto int fd = -1;
	int r;

	for (size_t i = 0; i < n->nfiles; i++)
		if (!strcmp(n->file[i].real, real)) {
			*ret = &n->file[i].elf;
			return 0;
		}
	if (n->nfiles == NEEDS_FILES_MAX)
		return err_set(e, E2BIG, "more than %d programs and libraries are needed", NEEDS_FILES_MAX);
	fd = open_file(real, e);
	if (fd < 0)
		return fd;
	r = elf_read(fd, real, n->arena, &f->elf, e);
	if (r < 0)
		return r;
	f->real = arena_copy(n->arena, real, strlen(real));
	if (!f->real)
		return err_set(e, ENOMEM, "no memory left for the list of libraries");
	n->nfiles++;
	*ret = &f->elf;
	return 0;
}

/* ld.so compares the name asked for with the names and the DT_SONAME of what it has loaded. */
static bool is_loaded(const struct program *p, const char *name)
{
	for (size_t i = 0; i < p->count; i++) {
		const char *soname = p->object[i].from.elf->soname;

		if ((p->object[i].name && !strcmp(p->object[i].name, name)) ||
		    (soname && !strcmp(soname, name)))
			return true;
	}
	return false;
}

/* Adds the file found at path to the manifest and to the program. */
static int load(struct program *p, const char *path, const char *name, const struct search_from *loader)
{
	struct needs_object *o = &p->object[p->count];
	char real[MANIFEST_PATH_MAX];
	int r = manifest_add(p->n->manifest, path, real, p->e);

	if (r < 0)
		return r;
	if (p->count == NEEDS_OBJECTS_MAX)
		return err_set(p->e, E2BIG, "%s needs more than %d libraries", QUOTE(p->object[0].from.path),
			       NEEDS_OBJECTS_MAX);
	o->from = (struct search_from){.path = path, .loader = loader};
	o->name = name;
	r = read_file(p->n, real, &o->from.elf, p->e);
	if (r == 0)
		p->count++;
	return r;
}

static int load_needed(struct program *p, const struct search_from *from, const struct elf_needed *needed)
{
	struct search_found found;
	int r;

	if (is_loaded(p, needed->name))
		return 0;
	r = search_library(p->n->search, from, needed->name, &found, p->e);
	if (r == -ENOENT && needed->optional)
		return 0;
	for (size_t i = 0; i < found.count && r == 0; i++)
		r = load(p, found.path[i], needed->name, from);
	return r;
}

/* Breadth first, as ld.so loads. */
static int load_all(struct program *p)
{
	int r = 0;

	for (size_t i = 0; i < p->count; i++) {
		const struct search_from *from = &p->object[i].from;

		for (size_t k = 0; k < from->elf->nneeded && r == 0; k++)
			r = load_needed(p, from, &from->elf->needed[k]);
		if (r < 0)
			return r;
	}
	return 0;
}

static int load_interp(struct program *p)
{
	const struct search_from *main = &p->object[0].from;
	struct stat st;

	if (!main->elf->interp)
		return 0;
	if (main->elf->interp[0] != '/' || stat(main->elf->interp, &st) < 0)
		return err_set(p->e, ENOENT, "the program interpreter %s, which %s needs, was not found",
			       QUOTE(main->elf->interp), QUOTE(main->path));
	return load(p, main->elf->interp, main->elf->interp, NULL);
}

static int add_elf(struct needs *n, const char *real, struct err *e)
{
	struct program p = {.n = n, .object = n->object, .e = e};
	int r = load(&p, real, NULL, NULL);

	if (r == 0)
		r = load_interp(&p);
	if (r == 0)
		r = load_all(&p);
	return r;
}

static int add_script(struct needs *n, const char *real, const struct script *s, unsigned depth,
		      struct err *e)
{
	int r;

	if (depth == NEEDS_SCRIPTS_MAX)
		return err_set(e, ELOOP, "%s: scripts interpret each other too deeply", QUOTE(real));
	r = add_command(n, s->interp, depth + 1, e);
	if (r == 0 && s->program[0])
		r = add_command(n, s->program, depth + 1, e);
	return r < 0 ? err_wrap(e, "the interpreter of %s", QUOTE(real)) : 0;
}

static int add_program(struct needs *n, const char *real, unsigned depth, struct err *e)
{
	char start[SCRIPT_LINE_MAX];
	struct script script;
	fd_auto int fd = open_file(real, e);
	ssize_t size;
	int r;

	if (fd < 0)
		return fd;
	size = pread(fd, start, sizeof(start), 0);
	if (size < 0)
		return err_sys(e, "read %s", QUOTE(real));
	if (size >= 4 && !memcmp(start, "\177ELF", 4))
		return add_elf(n, real, e);
	r = script_parse(start, (size_t)size, &script);
	if (r == -EINVAL)
		return err_set(e, ENOEXEC, "%s begins with '#!', but not with a usable interpreter",
			       QUOTE(real));
	if (r < 0)
		return err_set(e, ENOEXEC, "%s is neither an ELF program nor a script with '#!'",
			       QUOTE(real));
	return add_script(n, real, &script, depth, e);
}

static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_mode & 0111;
}

/* Relative directories in PATH mean another one wherever the program is started: they are passed over. */
static int look_in_path(const struct needs *n, const char *name, char *buf, size_t size, struct err *e)
{
	for (const char *p = n->path; *p;) {
		size_t len = strcspn(p, ":");
		int k = snprintf(buf, size, "%.*s/%s", (int)len, p, name);

		if (*p == '/' && k > 0 && (size_t)k < size && is_program(buf))
			return 0;
		p += len + (p[len] ? 1 : 0);
	}
	err_set(e, ENOENT, "command %s was not found in PATH", QUOTE(name));
	if (name[0] == '-')
		err_hint(e,
			 "options stand before the directory: croft root build [OPTION]... DIR COMMAND...");
	return -ENOENT;
}

/* A path that was given, made absolute, with the links it leads through. */
static int absolute(const char *path, char *buf, size_t size, struct err *e)
{
	char cwd[MANIFEST_PATH_MAX];
	int n;

	if (path[0] != '/' && !getcwd(cwd, sizeof(cwd)))
		return err_sys(e, "find the current directory");
	n = path[0] == '/' ? snprintf(buf, size, "%s", path) : snprintf(buf, size, "%s/%s", cwd, path);
	if (n < 0 || (size_t)n >= size)
		return err_set(e, ENAMETOOLONG, "the path of command %s is too long", QUOTE(path));
	return 0;
}

static int add_command(struct needs *n, const char *command, unsigned depth, struct err *e)
{
	char path[MANIFEST_PATH_MAX], real[MANIFEST_PATH_MAX];
	struct stat st;
	int r;

	if (!command[0])
		return err_set(e, EINVAL, "the name of a command is empty");
	r = strchr(command, '/') ? absolute(command, path, sizeof(path), e)
				 : look_in_path(n, command, path, sizeof(path), e);
	if (r < 0)
		return r;
	if (stat(path, &st) < 0)
		return err_sys(e, "command %s", QUOTE(command));
	if (!S_ISREG(st.st_mode))
		return err_set(e, EINVAL, "command %s is not a regular file", QUOTE(command));
	if (!(st.st_mode & 0111))
		return err_set(e, EACCES, "command %s is not executable", QUOTE(command));
	r = manifest_add(n->manifest, path, real, e);
	return r < 0 ? r : add_program(n, real, depth, e);
}

int needs_command(struct needs *n, const char *command, struct err *e)
{
	return add_command(n, command, 0, e);
}

/* The library for programs of the kind of elf, as dlopen() of a program without search path finds it. */
static int add_library(struct needs *n, const struct elf_kind *kind, const char *name, struct err *e)
{
	const struct elf_file nobody = {.kind = *kind};
	const struct search_from from = {.path = "/", .elf = &nobody};
	const struct elf_needed needed = {.name = name, .optional = true};
	struct program p = {.n = n, .object = n->object, .e = e};
	int r = load_needed(&p, &from, &needed);

	return r == 0 ? load_all(&p) : r;
}

int needs_library(struct needs *n, const char *name, struct err *e)
{
	size_t nfiles = n->nfiles;

	for (size_t i = 0; i < nfiles; i++) {
		bool seen = !n->file[i].elf.interp;

		for (size_t k = 0; k < i && !seen; k++)
			seen = n->file[k].elf.interp &&
			       elf_kind_same(&n->file[k].elf.kind, &n->file[i].elf.kind);
		if (!seen) {
			int r = add_library(n, &n->file[i].elf.kind, name, e);

			if (r < 0)
				return r;
		}
	}
	return 0;
}

bool needs_uses(const struct needs *n, const char *prefix)
{
	for (size_t i = 0; i < n->nfiles; i++)
		for (size_t k = 0; k < n->file[i].elf.nneeded; k++)
			if (text_starts(n->file[i].elf.needed[k].name, prefix))
				return true;
	return false;
}
