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
#include "helper/shared/status.h"
#include "vet/mounts.h"

/* A process may be in 65536 groups, which stand in its status. */
enum { STATUS_MAX = 1 << 20 };

struct count {
	int proc;
	uint32_t uid;
	uint64_t n;
};

/* "4711	1": of two namespaces at least, and the first process of the innermost. */
static bool is_first(const char *numbers)
{
	size_t n = strcspn(numbers, "\n");

	return n > 2 && numbers[n - 1] == '1' && numbers[n - 2] == '\t';
}

/* A first process whose main thread has ended is a zombie while others of it live. */
static bool is_dead(const char *text)
{
	const char *state = status_value(text, "\nState:\t");

	return *state == 'X' || (*state == 'Z' && !strncmp(status_value(text, "\nThreads:\t"), "1\n", 2));
}

/* 1: a sandbox of the caller's that lives; 0: none; -errno. */
static int is_sandbox(const struct count *c, const char *pid)
{
	static char text[STATUS_MAX];
	fd_auto int dir = openat(c->proc, pid, O_PATH | O_DIRECTORY | O_CLOEXEC);
	fd_auto int fd = dir < 0 ? -1 : openat(dir, "status", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -errno : fd_read_all(fd, text, sizeof(text) - 1);
	const char *real, *numbers;
	uint32_t id;

	if (n < 0)
		return n == -ENOENT || n == -ESRCH ? 0 : (int)n;
	text[n] = '\0';
	real = status_value(text, "\nUid:\t");
	numbers = status_value(text, "\nNSpid:\t");
	if (text_u32n(real, strcspn(real, "\t"), &id) < 0 || !*numbers)
		return -EBADMSG;
	return id == c->uid && is_first(numbers) && !is_dead(text);
}

static int see(void *ctx, const char *name)
{
	struct count *c = ctx;
	int r = *name >= '1' && *name <= '9' ? is_sandbox(c, name) : 0;

	if (r > 0)
		c->n++;
	return r < 0 ? r : 0;
}

static int cannot(int code, struct err *e)
{
	err_set(e, code, "count your sandboxes, of which the policy has a limit: %s", strerror(code));
	return err_hint(e, "an administrator mounts /proc without hidepid: proc(5)");
}

static int count(int proc, uint64_t *ret, struct err *e)
{
	struct count c = {.proc = proc, .uid = getuid()};
	int r = dir_each(proc, see, &c);

	*ret = c.n;
	return r < 0 ? cannot(-r, e) : 0;
}

/* hidepid hides what is not dumpable from its own user, too; and first processes are not. */
static int shows_all(struct err *e)
{
	bool hidden = false;
	int r = mounts_hide_processes(&hidden, e);

	return r < 0 ? cannot(-r, e) : hidden ? cannot(EPERM, e) : 0;
}

int count_before(uint64_t most, struct err *e)
{
	fd_auto int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = proc < 0 ? cannot(errno, e) : shows_all(e);
	uint64_t n = 0;

	if (r == 0)
		r = count(proc, &n, e);
	if (r != 0)
		return r;
	return n < most ? 0
			: err_set(e, EDQUOT, "you have %" PRIu64 " sandboxes, and the policy allows %" PRIu64,
				  n, most);
}

int count_admit(int proc, uint64_t most, struct err *e)
{
	fd_auto int list = openat(proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	uint64_t n = 0;
	int r = list < 0 ? cannot(errno, e) : count(list, &n, e);

	if (r != 0)
		return r;
	return n <= most
		       ? 0
		       : err_set(e, EDQUOT,
				 "you have %" PRIu64 " sandboxes, with this one; the policy allows %" PRIu64,
				 n, most);
}
