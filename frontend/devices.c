#include "frontend/devices.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/dir.h"
#include "common/fd.h"
#include "common/text.h"
#include "frontend/join.h"

enum { DEPTH_MAX = 8 };

struct found {
	struct arena *a;
	const char *name[DEVICES_MAX]; /* below the directory, with a slash in front */
	size_t n;
	struct err *e;
};

struct level {
	struct found *f;
	int fd;
	const char *below; /* "", "/by-id" ... */
	unsigned depth;
};

static int scan(struct found *f, int fd, const char *below, unsigned depth);

static int see(void *ctx, const char *name)
{
	const struct level *l = ctx;
	struct found *f = l->f;
	fd_auto int fd = -1;
	const char *path;
	struct stat st;

	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return 0;
	fd = openat(l->fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return 0; /* gone meanwhile */
	path = join(f->a, l->below, "/", name, "");
	if (!path)
		return err_set(f->e, ENOMEM, "the command line is too long");
	if (S_ISDIR(st.st_mode))
		return l->depth < DEPTH_MAX ? scan(f, fd, path, l->depth + 1) : 0;
	if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode))
		return 0;
	if (f->n == DEVICES_MAX)
		return err_set(f->e, E2BIG, "more than %d devices", DEVICES_MAX);
	f->name[f->n++] = path;
	return 0;
}

static int scan(struct found *f, int fd, const char *below, unsigned depth)
{
	fd_auto int dir = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct level l = {.f = f, .fd = dir, .below = below, .depth = depth};
	int r;

	if (dir < 0)
		return err_sys(f->e, "read the directory%s%s", *below ? " " : "", QUOTE(below));
	r = dir_each(dir, see, &l);
	return r < 0 && f->e->code == 0 ? err_set(f->e, -r, "read the directory: %s", strerror(-r)) : r;
}

static int by_name(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

/* Puts the devices in the place of mount i. */
static int put(struct run_options *o, uint32_t i, const struct found *f, struct err *e)
{
	const struct run_mount dir = o->mount[i];

	if (f->n == 0)
		return err_set(e, ENODEV, "no device is in that directory");
	if (o->nmounts + f->n - 1 > RUN_MOUNTS_MAX)
		return err_set(e, E2BIG, "more than %d volumes", RUN_MOUNTS_MAX);
	memmove(&o->mount[i + f->n], &o->mount[i + 1], (o->nmounts - i - 1) * sizeof(dir));
	o->nmounts += (uint32_t)f->n - 1;
	for (size_t k = 0; k < f->n; k++) {
		struct run_mount *m = &o->mount[i + k];

		*m = dir;
		m->source = join(f->a, dir.source, f->name[k], "", "");
		m->target = join(f->a, dir.target, f->name[k], "", "");
		if (!m->source || !m->target)
			return err_set(e, ENOMEM, "the command line is too long");
	}
	return 0;
}

static int expand(struct run_options *o, uint32_t *i, struct arena *a, struct err *e)
{
	struct found f = {.a = a, .e = e};
	fd_auto int fd = open(o->mount[*i].source, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return 0; /* a device, or an error that is said when it is opened */
	e->code = 0;
	if (scan(&f, fd, "", 0) < 0)
		return -e->code;
	qsort(f.name, f.n, sizeof(f.name[0]), by_name);
	if (put(o, *i, &f, e) < 0)
		return -e->code;
	*i += (uint32_t)f.n - 1;
	return 0;
}

int devices_find(struct run_options *o, struct arena *a, struct err *e)
{
	for (uint32_t i = 0; i < o->nmounts; i++) {
		const char *source = o->mount[i].source;

		if (o->mount[i].device && expand(o, &i, a, e) < 0)
			return err_wrap(e, "option --device: %s", QUOTE(source));
	}
	return 0;
}
