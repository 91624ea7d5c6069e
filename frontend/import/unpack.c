#include "frontend/import/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/signals.h"
#include "common/text.h"
#include "frontend/import/merge.h"

enum { BLOCK = 128 << 10 };

/* One archive on its way. */
struct job {
	struct unpack *u;
	struct archive *in, *out;
	struct err *e;
};

/* --- what libarchive says ------------------------------------------------------------------------------ */

/* What it says, and for a system call why; a reader's numbers are its own. */
static int read_failed(const struct job *j)
{
	const char *text = archive_error_string(j->in);

	return err_set(j->e, EIO, "read the archive: %s", QUOTE(text ? text : "unknown error"));
}

static int write_failed(const struct job *j, const char *path)
{
	const int code = archive_errno(j->out);
	const char *text = archive_error_string(j->out);

	if (code == ENOSPC || code == EDQUOT)
		return err_set(j->e, code, "unpack %s: %s", QUOTE(path), strerror(code));
	err_set(j->e, code > 0 ? code : EIO, "unpack %s: %s", QUOTE(path),
		QUOTE(text ? text : "unknown error"));
	if (code > 0 && !(text && strstr(text, strerror(code))))
		err_set(j->e, code, "unpack %s: %s: %s", QUOTE(path), QUOTE(text ? text : ""),
			strerror(code));
	return -j->e->code;
}

/*
 * Extended attributes are all that may be missing: not every file system has them, and what an owner or a
 * mode is missing is no copy.
 */
static int written(const struct job *j, int r, const char *path)
{
	const char *text = archive_error_string(j->out);

	if (r == ARCHIVE_OK)
		return 0;
	if (r == ARCHIVE_WARN && text && strstr(text, "extended attributes")) {
		j->u->attributes++;
		return 0;
	}
	return write_failed(j, path);
}

/* --- one member -------------------------------------------------------------------------------------------
 */

/* Should: user.* alone is left. The others are no business of a user namespace, or, as security.capability,
 * do nothing in a sandbox. */
static int keep_user_attributes(const struct job *j, struct archive_entry *entry)
{
	struct archive_entry *kept;
	const char *name;
	const void *value;
	size_t size;

	if (archive_entry_xattr_reset(entry) == 0)
		return 0;
	kept = archive_entry_new();
	if (!kept)
		return err_set(j->e, ENOMEM, "no memory for a member of the archive");
	while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK)
		if (text_starts(name, "user."))
			archive_entry_xattr_add_entry(kept, name, value, size);
	archive_entry_xattr_clear(entry);
	archive_entry_xattr_reset(kept);
	while (archive_entry_xattr_next(kept, &name, &value, &size) == ARCHIVE_OK)
		archive_entry_xattr_add_entry(entry, name, value, size);
	archive_entry_free(kept);
	return 0;
}

/*
 * Set-user-ID, set-group-ID of a file: every root is mounted nosuid, so inside they would do nothing, and
 * outside they would be programs of the archive's that run as the caller. On a directory the group is
 * inherited.
 */
static int make_ours(const struct job *j, struct archive_entry *entry, const char *path)
{
	const struct owners *o = &j->u->owners;
	const bool dir = archive_entry_filetype(entry) == AE_IFDIR;

	archive_entry_set_perm(entry, archive_entry_perm(entry) & (dir ? 03777 : 01777));
	archive_entry_acl_clear(entry);
	if (keep_user_attributes(j, entry) < 0)
		return -j->e->code;
	if (o->alone) {
		archive_entry_set_uid(entry, 0);
		archive_entry_set_gid(entry, 0);
		return 0;
	}
	return owners_check(o, archive_entry_uid(entry), archive_entry_gid(entry), path, j->e);
}

static int resolve_hard_link(const struct job *j, struct archive_entry *entry)
{
	char target[MEMBER_MAX];
	const char *name = archive_entry_hardlink(entry);

	if (!name)
		return 0;
	if (member_path("hard link to", name, target, j->e) < 0)
		return -j->e->code;
	archive_entry_set_hardlink(entry, target);
	/* The data is the other member's. */
	archive_entry_unset_size(entry);
	return 0;
}

/* 1: it is to be written; 0: it is left out. */
static int admit(const struct job *j, struct archive_entry *entry, char path[MEMBER_MAX])
{
	const char *name = archive_entry_pathname(entry);
	const bool link = archive_entry_hardlink(entry);
	const __LA_MODE_T type = archive_entry_filetype(entry);

	if (++j->u->entries > UNPACK_ENTRIES_MAX)
		return err_set(j->e, E2BIG, "the archive has more than %d members", UNPACK_ENTRIES_MAX);
	if (member_path("member", name, path, j->e) < 0)
		return -j->e->code;
	j->u->absolute += name[0] == '/';
	if (!strcmp(path, ".") && (link || type != AE_IFDIR))
		return err_set(j->e, EINVAL, "member %s: the root itself is no directory there", QUOTE(name));
	if (!link && type != AE_IFREG && type != AE_IFDIR && type != AE_IFLNK) {
		j->u->devices += !path_covers("/dev", name) && !text_starts(path, "dev/");
		return 0;
	}
	archive_entry_set_pathname(entry, path);
	return resolve_hard_link(j, entry) < 0 || make_ours(j, entry, path) < 0 ? -j->e->code : 1;
}

static bool stopped(const struct job *j)
{
	return signals_caught() && err_set(j->e, EINTR, "stopped by a signal") < 0;
}

