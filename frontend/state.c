#include "frontend/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/mem.h"
#include "common/text.h"

enum {
	TRIES = 100,
	TRIES_HELD = 5,
	BACKLOG = 128,
	ARENA_BYTES = STATE_BYTES_MAX * 10 /* of each string, where it is */
};

static const char *const file_name[] = {"control", "state", "state.new", "log",
					"lock"}; /* the lock is the last to go */

/* --- the folder ------------------------------------------------------------------------------ */

static int is_ours(int fd, const char *path, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(e, "look at %s", QUOTE(path));
	if (st.st_uid != geteuid() || st.st_mode & 077)
		return err_set(e, EPERM, "%s is somebody else's, or open to others", QUOTE(path));
	return 0;
}

/* What is there of the places for such a folder. */
static void base_of(char path[PATH_MAX])
{
	const char *given = getenv("XDG_RUNTIME_DIR");
	char run[64];

	snprintf(run, sizeof(run), "/run/user/%u", (unsigned)geteuid());
	if (given && given[0] == '/')
		snprintf(path, PATH_MAX, "%s/croft", given);
	else if (access(run, W_OK | X_OK) == 0)
		snprintf(path, PATH_MAX, "%s/croft", run);
	else
		snprintf(path, PATH_MAX, "/tmp/croft-%u", (unsigned)geteuid());
}

/* A descriptor; -ENOENT without a word where it is not there and is not to be made. */
static int open_base(bool make, char path[PATH_MAX], struct err *e)
{
	fd_auto int fd = -1;

	base_of(path);
	if (make && mkdir(path, 0700) < 0 && errno != EEXIST) {
		err_sys(e, "make the folder %s for sandboxes with a name", QUOTE(path));
		return err_hint(e, "XDG_RUNTIME_DIR is a folder of yours that is closed to others");
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT && !make)
		return -ENOENT;
	if (fd < 0)
		return err_sys(e, "open the folder %s", QUOTE(path));
	return is_ours(fd, path, e) < 0 ? -e->code : TAKE_FD(fd);
}

/* --- locks --------------------------------------------------------------------------------------- */

/* Of the open file, which children share (fcntl(2), F_OFD_SETLK): it can be asked for without being taken. */
static bool lock_take(int fd)
{
	struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	return fcntl(fd, F_OFD_SETLK, &l) == 0;
}

static bool lock_is_taken(int fd)
{
	struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	return fcntl(fd, F_OFD_GETLK, &l) == 0 && l.l_type != F_UNLCK;
}

