#include "frontend/image.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/text.h"
#include "frontend/planner.h"
#include "frontend/run_options.h"
#include "frontend/supervise.h"
#include "sandbox/msg.h"
#include "vet/vet.h"

static const char device[] = "/dev/fuse";

/* --- which kind, which program ------------------------------------------------------------------------ */

static const struct {
	enum plan_root kind;
	off_t at;
	const char magic[5];
	const char *path[4]; /* of the programs that read it, the fastest first */
	const char *package;
} format[] = {
	{PLAN_ROOT_SQUASHFS,
	 0,
	 "hsqs",
	 {"/usr/bin/squashfuse_ll", "/usr/local/bin/squashfuse_ll", "/usr/bin/squashfuse",
	  "/usr/local/bin/squashfuse"},
	 "squashfuse"},
	/* EROFS_SUPER_OFFSET, EROFS_SUPER_MAGIC_V1 in little endian */
	{PLAN_ROOT_EROFS,
	 1024,
	 "\xe2\xe1\xf5\xe0",
	 {"/usr/bin/erofsfuse", "/usr/local/bin/erofsfuse"},
	 "erofsfuse"},
};
enum { NFORMATS = sizeof(format) / sizeof(format[0]), NPATHS = 4 };

int image_kind(const char *path, enum plan_root *ret, struct err *e)
{
	fd_auto int fd = -1;
	char magic[4];
	struct stat st;

	*ret = PLAN_ROOT_DIR;
	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	fd = fd_openat2(AT_FDCWD, path, O_RDONLY | O_NOCTTY, 0, RESOLVE_NO_MAGICLINKS);
	if (fd < 0)
		return err_sys(e, "root %s", QUOTE(path));
	for (size_t i = 0; i < NFORMATS; i++)
		if (pread(fd, magic, sizeof(magic), format[i].at) == (ssize_t)sizeof(magic) &&
		    !memcmp(magic, format[i].magic, sizeof(magic))) {
			*ret = format[i].kind;
			return 0;
		}
	err_set(e, EINVAL, "root %s: it is a file, and neither a squashfs nor an erofs image", QUOTE(path));
	return err_hint(e, "a tar archive is made a root by: croft root import FILE NAME");
}

int image_find(enum plan_root kind, const char **ret, struct err *e)
{
	size_t i = 0;

	while (i + 1 < NFORMATS && format[i].kind != kind)
		i++;
	for (size_t k = 0; k < NPATHS && format[i].path[k]; k++)
		if (access(format[i].path[k], X_OK) == 0) {
			*ret = format[i].path[k];
			return 0;
		}
	err_set(e, ENOENT, "%s is not installed", format[i].package);
	return err_hint(e, "sudo apt-get install %s", format[i].package);
}

int image_device(struct err *e)
{
	fd_auto int fd = open(device, O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		return 0;
	err_sys(e, "open %s", device);
	return err_hint(e, e->code == EACCES || e->code == EPERM ? "sudo chmod 666 /dev/fuse (as udev has it)"
								 : "sudo modprobe fuse");
}

/* --- the program's own sandbox ------------------------------------------------------------------------ */

enum { FUSE_FD = 3, IMAGE_FD = 4, SPARE_FD = 10 };

struct keeper {
	const char *program;
	struct arena *a;
	int sock, image, errors;
	pid_t parent;
};

/* Waits for the descriptor of the mount. -ECONNRESET: the sandbox ended before it had one. */
static int await_mount(int sock, struct err *e)
{
	struct msg m = {0};
	int fd = -1, r = msg_receive(sock, 0, &m, &fd);

	if (r > 0 && m.type == MSG_MADE && fd >= 0)
		return fd;
	fd_close(fd);
	return err_set(e, ECONNRESET, "no mount came");
}

/* The two descriptors under their numbers, which the program's words name. */
static int place(int fuse, int image, struct err *e)
{
	const int keep[] = {FUSE_FD, IMAGE_FD};
	fd_auto int f = fcntl(fuse, F_DUPFD_CLOEXEC, SPARE_FD);
	fd_auto int i = fcntl(image, F_DUPFD_CLOEXEC, SPARE_FD);

	if (f < 0 || i < 0 || dup2(f, FUSE_FD) < 0 || dup2(i, IMAGE_FD) < 0)
		return err_sys(e, "pass descriptors on");
	return fd_close_range_but(FUSE_FD, ~0u, keep, 2) < 0 ? err_set(e, EBADF, "close other descriptors")
							     : 0;
}

/*
 * Not asked of the policy, which is about what the caller wants to have inside: this is croft's own way to
 * read a file that it allowed. --no-init: the program ends by itself when the mount is gone.
 */
static int serve(const struct keeper *k, struct err *e)
{
	static const char *const env[] = {"PATH=/usr/bin:/bin", "LC_ALL=C", NULL};
	const struct sandbox_hooks hooks = {.permit = NULL};
	const struct plan_facts facts = {.root_kind = PLAN_ROOT_HOST,
					 .root = "",
					 .user = "root",
					 .home = "/",
					 .env = {.item = env, .count = 2}};
	const char *const words[] = {
		"run", "--map", "self", "--cap-drop", "ALL", "--preserve-fd",   "3",         "--preserve-fd",
		"4",   "host",  "--",   k->program,   "-f",  "/proc/self/fd/4", "/dev/fd/3", NULL};
	static struct run_options o;
	static struct plan plan;
	char *argv[sizeof(words) / sizeof(words[0])];

	memcpy(argv, words, sizeof(words));
	if (run_options_parse((int)(sizeof(words) / sizeof(words[0])) - 1, argv, k->a, &o, e) < 0 ||
	    planner_make(&o, &facts, k->a, &plan, e) < 0)
		return -e->code;
	/* It ends with croft by a death signal. */
	return supervise(&plan, &hooks, &(const struct job){.tied = false}, e);
}

static noreturn void keeper_main(const struct keeper *k)
{
	struct err e = {0};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), fuse, r;

	/* The signals of the caller's terminal are croft's alone. */
	if (null < 0 || setsid() < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 ||
	    getppid() != k->parent || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
	    dup2(k->errors, STDERR_FILENO) < 0)
		_exit(EXIT_CROFT);
	fuse = await_mount(k->sock, &e);
	r = fuse < 0 || place(fuse, k->image, &e) < 0 ? -e.code : serve(k, &e);
	if (r < 0 && r != -ECONNRESET)
		err_print(&e, "croft");
	_exit(r < 0 ? EXIT_CROFT : r);
}

