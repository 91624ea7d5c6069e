#include "helper/shared/privilege.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "common/caps.h"
#include "common/fd.h"
#include "common/helper_exit.h"
#include "common/text.h"
#include "helper/shared/status.h"

/* The beginning of a file of /proc/self as a string; 0 or -errno. */
static int read_proc(const char *path, char *buf, size_t size)
{
	fd_auto int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct statfs fs;
	ssize_t n;

	if (fd < 0 || fstatfs(fd, &fs) < 0)
		return -errno;
	if ((unsigned long)fs.f_type != PROC_SUPER_MAGIC)
		return -EINVAL;
	n = read(fd, buf, size - 1);
	if (n < 0)
		return -errno;
	buf[n] = '\0';
	return 0;
}

/* Somebody in a namespace of his own may show us any /proc, but then the kernel gave us no capability outside
 * it either: this is for the message, and for what a map would mean. */
static int check_initial_namespace(struct err *e)
{
	static const char path[] = "/proc/self/uid_map";
	const char *p, *word[3] = {"0", "0", "4294967295"};
	char text[256];
	int r = read_proc(path, text, sizeof(text));

	if (r == -ENOENT && access("/proc/self/ns/mnt", F_OK) == 0)
		return 0; /* a kernel without user namespaces */
	if (r < 0) {
		err_set(e, -r, "read %s: %s", path, strerror(-r));
		return err_status(e, HELPER_FAILED);
	}
	p = text;
	for (int i = 0; i < 3; i++) {
		size_t n;

		p += strspn(p, " ");
		n = strcspn(p, " \n");
		if (!text_is(p, n, word[i]))
			break;
		p += n;
		if (i == 2 && !strcmp(p, "\n"))
			return 0;
	}
	err_set(e, EPERM,
		"this is a user namespace, and only in the host's own does privilege mean anything");
	err_hint(e, "start it outside; inside a user namespace use the ids mapped there");
	return err_status(e, HELPER_REFUSED);
}

static bool traced(void)
{
	char text[2048];
	const char *p;

	if (read_proc("/proc/self/status", text, sizeof(text)) < 0)
		return false;
	p = status_value(text, "\nTracerPid:\t");
	return *p && *p != '0';
}

static bool on_nosuid(void)
{
	struct statvfs v;

	return statvfs("/proc/self/exe", &v) == 0 && (v.f_flag & ST_NOSUID);
}

static bool bounded(uint64_t caps)
{
	for (int cap = 0; cap < 64; cap++)
		if (caps & CAP_BIT(cap) && prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 0)
			return true;
	return false;
}

/* Why the kernel gave something else than the capabilities. */
static int explain(const struct privilege *w, uint64_t permitted, struct err *e)
{
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	int r = check_initial_namespace(e);

	if (r < 0)
		return r;
	exe[n > 0 ? n : 0] = '\0';
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1) {
		err_set(e, EPERM, "no_new_privs is set, so no program gains privilege here");
		err_hint(e, "look at what started it: NoNewPrivileges= of systemd, a sandbox, setpriv");
	} else if (traced()) {
		err_set(e, EPERM, "it is traced, so the kernel gave it no privilege");
		err_hint(e, "start the tracer as root (strace -u USER)");
	} else if (on_nosuid()) {
		err_set(e, EPERM, "%s lies on a file system mounted nosuid, so it has no privilege",
			QUOTE(exe));
		err_hint(e, "install it on a file system mounted without nosuid");
	} else if (bounded(w->caps)) {
		err_set(e, EPERM, "the bounding set of the caller lacks %s", w->any);
		err_hint(e, "look at what started it: CapabilityBoundingSet= of systemd, a container");
	} else if (permitted & ~w->caps) {
		err_set(e, EPERM, "it has more capabilities than %s", w->all);
		err_hint(e, "as root: setcap %s %s", w->setcap, QUOTE(exe));
	} else {
		err_set(e, EPERM,
			"it has no privilege: its file capabilities are missing, or the caller shares "
			"his working directory with another process (CLONE_FS)");
		err_hint(e, "as root: setcap %s %s", w->setcap, QUOTE(exe));
	}
	return err_status(e, HELPER_NO_PRIVILEGE);
}

static int failed(const char *what, int code, struct err *e)
{
	err_set(e, code, "%s: %s", what, strerror(code));
	return err_status(e, HELPER_FAILED);
}

static int set_caps(uint64_t effective, uint64_t permitted, struct err *e)
{
	const struct caps c = {.effective = effective, .permitted = permitted};
	struct caps now;
	int r = caps_set(&c);

	if (r == 0)
		r = caps_get(&now);
	if (r < 0)
		return failed("set capabilities", -r, e);
	if (now.effective != effective || now.permitted != permitted || now.inheritable != 0)
		return failed("read capabilities back", EPERM, e);
	return 0;
}

/* To the caller's ids, keeping the permitted capabilities of setuid root over the change. */
static int take_callers_ids(uid_t uid, gid_t gid, struct err *e)
{
	uid_t u[3];
	gid_t g[3];

	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return failed("keep capabilities", errno, e);
	if (setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
		return failed("take the caller's ids", errno, e);
	if (prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0)
		return failed("stop keeping capabilities", errno, e);
	if (getresuid(&u[0], &u[1], &u[2]) < 0 || getresgid(&g[0], &g[1], &g[2]) < 0)
		return failed("read ids back", errno, e);
	for (int i = 0; i < 3; i++)
		if (u[i] != uid || g[i] != gid)
			return failed("take the caller's ids", EPERM, e);
	return 0;
}

static int refuse_root(const struct privilege *w, struct err *e)
{
	int r = check_initial_namespace(e);

	if (r < 0)
		return r;
	err_set(e, EPERM, "the caller is root, %s", w->root);
	err_hint(e, "start it as an ordinary user");
	return err_status(e, HELPER_REFUSED);
}

/* A change of ids makes the kernel set "dumpable" to fs.suid_dumpable, so it is cleared again here. */
static int check_no_way_back(struct err *e)
{
	if (setresuid((uid_t)-1, 0, (uid_t)-1) == 0)
		return failed("give up uid 0: it could be had again", EPERM, e);
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
		return failed("stay not dumpable", EPERM, e);
	return 0;
}

int privilege_reduce(const struct privilege *w, struct err *e)
{
	uid_t uid = getuid();
	bool setuid_root = geteuid() == 0 && uid != 0;
	struct caps c;
	int r = caps_get(&c);

	if (r < 0)
		return failed("read capabilities", -r, e);
	if (uid == 0)
		return refuse_root(w, e);
	if ((c.permitted & w->caps) != w->caps || (!setuid_root && c.permitted != w->caps))
		return explain(w, c.permitted, e);
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return failed("clear the ambient capabilities", errno, e);
	r = set_caps(0, w->caps, e);
	if (r == 0)
		r = check_initial_namespace(e);
	if (r == 0)
		r = take_callers_ids(uid, getgid(), e);
	/* The change of ids is a moment at which the kernel touches the sets by itself. */
	if (r == 0)
		r = set_caps(0, w->caps, e);
	if (r == 0)
		r = check_no_way_back(e);
	return r;
}

int privilege_effective(const struct privilege *w, uint64_t cap_bit, struct err *e)
{
	return set_caps(cap_bit, w->caps, e);
}

int privilege_drop(struct err *e)
{
	int r = geteuid() == getuid() && getegid() == getgid() ? 0 : take_callers_ids(getuid(), getgid(), e);

	return r < 0 ? r : set_caps(0, 0, e);
}