static int copy_data(const struct job *j, const char *path)
{
	struct unpack *u = j->u;
	uint64_t done = 0;

	for (;;) {
		const void *buf;
		size_t size;
		la_int64_t offset;
		int r = archive_read_data_block(j->in, &buf, &size, &offset);

		if (r == ARCHIVE_EOF)
			break;
		if (r != ARCHIVE_OK)
			return read_failed(j);
		if (stopped(j))
			return -EINTR;
		if (size > u->max_size - u->bytes - done) {
			err_set(j->e, EFBIG, "the archive unpacks to more than is allowed, at %s",
				QUOTE(path));
			return err_hint(j->e, "where that is what you want: --max-size SIZE");
		}
		if (size > 0 &&
		    written(j, (int)archive_write_data_block(j->out, buf, size, offset), path) < 0)
			return -j->e->code;
		done += size;
		progress_bytes(&u->progress, done);
	}
	u->bytes += done;
	return 0;
}

static int imply(const char *dir, struct err *e)
{
	struct stat st;

	/* What is no directory there is for libarchive to refuse. */
	if (lstat(dir, &st) == 0 || errno == ENOTDIR)
		return 0;
	if (mkdir(dir, 0755) < 0 || chmod(dir, 0755 | MERGE_IMPLIED) < 0)
		return err_sys(e, "make the directory %s", QUOTE(dir));
	return 0;
}

/* The directories above path. No link is followed: one that is there is left to libarchive. */
static int make_parents(const struct job *j, const char *path)
{
	struct unpack *u = j->u;
	const char *slash = strrchr(path, '/');
	const size_t size = slash ? (size_t)(slash - path) : 0;
	char dir[MEMBER_MAX];
	struct stat st;

	if (size == 0 || (strlen(u->parent) == size && !memcmp(u->parent, path, size)))
		return 0;
	for (slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path), path);
		if (imply(dir, j->e) < 0)
			return -j->e->code;
		if (lstat(dir, &st) < 0 || !S_ISDIR(st.st_mode))
			return 0;
	}
	memcpy(u->parent, path, size);
	u->parent[size] = '\0';
	return 0;
}

static int unpack_member(const struct job *j, struct archive_entry *entry)
{
	char path[MEMBER_MAX];
	uint64_t before;
	int r = admit(j, entry, path);

	if (r <= 0)
		return r;
	if (j->u->layer && make_parents(j, path) < 0)
		return -j->e->code;
	progress_file(&j->u->progress, path);
	before = j->u->bytes;
	if (written(j, archive_write_header(j->out, entry), path) < 0 || copy_data(j, path) < 0 ||
	    written(j, archive_write_finish_entry(j->out), path) < 0)
		return -j->e->code;
	if (archive_entry_filetype(entry) != AE_IFDIR)
		progress_done(&j->u->progress, j->u->bytes - before);
	return 0;
}

/* --- all of them
 * -------------------------------------------------------------------------------------------- */

static int open_in(const struct job *j)
{
	if (j->u->layer)
		return archive_read_support_format_tar(j->in) == ARCHIVE_OK
			       ? layer_open(j->u->layer, j->u->archive, j->in, j->e)
			       : read_failed(j);
	if (archive_read_support_filter_gzip(j->in) != ARCHIVE_OK ||
	    archive_read_support_filter_xz(j->in) != ARCHIVE_OK ||
	    archive_read_support_filter_zstd(j->in) != ARCHIVE_OK ||
	    archive_read_support_filter_bzip2(j->in) != ARCHIVE_OK ||
	    archive_read_support_format_tar(j->in) != ARCHIVE_OK ||
	    archive_read_open_fd(j->in, j->u->archive, BLOCK) != ARCHIVE_OK)
		return read_failed(j);
	return 0;
}

static int open_out(const struct job *j)
{
	const int flags = ARCHIVE_EXTRACT_PERM | ARCHIVE_EXTRACT_TIME | ARCHIVE_EXTRACT_XATTR |
			  ARCHIVE_EXTRACT_SECURE_SYMLINKS | ARCHIVE_EXTRACT_SECURE_NODOTDOT |
			  ARCHIVE_EXTRACT_SECURE_NOABSOLUTEPATHS |
			  (j->u->owners.alone ? 0 : ARCHIVE_EXTRACT_OWNER);

	return archive_write_disk_set_options(j->out, flags) == ARCHIVE_OK ? 0 : write_failed(j, ".");
}

static int all_members(const struct job *j)
{
	struct archive_entry *entry;
	int r;

	while ((r = archive_read_next_header(j->in, &entry)) == ARCHIVE_OK || r == ARCHIVE_WARN)
		if (stopped(j) || unpack_member(j, entry) < 0)
			return -j->e->code;
	if (r != ARCHIVE_EOF)
		return read_failed(j);
	/* Zeros alone are an archive to libarchive; a root without a file is none. */
	if (!j->u->layer)
		return j->u->entries ? 0 : err_set(j->e, EINVAL, "the archive is empty");
	return layer_check(j->u->layer, j->e);
}

int unpack_archive(struct unpack *u, struct err *e)
{
	struct job j = {.u = u, .in = archive_read_new(), .out = archive_write_disk_new(), .e = e};
	int r = j.in && j.out ? 0 : err_set(e, ENOMEM, "no memory to read an archive");

	if (r == 0)
		r = open_in(&j) < 0 || open_out(&j) < 0 ? -e->code : all_members(&j);
	/* Modes and times of directories come last. */
	if (r == 0)
		r = written(&j, archive_write_close(j.out), ".");
	archive_read_free(j.in);
	if (u->layer)
		layer_close(u->layer);
	archive_write_free(j.out);
	return r;
}