/* --- the caller's side ---------------------------------------------------------------------------------- */

void image_init(struct image *i)
{
	*i = (struct image){.keeper = -1, .sock = -1, .errors = -1};
}

static int open_image(const char *path, dev_t dev, ino_t ino, struct err *e)
{
	fd_auto int fd = fd_openat2(AT_FDCWD, path, O_RDONLY | O_NOCTTY, 0, RESOLVE_NO_MAGICLINKS);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "root %s", QUOTE(path));
	if (st.st_dev != dev || st.st_ino != ino)
		return err_set(e, ESTALE, "root %s became something else while the sandbox was started",
			       QUOTE(path));
	return TAKE_FD(fd);
}

int image_start(struct image *i, const struct plan *p, dev_t dev, ino_t ino, struct arena *a, struct err *e)
{
	struct keeper k = {.a = a, .parent = getpid()};
	fd_auto int image = -1, outer = -1, errors = -1;
	int pair[2], pipes[2];

	if (!plan_root_is_image(p))
		return 0;
	if (image_find((enum plan_root)p->root_kind, &k.program, e) < 0 || image_device(e) < 0)
		return err_wrap(e, "root %s", QUOTE(p->root));
	image = open_image(p->root, dev, ino, e);
	if (image < 0)
		return image;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "make a socket pair");
	i->sock = pair[0];
	outer = pair[1];
	k.sock = outer;
	/* Not to be held up by whom nobody reads. */
	if (pipe2(pipes, O_CLOEXEC | O_NONBLOCK) < 0)
		return err_sys(e, "make a pipe");
	i->errors = pipes[0];
	errors = pipes[1];
	k.errors = errors;
	k.image = image;
	i->keeper = fork();
	if (i->keeper == 0) {
		fd_close(i->sock);
		keeper_main(&k);
	}
	return i->keeper < 0 ? err_sys(e, "start a process for root %s", QUOTE(p->root)) : 0;
}

/* The first line that was said, without the name in front. */
static void add_hint(const struct image *i, struct err *e)
{
	char said[IMAGE_SAID_MAX];
	ssize_t n = read(i->errors, said, sizeof(said) - 1);

	if (n <= 0 || e->hint[0])
		return;
	said[n] = '\0';
	said[strcspn(said, "\n")] = '\0';
	err_hint(e, "the program that reads the image says: %s", QUOTE(said));
}

int image_end(struct image *i, int r, struct err *e)
{
	if (i->keeper > 0) {
		kill(i->keeper, SIGKILL);
		while (waitpid(i->keeper, NULL, 0) < 0 && errno == EINTR)
			;
		if (r < 0)
			add_hint(i, e);
	}
	fd_close(i->sock);
	fd_close(i->errors);
	image_init(i);
	return r;
}

int image_supervise(const struct plan *p, const struct sandbox_hooks *h, const struct job *job, struct err *e)
{
	const struct vetted *root = h->ctx;
	struct sandbox_hooks with = *h;
	struct job reads = *job;
	struct image image;
	int r;

	image_init(&image);
	r = image_start(&image, p, root->dev, root->ino, job->a, e);
	with.image = image.sock;
	reads.reader = image.keeper > 0 ? image.keeper : 0;
	return image_end(&image, r < 0 ? r : supervise(p, &with, &reads, e), e);
}
