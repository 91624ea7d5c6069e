#include "frontend/diagnose.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/stat.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/ids.h"
#include "common/text.h"

static const struct {
	const char *proc;   /* below /proc/self/ns */
	const char *sysctl; /* below user.max_..._namespaces */
	const char *config;
} kind[] = {
	[HOST_USER] = {"user", "user", "CONFIG_USER_NS"},
	[HOST_MNT] = {"mnt", "mnt", "CONFIG_NAMESPACES"},
	[HOST_PID] = {"pid", "pid", "CONFIG_PID_NS"},
	[HOST_UTS] = {"uts", "uts", "CONFIG_UTS_NS"},
	[HOST_IPC] = {"ipc", "ipc", "CONFIG_IPC_NS"},
	[HOST_NET] = {"net", "net", "CONFIG_NET_NS"},
	[HOST_CGROUP] = {"cgroup", "cgroup", "CONFIG_CGROUPS"},
};
_Static_assert(sizeof(kind) / sizeof(kind[0]) == HOST_NS_COUNT, "a kind of namespace has no name");

#define CREATE "create a user namespace: "

/* --- what the facts mean: pure ------------------------------------------------ */

/* Whether path may stand in a command line as it is. */
static bool plain_path(const char *path)
{
	return path[0] == '/' && path[strspn(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
						   "0123456789/._+-")] == '\0';
}

static int apparmor_hint(const struct host_facts *f, struct err *e)
{
	if (!plain_path(f->exe))
		return err_hint(e, "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0");
	return err_hint(e,
			"printf 'abi <abi/4.0>,\\nprofile croft %s flags=(unconfined) { userns, }\\n' | "
			"sudo tee /etc/apparmor.d/croft && sudo apparmor_parser -r /etc/apparmor.d/croft",
			f->exe);
}

static bool apparmor_confined(const struct host_facts *f)
{
	return !f->selinux && f->label[0] && !text_starts(f->label, "unconfined");
}

static int explain_eperm(const struct host_facts *f, struct err *e)
{
	if (f->userns_clone == 0) {
		err_set(e, EPERM, CREATE "kernel.unprivileged_userns_clone is 0");
		return err_hint(e, "sudo sysctl -w kernel.unprivileged_userns_clone=1");
	}
	if (!f->ids_mapped) {
		err_set(e, EPERM, CREATE "your uid or gid has no name in the user namespace you are in");
		return err_hint(e,
				"start the outer sandbox or container as a user whose uid and gid it maps");
	}
	if (f->chrooted) {
		err_set(e, EPERM, CREATE "this process is in a chroot, where the kernel allows none");
		return err_hint(
			e, "start croft outside of the chroot, or enter the tree with pivot_root(2) instead");
	}
	if (f->seccomp) {
		err_set(e, EPERM,
			CREATE "a seccomp filter on this process forbids it, as a service's "
			       "RestrictNamespaces= and container engines set one");
		return err_hint(e, "in the service: RestrictNamespaces=no; in a container: "
				   "--security-opt seccomp=unconfined");
	}
	if (f->apparmor_restrict > 0) {
		err_set(e, EPERM, CREATE "kernel.apparmor_restrict_unprivileged_userns is %" PRId64,
			f->apparmor_restrict);
		return apparmor_hint(f, e);
	}
	err_set(e, EPERM,
		CREATE "the kernel forbids it: this process is in a chroot, or a security module says no");
	return err_hint(e, "start croft outside of any chroot; sudo dmesg shows what a security module said");
}

static int explain_eacces(const struct host_facts *f, struct err *e)
{
	if (f->selinux) {
		err_set(e, EACCES, CREATE "SELinux forbids it to %s", QUOTE(f->label));
		return err_hint(e, "sudo ausearch -m avc -ts recent | audit2allow -M croft && sudo semodule "
				   "-i croft.pp");
	}
	if (apparmor_confined(f)) {
		err_set(e, EACCES, CREATE "the AppArmor profile %s forbids it", QUOTE(f->label));
		return err_hint(e, "add the rule 'userns,' to that profile in /etc/apparmor.d and load it: "
				   "sudo apparmor_parser -r FILE");
	}
	if (f->apparmor_restrict > 0) {
		err_set(e, EACCES,
			CREATE "AppArmor allows it only to programs that have a profile "
			       "(kernel.apparmor_restrict_unprivileged_userns is %" PRId64 ")",
			f->apparmor_restrict);
		return apparmor_hint(f, e);
	}
	err_set(e, EACCES, CREATE "a security module (AppArmor, SELinux, BPF) forbids it");
	return err_hint(e, "sudo dmesg shows which one, and its rule");
}

