#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/ids.h"
#include "sandbox/confine.h"
#include "sandbox/userns.h"

/* Reads this process's own map and writes "inside inside count" for each of its lines. */
static int identity_map(const char *self, char *out, size_t size, struct err *e)
{
	char text[IDS_TEXT_MAX * 4];
	fd_auto int fd = open(self, O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t n;

	if (fd < 0)
		return err_sys(e, "open %s", self);
	n = fd_read_all(fd, text, sizeof(text) - 1);
	if (n < 0)
		return err_set(e, (int)-n, "read %s: %s", self, strerror((int)-n));
	text[n] = '\0';
	for (char *save = NULL, *line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		uint32_t inside, outside, count;
		int k;

		if (sscanf(line, "%" SCNu32 " %" SCNu32 " %" SCNu32, &inside, &outside, &count) != 3)
			return err_set(e, EBADMSG, "read %s: not a map", self);
		k = snprintf(out + used, size - used, "%" PRIu32 " %" PRIu32 " %" PRIu32 "\n", inside, inside,
			     count);
		if (k < 0 || (size_t)k >= size - used)
			return err_set(e, E2BIG, "the id map is too long to copy");
		used += (size_t)k;
	}
	return (int)used;
}

static int copy_map(const char *name, pid_t to, struct err *e)
{
	char self[64], path[64], text[IDS_TEXT_MAX];
	fd_auto int fd = -1;
	int n;

	snprintf(self, sizeof(self), "/proc/self/%s", name);
	snprintf(path, sizeof(path), "/proc/%d/%s", to, name);
	n = identity_map(self, text, sizeof(text), e);
	if (n < 0)
		return n;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open %s of the second user namespace", name);
	if (write(fd, text, (size_t)n) != n)
		return err_sys(e, "write %s of the second user namespace", name);
	return 0;
}

static int copy_maps(const void *ctx, struct err *e)
{
	const pid_t *to = ctx;

	if (copy_map("gid_map", *to, e) < 0)
		return -e->code;
	return copy_map("uid_map", *to, e);
}

int confine_lock_mounts(struct err *e)
{
	const pid_t self = getpid();

	/* The writer must be able to open the maps of this process: it is undumpable, and its /proc files the
	 * host's root's, where it changed its ids before (--map isolated). */
	if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0)
		return err_sys(e, "open the maps to their writer");
	if (userns_enter(CLONE_NEWUSER | CLONE_NEWNS, copy_maps, &self, e) < 0)
		return err_wrap(e, "copy the mounts into a second user namespace");
	return 0;
}