static int open_dir(int base, const char *name)
{
	return openat(base, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int open_lock(int dir, int flags)
{
	return openat(dir, "lock", O_RDWR | O_NOFOLLOW | O_CLOEXEC | flags, 0600);
}

/* Whether the directory is still the one that has this name. */
static bool still_there(int base, const char *name, int dir)
{
	struct stat a, b;

	return fstat(dir, &a) == 0 && fstatat(base, name, &b, AT_SYMLINK_NOFOLLOW) == 0 &&
	       a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

/* Must have been locked before, by us. */
static void empty(int base, const char *name, int dir)
{
	for (size_t i = 0; i < sizeof(file_name) / sizeof(file_name[0]); i++)
		unlinkat(dir, file_name[i], 0);
	unlinkat(base, name, AT_REMOVEDIR);
}

/* An entry that nobody holds goes. */
static void sweep(int base, const char *name)
{
	fd_auto int dir = open_dir(base, name), lock = -1;

	if (dir < 0)
		return;
	lock = open_lock(dir, 0);
	if (lock < 0 && errno == ENOENT)
		unlinkat(base, name, AT_REMOVEDIR); /* fails where one is just being made */
	else if (lock >= 0 && lock_take(lock) && still_there(base, name, dir))
		empty(base, name, dir);
}

/* --- ours -------------------------------------------------------------------------------------------- */

/* 1: it is ours now; 0: try again, something was removed meanwhile; -EEXIST: it is somebody's. */
static int try_claim(struct state *s)
{
	fd_auto int dir = -1, lock = -1;

	if (mkdirat(s->base, s->name, 0700) < 0 && errno != EEXIST)
		return errno == ENOENT ? 0 : -errno;
	dir = open_dir(s->base, s->name);
	lock = dir < 0 ? -1 : open_lock(dir, O_CREAT);
	if (lock < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!lock_take(lock))
		return still_there(s->base, s->name, dir) ? -EEXIST : 0;
	if (!still_there(s->base, s->name, dir))
		return 0;
	s->dir = TAKE_FD(dir);
	s->lock = TAKE_FD(lock);
	return 1;
}

void state_init(struct state *s, const char *name)
{
	*s = (struct state){.base = -1, .dir = -1, .lock = -1};
	snprintf(s->name, sizeof(s->name), "%s", name);
	base_of(s->base_path);
}

int state_claim(struct state *s, struct err *e)
{
	int r = 0;

	for (int i = 0; r == 0 && i < TRIES; i++) {
		if (s->base < 0)
			s->base = open_base(true, s->base_path, e);
		if (s->base < 0)
			return s->base;
		r = try_claim(s);
		/* Who only looks whether it is alive has the lock for a moment, too. */
		if (r == -EEXIST && i < TRIES_HELD) {
			nanosleep(&(const struct timespec){.tv_nsec = 2000000}, NULL);
			r = 0;
		}
		if (r == 0) /* the last to leave took it along, and somebody may have made another since */
			fd_close(TAKE_FD(s->base));
	}
	if (r > 0)
		return 0;
	if (r != -EEXIST)
		return err_set(e, r ? -r : EAGAIN, "take the name %s in %s: %s", QUOTE(s->name),
			       QUOTE(s->base_path), strerror(r ? -r : EAGAIN));
	err_set(e, EEXIST, "option --name: a sandbox with the name %s is running", QUOTE(s->name));
	return err_hint(e, "croft ps lists them, croft stop %s ends it", QUOTE(s->name));
}

void state_sweep(const struct state *s)
{
	struct err ignored;
	char path[PATH_MAX];
	fd_auto int base = open_base(false, path, &ignored);

	if (base < 0)
		return;
	sweep(base, s->name);
	rmdir(path);
}

void state_remove(struct state *s)
{
	if (s->lock >= 0)
		empty(s->base, s->name, s->dir);
	if (s->base >= 0)
		rmdir(s->base_path); /* while others are in it, it stays */
	fd_close(TAKE_FD(s->lock));
	fd_close(TAKE_FD(s->dir));
	fd_close(TAKE_FD(s->base));
}

/* --- what is in it ----------------------------------------------------------------------------------------
 */

/* A name each, with a NUL behind. */
static void put(char *buf, size_t size, size_t *used, const char *text)
{
	size_t n = strlen(text) + 1;

	if (n > size - *used)
		return; /* a command line that long is shown in part */
	memcpy(buf + *used, text, n);
	*used += n;
}

int state_write(const struct state *s, const struct state_facts *f, struct err *e)
{
	fd_auto int fd =
		openat(s->dir, "state.new", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	struct arena a;
	char number[32], *buf;
	size_t used = 0, size = sizeof(number) * 3 + strlen(f->root) + 1;
	int r = mem_arena(STATE_BYTES_MAX + 16, &a);

	for (uint32_t i = 0; i < f->argv.count && size < STATE_BYTES_MAX; i++)
		size += strlen(f->argv.item[i]) + 1;
	size = size < STATE_BYTES_MAX ? size : STATE_BYTES_MAX;
	if (fd < 0 || r < 0)
		return fd < 0 ? err_sys(e, "write the state of %s", QUOTE(s->name))
			      : err_set(e, -r, "get memory: %s", strerror(-r));
	buf = arena_alloc(&a, size);
	snprintf(number, sizeof(number), "%d", (int)f->pid);
	put(buf, size, &used, number);
	snprintf(number, sizeof(number), "%" PRId64, f->began);
	put(buf, size, &used, number);
	put(buf, size, &used, f->detached ? "detached" : "");
	put(buf, size, &used, f->root);
	for (uint32_t i = 0; i < f->argv.count; i++)
		put(buf, size, &used, f->argv.item[i]);
	r = fd_write_all(fd, buf, used);
	if (r == 0 && renameat(s->dir, "state.new", s->dir, "state") < 0)
		r = -errno;
	if (r < 0)
		unlinkat(s->dir, "state.new", 0);
	return r < 0 ? err_set(e, -r, "write the state of %s: %s", QUOTE(s->name), strerror(-r)) : 0;
}

/* The strings of the file; facts that point to them. False where it is none, or not written yet. */
static bool read_facts(int dir, struct arena *a, struct state_facts *ret)
{
	fd_auto int fd = openat(dir, "state", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	const char **item = NULL;
	char *buf = NULL;
	uint32_t count = 0, pid;
	uint64_t began;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size <= 0 || st.st_size > STATE_BYTES_MAX)
		return false;
	buf = arena_alloc(a, (size_t)st.st_size);
	if (!buf || fd_read_all(fd, buf, (size_t)st.st_size) != st.st_size || buf[st.st_size - 1] != '\0')
		return false;
	for (const char *p = buf; p < buf + st.st_size; p += strlen(p) + 1)
		count++;
	item = arena_array(a, count, sizeof(*item));
	if (!item)
		return false;
	count = 0;
	for (const char *p = buf; p < buf + st.st_size; p += strlen(p) + 1)
		item[count++] = p;
	if (count < 4 || text_u32(item[0], &pid) < 0 || text_u64(item[1], &began) < 0)
		return false;
	ret->pid = (pid_t)pid;
	ret->began = (int64_t)began;
	ret->detached = *item[2] != '\0';
	ret->root = item[3];
	ret->argv = (struct plan_strings){.item = item + 4, .count = count - 4};
	return true;
}

/* Not by its path, which may be longer than such an address. */
static socklen_t control_address(int dir, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	snprintf(ret->sun_path, sizeof(ret->sun_path), "/proc/self/fd/%d/control", dir);
	return sizeof(*ret);
}

static int make_socket(struct err *e)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	return fd < 0 ? err_sys(e, "make a socket") : fd;
}

int state_listen(const struct state *s, struct err *e)
{
	fd_auto int fd = make_socket(e);
	struct sockaddr_un at;
	socklen_t n = control_address(s->dir, &at);

	if (fd < 0)
		return fd;
	unlinkat(s->dir, "control", 0); /* of one that was killed */
	if (bind(fd, (struct sockaddr *)&at, n) < 0 || listen(fd, BACKLOG) < 0 ||
	    fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		return err_sys(e, "listen for croft exec and others");
	return TAKE_FD(fd);
}

/* --- of others
 * ------------------------------------------------------------------------------------------------ */

static bool is_alive(int dir)
{
	fd_auto int lock = open_lock(dir, 0);

	return lock >= 0 && lock_is_taken(lock);
}

int state_open(const char *name, struct err *e)
{
	char path[PATH_MAX];
	fd_auto int base = -1, dir = -1;

	if (!*name || *name == '.' || strchr(name, '/') || strlen(name) > STATE_NAME_MAX)
		return err_set(e, EINVAL, "%s is not a name of a sandbox", QUOTE(name));
	base = open_base(false, path, e);
	if (base < 0 && base != -ENOENT)
		return base;
	dir = base < 0 ? -1 : open_dir(base, name);
	if (dir >= 0 && is_alive(dir))
		return TAKE_FD(dir);
	if (dir >= 0)
		sweep(base, name);
	err_set(e, ENOENT, "no sandbox with the name %s is running", QUOTE(name));
	return err_hint(e, "croft ps lists those that are");
}

int state_connect(const char *name, struct err *e)
{
	fd_auto int dir = state_open(name, e), fd = dir < 0 ? -1 : make_socket(e);
	struct sockaddr_un at;
	socklen_t n = control_address(dir, &at);

	if (fd < 0)
		return -e->code;
	if (connect(fd, (struct sockaddr *)&at, n) < 0)
		return err_sys(e, "reach the croft of the sandbox %s", QUOTE(name));
	return TAKE_FD(fd);
}

static int look_at(int base, const char *name, struct arena a, int (*one)(void *, const struct state_facts *),
		   void *ctx)
{
	struct state_facts f = {.name = name};
	fd_auto int dir = open_dir(base, name);

	if (dir < 0)
		return 0;
	if (!is_alive(dir)) {
		sweep(base, name);
		return 0;
	}
	if (!read_facts(dir, &a, &f))
		return 0; /* just being made, or removed */
	return one(ctx, &f);
}

int state_each(int (*one)(void *ctx, const struct state_facts *f), void *ctx, struct err *e)
{
	char path[PATH_MAX];
	fd_auto int base = open_base(false, path, e);
	struct dirent **entry;
	struct arena a;
	int n, r;

	if (base == -ENOENT)
		return 0;
	r = mem_arena(ARENA_BYTES, &a);
	if (r < 0)
		return err_set(e, -r, "get memory: %s", strerror(-r));
	n = base < 0 ? -1 : scandir(path, &entry, NULL, alphasort);
	if (n < 0)
		return base < 0 ? base : err_sys(e, "read %s", QUOTE(path));
	for (int i = 0; i < n; i++) {
		if (r == 0 && entry[i]->d_name[0] != '.')
			r = look_at(base, entry[i]->d_name, a, one, ctx);
		free(entry[i]);
	}
	free(entry);
	rmdir(path); /* where nobody is left in it */
	return r;
}