static int explain_enospc(const struct host_facts *f, struct err *e)
{
	int64_t max = f->max_ns[HOST_USER];

	for (int i = 0; i < HOST_NS_COUNT; i++) {
		if (f->max_ns[i] != 0)
			continue;
		err_set(e, ENOSPC, CREATE "user.max_%s_namespaces is 0", kind[i].sysctl);
		return err_hint(e, "sudo sysctl -w user.max_%s_namespaces=15000", kind[i].sysctl);
	}
	if (f->nested) {
		err_set(e, ENOSPC, CREATE "an outer user namespace allows no more, or 32 are nested already");
		return err_hint(e, "start croft outside of the sandbox or container it is in");
	}
	if (max == HOST_UNKNOWN)
		err_set(e, ENOSPC, CREATE "all that user.max_user_namespaces allows you are in use");
	else
		err_set(e, ENOSPC,
			CREATE "all %" PRId64 " that user.max_user_namespaces allows you are in use", max);
	return err_hint(e, "sudo sysctl -w user.max_user_namespaces=%" PRId64,
			max > 0 && max < INT32_MAX / 2 ? 2 * max : INT32_MAX);
}

static int explain_einval(const struct host_facts *f, struct err *e)
{
	for (int i = 0; i < HOST_NS_COUNT; i++) {
		if (!(f->missing_ns & 1U << i))
			continue;
		err_set(e, EINVAL, CREATE "this kernel was built without %s", kind[i].config);
		return err_hint(e, "start a kernel built with %s=y", kind[i].config);
	}
	return err_set(e, EINVAL, CREATE "the kernel does not know one of the namespaces asked for");
}

static int explain_eagain(const struct host_facts *f, int errnum, struct err *e)
{
	if (f->nproc == UINT64_MAX) {
		err_set(e, errnum, CREATE "the cgroup's pids.max or kernel.threads-max is reached");
		return err_hint(e, "end some processes, or: systemctl set-property UNIT TasksMax=infinity");
	}
	err_set(e, errnum,
		CREATE "too many processes: the limit is %" PRIu64
		       " for your uid (RLIMIT_NPROC), and the cgroup has one (pids.max)",
		f->nproc);
	return err_hint(e, "end some processes, or: ulimit -u unlimited");
}

int explain_userns(const struct host_facts *f, int errnum, struct err *e)
{
	switch (errnum) {
	case EPERM:
		return explain_eperm(f, e);
	case EACCES:
		return explain_eacces(f, e);
	case ENOSPC:
		return explain_enospc(f, e);
	case EINVAL:
		return explain_einval(f, e);
	case EAGAIN:
		return explain_eagain(f, errnum, e);
	case ENOSYS:
		return explain_nosys(f, "clone", e);
	case EUSERS:
		err_set(e, EUSERS, CREATE "32 are nested already, more the kernel does not allow");
		return err_hint(e, "start croft outside of the sandbox or container it is in");
	case ENOMEM:
		err_set(e, ENOMEM,
			CREATE
			"the kernel has no memory for it, or the memory limit of the cgroup is reached");
		return err_hint(e,
				"end some processes, or raise the memory limit of the service or container");
	}
	return err_set(e, errnum, CREATE "%s", strerror(errnum));
}

int explain_map(const struct host_facts *f, const char *file, int errnum, struct err *e)
{
	if ((errnum == EPERM || errnum == EACCES) && f->apparmor_restrict > 0 && !apparmor_confined(f)) {
		err_set(e, errnum,
			"write %s: AppArmor allows a user namespace, but no capability in it, to programs "
			"that "
			"have no profile (kernel.apparmor_restrict_unprivileged_userns is %" PRId64 ")",
			file, f->apparmor_restrict);
		return apparmor_hint(f, e);
	}
	if ((errnum == EPERM || errnum == EACCES) && (f->selinux || apparmor_confined(f))) {
		err_set(e, errnum, "write %s: refused by the kernel; the %s %s may be the reason", file,
			f->selinux ? "SELinux context" : "AppArmor profile", QUOTE(f->label));
		return err_hint(e, "sudo dmesg shows what the security module said");
	}
	if (errnum == EPERM && !f->ids_mapped) {
		err_set(e, EPERM, "write %s: your own id has no name in the user namespace you are in", file);
		return err_hint(e,
				"start the outer sandbox or container as a user whose uid and gid it maps");
	}
	return err_set(e, errnum, "write %s: %s", file, strerror(errnum));
}

/* Whether "6.1.0-18-amd64" is at least KERNEL_MAJOR.KERNEL_MINOR; what cannot be read is taken for new. */
static bool new_enough(const char *release)
{
	unsigned major, minor;

	if (sscanf(release, "%9u.%9u", &major, &minor) != 2)
		return true;
	return major != KERNEL_MAJOR ? major > KERNEL_MAJOR : minor >= KERNEL_MINOR;
}

int explain_kernel(const struct host_facts *f, struct err *e)
{
	if (new_enough(f->release))
		return 0;
	err_set(e, ENOSYS, "croft needs Linux %d.%d or newer, this is %s", KERNEL_MAJOR, KERNEL_MINOR,
		QUOTE(f->release));
	return err_hint(e, "install and start a newer kernel");
}

int explain_nosys(const struct host_facts *f, const char *call, struct err *e)
{
	if (explain_kernel(f, e) < 0)
		return -ENOSYS;
	err_set(e, ENOSYS, "the system call %s is not there on Linux %s%s", call, QUOTE(f->release),
		f->seccomp ? ": a seccomp filter on this process hides it" : "");
	if (!f->seccomp)
		return -ENOSYS;
	return err_hint(e, "in a service: SystemCallFilter= without it; in a container: a newer engine, or "
			   "--security-opt "
			   "seccomp=unconfined");
}

