#include "common/userdb.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "common/fd.h"
#include "common/ids.h"
#include "common/text.h"

enum { PASSWD_FIELDS = 7, GROUP_FIELDS = 4, ID_FIELD = 2 };

struct slice {
	const char *s;
	size_t n;
};

static bool next_line(const char **p, const char *end, struct slice *ret)
{
	const char *nl;

	if (*p >= end)
		return false;
	nl = memchr(*p, '\n', (size_t)(end - *p));
	ret->s = *p;
	ret->n = (size_t)((nl ? nl : end) - *p);
	*p = nl ? nl + 1 : end;
	return true;
}

/* Whether line has exactly want fields; they go to f[]. A NUL would end a C string early: no such line
 * counts. */
static bool split(struct slice line, struct slice *f, size_t want)
{
	const char *end = line.s + line.n;

	if (memchr(line.s, '\0', line.n))
		return false;
	for (size_t i = 0; i < want; i++) {
		const char *colon = memchr(line.s, ':', (size_t)(end - line.s));

		if (!colon != (i == want - 1))
			return false;
		f[i].s = line.s;
		f[i].n = (size_t)((colon ? colon : end) - line.s);
		line.s = colon ? colon + 1 : end;
	}
	return true;
}

/* + and - begin what nsswitch's "compat" looks up elsewhere; # begins what people think is a comment. */
static bool name_ok(struct slice name)
{
	return name.n > 0 && !memchr("+-#", name.s[0], 3);
}

static bool id_field(struct slice f, uint32_t *ret)
{
	uint32_t v;

	if (text_u32n(f.s, f.n, &v) < 0 || v == ID_NONE)
		return false;
	*ret = v;
	return true;
}

static bool split_user(struct slice line, struct slice *f, uint32_t *uid, uint32_t *gid)
{
	return split(line, f, PASSWD_FIELDS) && name_ok(f[0]) && id_field(f[ID_FIELD], uid) &&
	       id_field(f[3], gid);
}

static int copy_user(const struct slice *f, uint32_t uid, uint32_t gid, struct arena *a,
		     struct userdb_user *ret)
{
	struct userdb_user u = {.uid = uid, .gid = gid};

	u.name = arena_copy(a, f[0].s, f[0].n);
	u.home = arena_copy(a, f[5].s, f[5].n);
	u.shell = arena_copy(a, f[6].s, f[6].n);
	if (!u.name || !u.home || !u.shell)
		return -ENOMEM;
	*ret = u;
	return 0;
}

int userdb_user_by_name(const char *text, size_t size, const char *name, struct arena *a,
			struct userdb_user *ret)
{
	struct slice line, f[PASSWD_FIELDS];
	const char *p = text;
	uint32_t uid, gid;

	while (next_line(&p, text + size, &line))
		if (split_user(line, f, &uid, &gid) && text_is(f[0].s, f[0].n, name))
			return copy_user(f, uid, gid, a, ret);
	return -ENOENT;
}

int userdb_user_by_uid(const char *text, size_t size, uint32_t want, struct arena *a, struct userdb_user *ret)
{
	struct slice line, f[PASSWD_FIELDS];
	const char *p = text;
	uint32_t uid, gid;

	while (next_line(&p, text + size, &line))
		if (split_user(line, f, &uid, &gid) && uid == want)
			return copy_user(f, uid, gid, a, ret);
	return -ENOENT;
}

int userdb_group_by_name(const char *text, size_t size, const char *name, uint32_t *ret)
{
	struct slice line, f[GROUP_FIELDS];
	const char *p = text;
	uint32_t gid;

	while (next_line(&p, text + size, &line)) {
		if (!split(line, f, GROUP_FIELDS) || !name_ok(f[0]) || !id_field(f[ID_FIELD], &gid))
			continue;
		if (text_is(f[0].s, f[0].n, name)) {
			*ret = gid;
			return 0;
		}
	}
	return -ENOENT;
}

/* The id of a line of either file; more tolerant than the finders, since a line that looks odd still names
 * an id that somebody has. */
static bool any_id(struct slice line, uint32_t *ret)
{
	const char *end = line.s + line.n;
	const char *colon = NULL;
	struct slice f = {.s = line.s};

	for (int i = 0; i <= ID_FIELD; i++) {
		f.s = colon ? colon + 1 : line.s;
		colon = memchr(f.s, ':', (size_t)(end - f.s));
		if (!colon && i < ID_FIELD)
			return false;
	}
	f.n = (size_t)((colon ? colon : end) - f.s);
	return id_field(f, ret);
}

static void copy_name(struct slice line, char *name, size_t size)
{
	const char *colon = memchr(line.s, ':', line.n);
	size_t len = colon ? (size_t)(colon - line.s) : line.n;

	if (len >= size)
		len = size - 1;
	memcpy(name, line.s, len);
	name[len] = '\0';
}

bool userdb_id_within(const char *text, size_t size, const struct id_range *range, size_t n, char *name,
		      size_t name_size, uint32_t *ret_id)
{
	const char *p = text;
	struct slice line;
	uint32_t id;

	while (next_line(&p, text + size, &line)) {
		if (!any_id(line, &id))
			continue;
		for (size_t i = 0; i < n; i++) {
			if (!id_range_has(&range[i], id))
				continue;
			copy_name(line, name, name_size);
			*ret_id = id;
			return true;
		}
	}
	return false;
}

static int read_db(int fd, const char *path, struct arena *a, const char **ret_text, size_t *ret_size,
		   struct err *e)
{
	struct stat st;
	ssize_t got;
	char *text;

	if (fstat(fd, &st) < 0)
		return err_sys(e, "look at %s", QUOTE(path));
	if (!S_ISREG(st.st_mode))
		return err_set(e, EINVAL, "%s is not a regular file", QUOTE(path));
	if (st.st_size < 0 || st.st_size > USERDB_BYTES_MAX)
		return err_set(e, EFBIG, "%s is larger than %d bytes", QUOTE(path), USERDB_BYTES_MAX);
	text = arena_alloc(a, (size_t)st.st_size + 1);
	if (!text)
		return err_set(e, ENOMEM, "%s does not fit into the memory set aside", QUOTE(path));
	got = fd_read_all(fd, text, (size_t)st.st_size);
	if (got < 0)
		return err_set(e, (int)-got, "read %s: %s", QUOTE(path), strerror((int)-got));
	*ret_text = text;
	*ret_size = (size_t)got;
	return 0;
}

int userdb_read(int dirfd, const char *path, uint64_t resolve, struct arena *a, const char **ret_text,
		size_t *ret_size, struct err *e)
{
	/* O_NONBLOCK: a FIFO in a hostile root must not hold the caller for ever. */
	fd_auto int fd = fd_openat2(dirfd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, resolve);

	if (fd < 0)
		return err_sys(e, "open %s", QUOTE(path));
	return read_db(fd, path, a, ret_text, ret_size, e);
}
