#include "frontend/rootbuild/place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/rmtree.h"
#include "common/text.h"

enum { TEMP_TRIES = 100 };

static bool is_empty(int fd)
{
	int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = own >= 0 ? fdopendir(own) : NULL;
	unsigned names = 0;

	if (!dir) {
		fd_close(own);
		return false;
	}
	while (names <= 2 && readdir(dir))
		names++;
	closedir(dir);
	return names <= 2;
}

/* Takes an absolute or relative path apart: the directory it lies in is opened, its last component kept. */
static int split(const char *path, struct place *p, struct err *e)
{
	char dir[PATH_MAX];
	size_t n = strlen(path), base;

	while (n > 1 && path[n - 1] == '/')
		n--;
	for (base = n; base > 0 && path[base - 1] != '/'; base--)
		;
	if (n >= sizeof(dir) || n - base >= sizeof(p->name))
		return err_set(e, ENAMETOOLONG, "the path of %s is too long", QUOTE(p->asked));
	snprintf(p->name, sizeof(p->name), "%.*s", (int)(n - base), path + base);
	snprintf(dir, sizeof(dir), "%.*s", (int)base, base ? path : "");
	p->parent = open(base ? dir : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return p->parent < 0 ? err_sys(e, "open the directory that %s is to lie in", QUOTE(p->asked)) : 0;
}

static int find_new(const char *dir, struct place *p, struct err *e)
{
	struct stat st;

	if (lstat(dir, &st) == 0)
		return err_set(e, ENOTDIR, "%s is a symbolic link that leads nowhere", QUOTE(dir));
	return split(dir, p, e);
}

/* It exists: links on the way to it are followed, as cd does. */
static int find_old(const char *dir, bool force, struct place *p, struct err *e)
{
	fd_auto int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char real[PATH_MAX];

	if (fd < 0)
		return err_sys(e, "open %s", QUOTE(dir));
	if (!force && !is_empty(fd)) {
		err_set(e, ENOTEMPTY, "%s is there and not empty", QUOTE(dir));
		return err_hint(e, "--force adds to it");
	}
	if (!realpath(dir, real))
		return err_sys(e, "resolve %s", QUOTE(dir));
	if (!strcmp(real, "/"))
		return err_set(e, EINVAL, "%s is the host's own root", QUOTE(dir));
	p->exists = true;
	p->in_place = force;
	if (!force)
		return split(real, p, e);
	p->fd = TAKE_FD(fd);
	return 0;
}

int place_find(const char *dir, bool force, struct place *ret, struct err *e)
{
	struct stat st;

	*ret = (struct place){.asked = dir, .parent = -1, .fd = -1};
	if (stat(dir, &st) < 0)
		return errno == ENOENT ? find_new(dir, ret, e) : err_sys(e, "look at %s", QUOTE(dir));
	if (!S_ISDIR(st.st_mode))
		return err_set(e, ENOTDIR, "%s is there and not a directory", QUOTE(dir));
	return find_old(dir, force, ret, e);
}

static int make_temp(struct place *p)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz012345"; /* 32: no letter is likelier */
	unsigned char random[6];

	for (unsigned i = 0; i < TEMP_TRIES; i++) {
		int n = snprintf(p->temp, sizeof(p->temp), "%s.croft-", p->name);

		if (getrandom(random, sizeof(random), 0) != sizeof(random))
			return -1;
		for (size_t k = 0; k < sizeof(random); k++)
			p->temp[(size_t)n + k] = letters[random[k] % 32];
		p->temp[(size_t)n + sizeof(random)] = '\0';
		if (mkdirat(p->parent, p->temp, 0700) == 0)
			return 0;
		if (errno != EEXIST)
			return -1;
	}
	return -1;
}

int place_open(struct place *p, struct err *e)
{
	if (p->in_place)
		return 0;
	if (make_temp(p) < 0) {
		p->temp[0] = '\0';
		err_sys(e, "make a directory beside %s", QUOTE(p->asked));
		return p->exists ? err_hint(e, "--force builds into %s itself", QUOTE(p->asked)) : -e->code;
	}
	p->fd = openat(p->parent, p->temp, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return p->fd < 0 ? err_sys(e, "open the new directory for %s", QUOTE(p->asked)) : 0;
}

int place_commit(struct place *p, struct err *e)
{
	if (p->in_place)
		return 0;
	if (fchmod(p->fd, 0755) < 0)
		return err_sys(e, "set the mode of %s", QUOTE(p->asked));
	/* An empty directory is replaced; one that somebody filled meanwhile, or a file, is not. */
	if (renameat(p->parent, p->temp, p->parent, p->name) < 0) {
		err_sys(e, "give %s its name", QUOTE(p->asked));
		if (e->code == EBUSY)
			err_hint(e, "something is mounted there: --force builds into it");
		return -e->code;
	}
	p->temp[0] = '\0';
	return 0;
}

void place_close(struct place *p)
{
	struct err e;

	if (p->temp[0] && rm_tree(p->parent, p->temp, &e) < 0)
		note_print("croft", "what was begun stays behind: %s", e.msg);
	fd_close(p->fd);
	fd_close(p->parent);
}
