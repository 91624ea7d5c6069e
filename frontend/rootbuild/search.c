#include "frontend/rootbuild/search.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/text.h"
#include "frontend/rootbuild/dst.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* One look-up. */
struct lookup {
	const struct search *s;
	const struct search_from *from;
	const char *name;
	struct search_found *found;
	char tried[512]; /* the places looked at, for the message */
};

/* Debian's directories by machine; other systems have lib64 and lib. */
static const struct {
	uint16_t machine;
	uint8_t class;
	const char *dir;
} multiarch[] = {
	{EM_X86_64, ELFCLASS64, "lib/x86_64-linux-gnu"},
	{EM_X86_64, ELFCLASS32, "lib/x86_64-linux-gnux32"},
	{EM_386, ELFCLASS32, "lib/i386-linux-gnu"},
	{EM_AARCH64, ELFCLASS64, "lib/aarch64-linux-gnu"},
	{EM_ARM, ELFCLASS32, "lib/arm-linux-gnueabihf"},
	{EM_PPC64, ELFCLASS64, "lib/powerpc64le-linux-gnu"},
	{EM_S390, ELFCLASS64, "lib/s390x-linux-gnu"},
	{EM_RISCV, ELFCLASS64, "lib/riscv64-linux-gnu"},
	{EM_MIPS, ELFCLASS64, "lib/mips64el-linux-gnuabi64"},
};

enum { LIB_DIRS = 3 };

/* What $LIB may stand for: the three names that systems give it, the likeliest first. */
static void lib_dirs(const struct elf_kind *kind, const char *ret[LIB_DIRS])
{
	ret[0] = ret[2] = "lib";
	ret[1] = kind->class == ELFCLASS64 ? "lib64" : "lib32";
	for (size_t i = 0; i < ARRAY_SIZE(multiarch); i++)
		if (multiarch[i].machine == kind->machine && multiarch[i].class == kind->class)
			ret[0] = multiarch[i].dir;
}

static void remember(struct lookup *l, const char *place)
{
	size_t n = strlen(l->tried);

	snprintf(l->tried + n, sizeof(l->tried) - n, "%s%s", n ? ", " : "", place);
}

/* As open_verify() of glibc: another class or machine is passed over, not an error. */
static bool fits(const struct lookup *l, const char *path)
{
	fd_auto int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	unsigned char start[64];
	struct elf_kind kind;
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	n = pread(fd, start, sizeof(start), 0);
	return n > 0 && elf_kind_of(start, (size_t)n, &kind) == 0 &&
	       elf_kind_same(&kind, &l->from->elf->kind);
}

static int take(struct lookup *l, const char *path, struct err *e)
{
	struct search_found *f = l->found;
	char *copy;

	for (size_t i = 0; i < f->count; i++)
		if (!strcmp(f->path[i], path))
			return 0;
	if (!fits(l, path))
		return 0;
	if (f->count == SEARCH_FOUND_MAX)
		return err_set(e, E2BIG, "library %s has more than %d variants", QUOTE(l->name),
			       SEARCH_FOUND_MAX);
	copy = arena_copy(l->s->arena, path, strlen(path));
	if (!copy)
		return err_set(e, ENOMEM, "no memory left for the path of library %s", QUOTE(l->name));
	f->path[f->count++] = copy;
	return 0;
}

