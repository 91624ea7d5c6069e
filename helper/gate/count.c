#include "helper/gate/count.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/dir.h"
#include "common/fd.h"
#include "common/text.h"

enum { STATUS_MAX = 2048 };

struct count {
	int proc;
	uint32_t uid;
	uint64_t n;
};

/* What stands behind KEY at the beginning of a line; the kernel escapes newlines in the name of a process. */
static const char *field(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	return at ? at + strlen(key) : "";
}

/* "4711	1": of two namespaces at least, and the first process of the innermost. */
static bool is_first(const char *numbers)
{
	size_t n = strcspn(numbers, "\n");

	return n > 2 && numbers[n - 1] == '1' && numbers[n - 2] == '\t';
}

/* 1: a sandbox of the caller's that lives; 0: none; -errno. */
static int is_sandbox(const struct count *c, const char *pid)
{
	fd_auto int dir = openat(c->proc, pid, O_PATH | O_DIRECTORY | O_CLOEXEC);
	fd_auto int fd = dir < 0 ? -1 : openat(dir, "status", O_RDONLY | O_CLOEXEC);
	char text[STATUS_MAX];
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	const char *real, *state;
	uint32_t id;

	if (n < 0)
		return errno == ENOENT || errno == ESRCH ? 0 : -errno;
	text[n] = '\0';
	real = field(text, "\nUid:\t");
	if (text_u32n(real, strcspn(real, "\t"), &id) < 0)
		return -EBADMSG;
	state = field(text, "\nState:\t");
	return id == c->uid && is_first(field(text, "\nNSpid:\t")) && *state != 'Z' && *state != 'X';
}

static int see(void *ctx, const char *name)
{
	struct count *c = ctx;
	int r = *name >= '1' && *name <= '9' ? is_sandbox(c, name) : 0;

	if (r > 0)
		c->n++;
	return r < 0 ? r : 0;
}

static int count(int proc, uint64_t *ret, struct err *e)
{
	struct count c = {.proc = proc, .uid = getuid()};
	int r = proc < 0 ? -errno : dir_each(proc, see, &c);

	*ret = c.n;
	if (r == 0)
		return 0;
	err_set(e, -r, "count your sandboxes, of which the policy has a limit: %s", strerror(-r));
	return err_hint(e, "an administrator mounts /proc without hidepid: proc(5)");
}

static int open_proc(void)
{
	return open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int count_before(uint64_t most, struct err *e)
{
	fd_auto int proc = open_proc();
	uint64_t n;

	if (count(proc, &n, e) < 0)
		return -e->code;
	return n < most ? 0
			: err_set(e, EDQUOT, "you have %" PRIu64 " sandboxes, and the policy allows %" PRIu64,
				  n, most);
}

/* hidepid hides what is not dumpable from its own user, too; and first processes are not. */
static int shows(int proc, pid_t pid, struct err *e)
{
	char name[16];

	snprintf(name, sizeof(name), "%d", pid);
	if (faccessat(proc, name, F_OK, 0) == 0)
		return 0;
	err_sys(e, "count your sandboxes, of which the policy has a limit");
	return err_hint(e, "an administrator mounts /proc without hidepid: proc(5)");
}

int count_with(uint64_t most, pid_t first, struct err *e)
{
	fd_auto int proc = open_proc();
	uint64_t n;

	if (shows(proc, first, e) < 0 || count(proc, &n, e) < 0)
		return -e->code;
	return n <= most
		       ? 0
		       : err_set(e, EDQUOT,
				 "you have %" PRIu64 " sandboxes, with this one; the policy allows %" PRIu64,
				 n, most);
}
