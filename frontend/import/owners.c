#include "frontend/import/owners.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/fd.h"
#include "common/text.h"

static int read_map(const char *path, struct id_range *range, size_t *n, struct err *e)
{
	static char text[IDS_RANGES_MAX * 36]; /* the kernel pads three numbers to 33 bytes */
	fd_auto int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? -errno : fd_read_all(fd, text, sizeof(text) - 1);

	if (size < 0)
		return err_set(e, (int)-size, "read %s: %s", path, strerror((int)-size));
	text[size] = '\0';
	*n = 0;
	for (char *save = NULL, *line = strtok_r(text, "\n", &save); line && *n < IDS_RANGES_MAX;
	     line = strtok_r(NULL, "\n", &save)) {
		struct id_range *r = &range[(*n)++];
		uint32_t outside;

		if (sscanf(line, "%" SCNu32 " %" SCNu32 " %" SCNu32, &r->start, &outside, &r->count) != 3)
			return err_set(e, EBADMSG, "read %s: %s", path, QUOTE(line));
	}
	return 0;
}

int owners_read(struct owners *ret, struct err *e)
{
	if (read_map("/proc/self/uid_map", ret->uid, &ret->nuid, e) < 0 ||
	    read_map("/proc/self/gid_map", ret->gid, &ret->ngid, e) < 0)
		return -e->code;
	ret->alone = ret->nuid == 1 && ret->uid[0].count == 1;
	return 0;
}

static bool has(const struct id_range *range, size_t n, int64_t id)
{
	for (size_t i = 0; i < n; i++)
		if (id >= 0 && id < ID_NONE && id_range_has(&range[i], (uint32_t)id))
			return true;
	return false;
}

int owners_check(const struct owners *o, int64_t uid, int64_t gid, const char *path, struct err *e)
{
	const bool is_uid = !has(o->uid, o->nuid, uid);

	if (!is_uid && has(o->gid, o->ngid, gid))
		return 0;
	err_set(e, EINVAL, "%s belongs to %s %" PRId64 ", which is beyond your subordinate ids", QUOTE(path),
		is_uid ? "uid" : "gid", is_uid ? uid : gid);
	return err_hint(e, "have more of them, or make all files yours: --map self");
}
