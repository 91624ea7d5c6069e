#include "vet/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/vfs.h>

#include "common/fd.h"
#include "common/mem.h"
#include "common/text.h"
#include "policy/object.h"
#include "vet/mountinfo.h"

enum { TABLE_MAX = 16 << 20 };

static int read_table(char *text, struct err *e)
{
	fd_auto int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	struct statfs fs;
	ssize_t n;

	if (fd < 0 || fstatfs(fd, &fs) < 0)
		return err_sys(e, "read /proc/self/mountinfo");
	if (fs.f_type != PROC_SUPER_MAGIC)
		return err_set(e, EPERM, "/proc/self/mountinfo is not the kernel's");
	n = fd_read_all(fd, text, TABLE_MAX - 1);
	if (n < 0)
		return err_set(e, (int)-n, "read /proc/self/mountinfo: %s", strerror((int)-n));
	text[n] = '\0';
	return 0;
}

typedef void mount_fn(void *ctx, const struct mountinfo *m);

static int each(mount_fn *fn, void *ctx, struct err *e)
{
	struct arena a;
	char *save = NULL;
	int r = mem_arena(TABLE_MAX, &a);

	if (r < 0)
		return err_set(e, -r, "get memory: %s", strerror(-r));
	r = read_table(a.base, e);
	for (char *line = r < 0 ? NULL : strtok_r(a.base, "\n", &save); line && r == 0;
	     line = strtok_r(NULL, "\n", &save)) {
		struct mountinfo m;

		if (mountinfo_parse(line, &m) < 0)
			r = err_set(e, EBADMSG, "/proc/self/mountinfo has a line that is none");
		else
			fn(ctx, &m);
	}
	munmap(a.base, a.size);
	return r;
}

struct below {
	const char *path;
	bool *any;
	const char **kernel_fs;
};

static void see_below(void *ctx, const struct mountinfo *m)
{
	const struct below *b = ctx;
	const char *kernel;

	if (!path_covers(b->path, m->point) || !strcmp(b->path, m->point))
		return;
	*b->any = true;
	kernel = policy_kernel_fs(m->type);
	if (kernel)
		*b->kernel_fs = kernel;
}

int mounts_below(const char *path, bool *ret_any, const char **ret_kernel_fs, struct err *e)
{
	struct below b = {.path = path, .any = ret_any, .kernel_fs = ret_kernel_fs};

	return each(see_below, &b, e);
}

static void see_hidepid(void *ctx, const struct mountinfo *m)
{
	bool *hidden = ctx;

	if (!strcmp(m->point, "/proc") && !strcmp(m->type, "proc") && strstr(m->options, "hidepid="))
		*hidden = true;
}

int mounts_hide_processes(bool *ret, struct err *e)
{
	*ret = false;
	return each(see_hidepid, ret, e);
}