/* --- reading the facts -------------------------------------------------------- */

/* The beginning of a file as a string without its last newline: false, and "", when it cannot be read. */
static bool read_string(const char *path, char *buf, size_t size)
{
	fd_auto int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	buf[0] = '\0';
	if (fd < 0)
		return false;
	n = fd_read_all(fd, buf, size - 1);
	if (n == -EFBIG)
		n = (ssize_t)size - 1;
	if (n < 0)
		return false;
	buf[n] = '\0';
	if (n > 0 && buf[n - 1] == '\n')
		buf[n - 1] = '\0';
	return true;
}

static int64_t read_number(const char *path)
{
	char text[32];
	uint64_t n;

	if (!read_string(path, text, sizeof(text)) || text_u64(text, &n) < 0 || n > INT64_MAX)
		return HOST_UNKNOWN;
	return (int64_t)n;
}

static void read_namespaces(struct host_facts *ret)
{
	char path[64];

	for (int i = 0; i < HOST_NS_COUNT; i++) {
		snprintf(path, sizeof(path), "/proc/sys/user/max_%s_namespaces", kind[i].sysctl);
		ret->max_ns[i] = read_number(path);
		snprintf(path, sizeof(path), "/proc/self/ns/%s", kind[i].proc);
		if (ret->proc && access(path, F_OK) < 0)
			ret->missing_ns |= 1U << i;
	}
}

/* Whether id is in one of the lines "inside outside count" of a map; true where the map cannot be read. Sets
 * *nested when the map is not the first user namespace's. */
static bool in_map(const char *path, uint32_t id, bool *nested)
{
	char text[IDS_TEXT_MAX];
	unsigned inside, outside, count;

	if (!read_string(path, text, sizeof(text)))
		return true;
	for (const char *p = text; p; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (sscanf(p, "%u %u %u", &inside, &outside, &count) != 3)
			continue;
		if (inside || outside || count != UINT32_MAX)
			*nested = true;
		if (id >= inside && id - inside < count)
			return true;
	}
	return false;
}

static void read_process(struct host_facts *ret)
{
	struct rlimit limit;
	ssize_t n = readlink("/proc/self/exe", ret->exe, sizeof(ret->exe));
	int filter = prctl(PR_GET_SECCOMP, 0, 0, 0, 0);

	ret->exe[n < 0 || (size_t)n == sizeof(ret->exe) ? 0 : n] = '\0';
	/* Asked of the kernel, not of /proc, which a chroot may lack; a filter may refuse this question, too.
	 */
	ret->seccomp = filter > 0 || (filter < 0 && errno != EINVAL);
	ret->no_new_privs = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
	ret->nproc = getrlimit(RLIMIT_NPROC, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY ? limit.rlim_cur
											     : UINT64_MAX;
}

/* Whether / is surely no root of a mount, as it is in a chroot into an ordinary directory. Linux >= 5.8. */
static bool in_chroot(void)
{
	struct statx st = {.stx_mask = 0};

	if (syscall(SYS_statx, AT_FDCWD, "/", AT_NO_AUTOMOUNT, 0, &st) < 0)
		return false;
	return (st.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) &&
	       !(st.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

static void read_label(struct host_facts *ret)
{
	ret->selinux = access("/sys/fs/selinux/enforce", F_OK) == 0;
	read_string(ret->selinux ? "/proc/self/attr/current" : "/proc/self/attr/apparmor/current", ret->label,
		    sizeof(ret->label));
}

void host_facts_read(struct host_facts *ret)
{
	struct utsname u;

	*ret = (struct host_facts){.release = ""};
	if (uname(&u) == 0)
		snprintf(ret->release, sizeof(ret->release), "%s", u.release);
	ret->proc = access("/proc/self/ns", F_OK) == 0;
	ret->userns_clone = read_number("/proc/sys/kernel/unprivileged_userns_clone");
	ret->apparmor_restrict = read_number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns");
	read_namespaces(ret);
	ret->chrooted = in_chroot();
	ret->ids_mapped = in_map("/proc/self/uid_map", geteuid(), &ret->nested) &&
			  in_map("/proc/self/gid_map", getegid(), &ret->nested);
	read_label(ret);
	read_process(ret);
}

/* --- both --------------------------------------------------------------------- */

int diagnose_userns(int errnum, struct err *e)
{
	struct host_facts f;

	host_facts_read(&f);
	return explain_userns(&f, errnum, e);
}

int diagnose_map(const char *file, int errnum, struct err *e)
{
	struct host_facts f;

	host_facts_read(&f);
	return explain_map(&f, file, errnum, e);
}

int diagnose_kernel(struct err *e)
{
	struct host_facts f;

	host_facts_read(&f);
	return explain_kernel(&f, e);
}

int diagnose_nosys(const char *call, struct err *e)
{
	struct host_facts f;

	host_facts_read(&f);
	return explain_nosys(&f, call, e);
}