static int not_dots(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

static int try_hwcaps(struct lookup *l, const char *dir, struct err *e)
{
	char path[SEARCH_PATH_MAX];
	struct dirent **entry;
	int n, r = 0;

	n = snprintf(path, sizeof(path), "%s/glibc-hwcaps", dir);
	if (n < 0 || (size_t)n >= sizeof(path))
		return 0;
	n = scandir(path, &entry, not_dots, alphasort);
	for (int i = 0; i < n; i++) {
		int len =
			snprintf(path, sizeof(path), "%s/glibc-hwcaps/%s/%s", dir, entry[i]->d_name, l->name);

		if (r == 0 && len > 0 && (size_t)len < sizeof(path))
			r = take(l, path, e);
		free(entry[i]);
	}
	if (n >= 0)
		free(entry);
	return r;
}

/* 0, also when the directory does not have it: l->found tells. */
static int try_dir(struct lookup *l, const char *dir, struct err *e)
{
	char path[SEARCH_PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/%s", dir, l->name);
	int r = try_hwcaps(l, dir, e);

	return r == 0 && n > 0 && (size_t)n < sizeof(path) ? take(l, path, e) : r;
}

static void origin_of(const char *path, char *buf, size_t size)
{
	const char *slash = strrchr(path, '/');
	int n = slash && slash > path ? (int)(slash - path) : 1;

	snprintf(buf, size, "%.*s", n, slash ? path : ".");
}

/* One element of a search path, which belongs to owner; $LIB is tried with each of its meanings. */
static int try_element(struct lookup *l, const struct search_from *owner, const char *text, size_t n,
		       struct err *e)
{
	char origin[SEARCH_PATH_MAX], dir[SEARCH_PATH_MAX];
	const char *lib[LIB_DIRS];
	bool has_lib = true;

	origin_of(owner->path, origin, sizeof(origin));
	lib_dirs(&l->from->elf->kind, lib);
	for (size_t i = 0; i < LIB_DIRS && has_lib && l->found->count == 0; i++) {
		const struct dst d = {origin, lib[i], l->s->platform};
		int r;

		if (dst_expand(text, n, &d, dir, sizeof(dir), &has_lib) < 0)
			return 0;
		/* A relative directory means another one wherever the program is started. */
		if (dir[0] != '/')
			return 0;
		remember(l, dir);
		r = try_dir(l, dir, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int try_path(struct lookup *l, const struct search_from *owner, const char *path, struct err *e)
{
	int r = 0;

	for (const char *p = path; p && *p && r == 0 && l->found->count == 0;) {
		size_t n = strcspn(p, ":;");

		if (n)
			r = try_element(l, owner, p, n, e);
		p += n + (p[n] ? 1 : 0);
	}
	return r;
}

static int try_cache(struct lookup *l, struct err *e)
{
	const struct search *s = l->s;
	const char *path;
	uint32_t pos = 0;
	int r = 0;

	if (s->cache.count == 0) {
		remember(l, "the directories of /etc/ld.so.conf");
		for (size_t i = 0; i < s->conf.count && r == 0 && l->found->count == 0; i++)
			r = try_dir(l, s->conf.dir[i], e);
		return r;
	}
	remember(l, "/etc/ld.so.cache");
	while (r == 0 && (path = ldcache_next(&s->cache, l->name, &pos)))
		r = take(l, path, e);
	return r;
}

static int try_defaults(struct lookup *l, struct err *e)
{
	static const char *const above[] = {"/", "/usr/"};
	const char *lib[LIB_DIRS];
	int r = 0;

	lib_dirs(&l->from->elf->kind, lib);
	for (size_t i = 0; i < LIB_DIRS; i++)
		for (size_t k = 0; k < ARRAY_SIZE(above); k++) {
			char dir[64]; /* "/usr/" and a name of multiarch[] */

			if (r < 0 || l->found->count)
				return r;
			snprintf(dir, sizeof(dir), "%s%s", above[k], lib[i]);
			remember(l, dir);
			r = try_dir(l, dir, e);
		}
	return r;
}

/* A name with a slash is a path; there is no search. */
static int take_path(struct lookup *l, struct err *e)
{
	char origin[SEARCH_PATH_MAX], path[SEARCH_PATH_MAX];
	const char *lib[LIB_DIRS];
	bool has_lib = true;
	int r = 0;

	origin_of(l->from->path, origin, sizeof(origin));
	lib_dirs(&l->from->elf->kind, lib);
	for (size_t i = 0; i < LIB_DIRS && has_lib && r == 0 && l->found->count == 0; i++) {
		const struct dst d = {origin, lib[i], l->s->platform};

		if (dst_expand(l->name, strlen(l->name), &d, path, sizeof(path), &has_lib) < 0)
			break;
		remember(l, path);
		if (path[0] == '/')
			r = take(l, path, e);
	}
	return r;
}

/* Of the object itself, then of each that brought it in. */
static int try_rpaths(struct lookup *l, struct err *e)
{
	const struct search_from *owner = l->from;
	int r;

	do
		r = try_path(l, owner, owner->elf->rpath, e);
	while (r == 0 && (owner = owner->loader));
	return r;
}

static int try_all(struct lookup *l, struct err *e)
{
	const struct search_from *from = l->from;
	int r = 0;

	if (strchr(l->name, '/'))
		return take_path(l, e);
	if (!from->elf->runpath)
		r = try_rpaths(l, e);
	if (r == 0 && l->found->count == 0)
		r = try_path(l, from, from->elf->runpath, e);
	if (r < 0 || l->found->count || from->elf->no_default)
		return r;
	r = try_cache(l, e);
	return r < 0 || l->found->count ? r : try_defaults(l, e);
}

int search_library(const struct search *s, const struct search_from *from, const char *name,
		   struct search_found *ret, struct err *e)
{
	struct search_found found = {.count = 0};
	struct lookup l = {.s = s, .from = from, .name = name, .found = &found, .tried = ""};
	int r = try_all(&l, e);

	if (r < 0)
		return r;
	if (found.count == 0)
		return err_set(e, ENOENT, "library %s, which %s needs, was not found (looked in %s)",
			       QUOTE(name), QUOTE(from->path), QUOTE(l.tried));
	*ret = found;
	return 0;
}

static int read_cache(struct search *s, const char *file, struct err *e)
{
	fd_auto int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	char *bytes;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0)
		return errno == ENOENT ? 0 : err_sys(e, "open %s", QUOTE(file));
	if (!S_ISREG(st.st_mode) || st.st_size > LDCACHE_BYTES_MAX)
		return err_set(e, EINVAL, "%s is not a file of at most %d bytes", QUOTE(file),
			       LDCACHE_BYTES_MAX);
	bytes = arena_alloc(s->arena, (size_t)st.st_size);
	if (!bytes)
		return err_set(e, ENOMEM, "no memory left to read %s", QUOTE(file));
	n = fd_read_all(fd, bytes, (size_t)st.st_size);
	if (n < 0)
		return err_set(e, (int)-n, "read %s: %s", QUOTE(file), strerror((int)-n));
	if (ldcache_open(bytes, (size_t)n, &s->cache) < 0)
		s->cache.count = 0;
	return 0;
}

int search_open(struct search *s, struct arena *a, const char *cache, const char *conf, struct err *e)
{
	const char *platform = (const char *)getauxval(AT_PLATFORM); /* NOLINT(performance-no-int-to-ptr) */
	int r;

	memset(s, 0, sizeof(*s));
	s->arena = a;
	s->platform = platform ? platform : "";
	r = read_cache(s, cache, e);
	return r < 0 || s->cache.count ? r : ldconf_read(conf, a, &s->conf, e);
}
