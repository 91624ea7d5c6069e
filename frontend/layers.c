#include "frontend/layers.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/dir.h"
#include "common/fd.h"
#include "common/text.h"
#include "frontend/rm_mapped.h"
#include "frontend/staging.h"

static const char store_name[] = ".layers", lock_name[] = "lock", record[] = "root.";

enum { RECORD_MAX = LAYERS_MAX * LAYERS_KEY_MAX, MAP_MAX = 340 * 36 };

/* --- lock ---------------------------------------------------------------------------------------------- */

static void close_both(struct layers *l)
{
	fd_close(l->lock);
	fd_close(l->store);
	l->lock = l->store = -1;
}

static int open_store(int roots)
{
	return openat(roots, store_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* -EAGAIN: whoever had the lock took all away. */
static int lock_store(struct layers *l, int how)
{
	struct stat held, now;

	l->store = open_store(l->roots);
	if (l->store < 0)
		return errno == ENOENT ? -EAGAIN : -errno;
	l->lock = openat(l->store, lock_name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (l->lock < 0)
		return errno == ENOENT ? -EAGAIN : -errno;
	if (flock(l->lock, how) < 0 || fstat(l->lock, &held) < 0)
		return -errno;
	return fstatat(l->store, lock_name, &now, AT_SYMLINK_NOFOLLOW) == 0 && now.st_ino == held.st_ino
		       ? 0
		       : -EAGAIN;
}

int layers_open(int roots, struct layers *ret, struct err *e)
{
	struct layers l = {.roots = roots, .store = -1, .lock = -1};
	int r = -EAGAIN;

	for (unsigned i = 0; r == -EAGAIN && i < ROOTS_HIDE_TRIES; i++) {
		if (mkdirat(roots, store_name, 0700) < 0 && errno != EEXIST)
			return err_sys(e, "make the directory of the layers");
		r = lock_store(&l, LOCK_EX);
		if (r < 0)
			close_both(&l);
	}
	if (r < 0)
		return err_set(e, -r, "lock the directory of the layers: %s", strerror(-r));
	*ret = l;
	return 0;
}

/* --- names --------------------------------------------------------------------------------------------- */

/* FNV-1a: tells the maps that one user ever has apart; a hash to rely on is not needed. */
static int add_map(const char *path, uint64_t *hash, struct err *e)
{
	char text[MAP_MAX];
	fd_auto int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -errno : fd_read_all(fd, text, sizeof(text));

	if (n < 0)
		return err_set(e, (int)-n, "read %s: %s", path, strerror((int)-n));
	for (ssize_t i = 0; i < n; i++)
		*hash = (*hash ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
	return 0;
}

int layers_key(const struct digest *diff, char ret[LAYERS_KEY_MAX], struct err *e)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	char text[DIGEST_TEXT_MAX];

	if (add_map("/proc/self/uid_map", &hash, e) < 0 || add_map("/proc/self/gid_map", &hash, e) < 0)
		return -e->code;
	digest_text(diff, text);
	*strchr(text, ':') = '-';
	snprintf(ret, LAYERS_KEY_MAX, "%s-%016" PRIx64, text, hash);
	return 0;
}

static void record_name(const char *root, char ret[NAME_MAX + 1])
{
	snprintf(ret, NAME_MAX + 1, "%s%s", record, root);
}

int layers_record(const struct layers *l, const char *name, const char (*key)[LAYERS_KEY_MAX], size_t n,
		  struct err *e)
{
	static char text[RECORD_MAX];
	char file[NAME_MAX + 1];
	fd_auto int fd = -1;
	size_t used = 0;
	int r;

	record_name(name, file);
	for (size_t i = 0; i < n; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s\n", key[i]);
	fd = openat(l->store, file, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	r = fd < 0 ? -errno : fd_write_all(fd, text, used);
	return r < 0 ? err_set(e, -r, "write down the layers of root %s: %s", QUOTE(name), strerror(-r)) : 0;
}

/* --- what nobody has ----------------------------------------------------------------------------------- */

typedef void visit(struct layers *l, const char *name, void *ctx);

struct walk {
	struct layers *l;
	visit *what;
	void *ctx;
};

static int see(void *ctx, const char *name)
{
	const struct walk *w = ctx;

	if (name[0] != '.' && strcmp(name, lock_name) != 0)
		w->what(w->l, name, w->ctx);
	return 0;
}

static void each(struct layers *l, visit *what, void *ctx)
{
	fd_auto int fd = openat(l->store, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct walk w = {.l = l, .what = what, .ctx = ctx};

	if (fd >= 0)
		dir_each(fd, see, &w);
}

static void drop_record(struct layers *l, const char *name, void *ctx)
{
	struct stat st;

	(void)ctx;
	if (text_starts(name, record) &&
	    fstatat(l->roots, name + strlen(record), &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
		unlinkat(l->store, name, 0);
}

struct search {
	const char *key;
	bool found;
};

/* A record that cannot be read may name any layer. */
static void search_record(struct layers *l, const char *name, void *ctx)
{
	static char text[RECORD_MAX + 1];
	struct search *s = ctx;
	fd_auto int fd = -1;
	ssize_t n;

	if (s->found || !text_starts(name, record))
		return;
	fd = openat(l->store, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	n = fd < 0 ? -1 : fd_read_all(fd, text, RECORD_MAX);
	text[n < 0 ? 0 : n] = '\0';
	s->found = n < 0 || strstr(text, s->key);
}

static void drop_layer(struct layers *l, const char *name, void *ctx)
{
	struct search s = {.key = name};
	struct err ignored;

	(void)ctx;
	if (text_starts(name, record))
		return;
	each(l, search_record, &s);
	if (!s.found)
		rm_mapped(l->store, name, &ignored);
}

static void count(struct layers *l, const char *name, void *ctx)
{
	(void)l;
	(void)name;
	++*(unsigned *)ctx;
}

void layers_close(struct layers *l)
{
	unsigned left = 0;

	staging_sweep(l->store);
	each(l, drop_record, NULL);
	each(l, drop_layer, NULL);
	each(l, count, &left);
	if (left == 0) {
		unlinkat(l->store, lock_name, 0);
		unlinkat(l->roots, store_name, AT_REMOVEDIR);
	}
	close_both(l);
}

void layers_release(int roots)
{
	struct layers l = {.roots = roots, .store = -1, .lock = -1};

	if (lock_store(&l, LOCK_EX | LOCK_NB) == 0)
		layers_close(&l);
	else
		close_both(&l);
}
