#include "sandbox/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/caps.h"
#include "common/fd.h"
#include "common/text.h"

/* What the headers of Linux 5.19 lack; linux/landlock.h of 6.10. */
enum {
	ABI_REFER = 2,    /* Linux 5.19; before, no file could be renamed into another directory */
	ABI_TRUNCATE = 3, /* 6.2 */
	ABI_NET = 4,      /* 6.7 */
	ABI_IOCTL = 5,    /* 6.10 */
	RULE_NET_PORT = 2,
};
static const uint64_t fs_truncate = UINT64_C(1) << 14, fs_ioctl_dev = UINT64_C(1) << 15;
static const uint64_t net_bind = UINT64_C(1) << 0, net_connect = UINT64_C(1) << 1;

struct ruleset_attr {
	uint64_t fs, net;
};

struct net_port {
	uint64_t access, port;
};

static const uint64_t look = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE |
			     LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_REFER;
static const uint64_t change_tree =
	LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
	LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
	LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;

int landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return abi < 0 ? 0 : (int)abi;
}

const char *landlock_lacks(int abi)
{
	return abi >= ABI_NET     ? ""
	       : abi >= ABI_REFER ? "TCP ports"
				  : "TCP ports, and moving files between directories";
}

/* What a file itself can be asked for. */
static uint64_t file_rights(int abi)
{
	return LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |
	       (abi >= ABI_TRUNCATE ? fs_truncate : 0) | (abi >= ABI_IOCTL ? fs_ioctl_dev : 0);
}

static uint64_t all_rights(int abi)
{
	return file_rights(abi) | look | change_tree;
}

static int allow_fd(int ruleset, int fd, uint64_t rights)
{
	const struct landlock_path_beneath_attr a = {.allowed_access = rights, .parent_fd = fd};

	return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &a, 0) < 0 ? -errno : 0;
}

static int allow_below(int ruleset, const char *path, uint64_t rights, int abi, struct err *e)
{
	fd_auto int fd = fd_open(path, O_PATH);
	struct stat st;
	int r;

	if (fd < 0 && errno == ENOENT)
		return 0; /* it was optional, and is not there */
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "open %s for Landlock", QUOTE(path));
	r = allow_fd(ruleset, fd, S_ISDIR(st.st_mode) ? rights : rights & file_rights(abi));
	return r < 0 ? err_set(e, -r, "allow %s with Landlock: %s", QUOTE(path), strerror(-r)) : 0;
}

/* What may be written where the root is read-only. */
static uint64_t writable(const struct plan_op *op, int abi)
{
	switch ((enum plan_op_kind)op->kind) {
	case OP_VOLUME:
	case OP_TMPFS:
		return op->flags & OPF_READ_ONLY ? 0 : all_rights(abi);
	case OP_DEV: /* and what lies on it, as OP_DEVICE */
	case OP_MQUEUE:
		return all_rights(abi);
	case OP_TEXT:
	case OP_PROC:
		return file_rights(abi);
	case OP_MIRROR:
	case OP_CONF:
	case OP_DEVICE:
	case OP_DIR:
	case OP_SYSFS:
	case OP_SYS_HOST:
	case OP_DEVPTS:
	case OP_MASK:
	case OP_READ_ONLY:
	case OP_KIND_COUNT:
		break;
	}
	return 0;
}

/* No more than it is open for: /proc/self/fd opens it again with whatever rights the file gives its user. */
static uint64_t rights_of_open(int fd, int abi)
{
	const int flags = fcntl(fd, F_GETFL);
	const uint64_t rights = file_rights(abi), write = LANDLOCK_ACCESS_FS_WRITE_FILE | fs_truncate;

	if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY)
		return rights & ~write;
	return (flags & O_ACCMODE) == O_WRONLY
		       ? rights & ~(uint64_t)(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_EXECUTE)
		       : rights;
}

/*
 * What the command is given open lies outside of the root, and is opened again by /dev/stdout and the like.
 * EBADFD: a pipe or a socket, which need no rule.
 */
static int add_given(const struct plan *p, int ruleset, int abi, struct err *e)
{
	for (uint32_t i = 0; i < 3 + p->keep_fds.count; i++) {
		int fd = i < 3 ? (int)i : (int)p->keep_fds.item[i - 3];
		int r = allow_fd(ruleset, fd, rights_of_open(fd, abi));

		if (r < 0 && r != -EBADFD)
			return err_set(e, -r, "allow descriptor %d with Landlock: %s", fd, strerror(-r));
	}
	return 0;
}

/* Rights are of a place and all below it, so a root that can be written to is one rule. Message queues are
 * opened on a mount of the kernel's own, which lies below no root. */
static int add_files(const struct plan *p, int ruleset, int abi, struct err *e)
{
	uint64_t on_root = p->root_read_only ? look | (file_rights(abi) & fs_ioctl_dev) : all_rights(abi);
	int r = allow_below(ruleset, "/", on_root, abi, e);

	for (uint32_t i = 0; r == 0 && i < p->ops.count; i++) {
		const struct plan_op *op = &p->ops.item[i];
		uint64_t rights = p->root_read_only || op->kind == OP_MQUEUE ? writable(op, abi) : 0;

		if (rights)
			r = allow_below(ruleset, op->target, rights, abi, e);
	}
	return r < 0 ? r : add_given(p, ruleset, abi, e);
}

static int add_ports(int ruleset, uint64_t access, const struct plan_numbers *ports, struct err *e)
{
	for (uint32_t i = 0; i < ports->count; i++) {
		const struct net_port a = {.access = access, .port = ports->item[i]};

		if (syscall(SYS_landlock_add_rule, ruleset, RULE_NET_PORT, &a, 0) < 0)
			return err_sys(e, "allow TCP port %u with Landlock", ports->item[i]);
	}
	return 0;
}

static int restrict_self(const struct plan *p, const struct ruleset_attr *a, int abi, struct err *e)
{
	size_t size = abi >= ABI_NET ? sizeof(*a) : sizeof(a->fs);
	fd_auto int ruleset = (int)syscall(SYS_landlock_create_ruleset, a, size, 0);

	if (ruleset < 0)
		return err_sys(e, "make a Landlock ruleset");
	if (a->fs && add_files(p, ruleset, abi, e) < 0)
		return -e->code;
	if (a->net & net_bind && add_ports(ruleset, net_bind, &p->tcp_bind, e) < 0)
		return -e->code;
	if (a->net & net_connect && add_ports(ruleset, net_connect, &p->tcp_connect, e) < 0)
		return -e->code;
	if (syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		return err_sys(e, "restrict the command with Landlock");
	return 0;
}

static int lacking(const char *option, int need, const char *since, int abi, struct err *e)
{
	err_set(e, ENOSYS, "option %s: this kernel has %s, and version %d of Landlock is needed (Linux %s)",
		option, abi ? "an older version of Landlock" : "no Landlock", need, since);
	return err_hint(e, abi ? "croft doctor says which"
			       : "croft doctor; perhaps it is only not among lsm= of "
				 "the kernel's command line");
}

int landlock_confine(const struct plan *p, struct err *e)
{
	bool may_mount = p->allow_userns || p->caps & CAP_BIT(CAP_SYS_ADMIN);
	bool files =
		p->landlock == PLAN_LANDLOCK_REQUIRED || (p->landlock == PLAN_LANDLOCK_AUTO && !may_mount);
	struct ruleset_attr a = {.net = (p->tcp & PLAN_TCP_BIND ? net_bind : 0) |
					(p->tcp & PLAN_TCP_CONNECT ? net_connect : 0)};
	int abi = files || a.net ? landlock_abi() : 0;

	if (a.net && abi < ABI_NET)
		return lacking("--tcp-bind, --tcp-connect", ABI_NET, "6.7", abi, e);
	if (p->landlock == PLAN_LANDLOCK_REQUIRED && abi < ABI_REFER)
		return lacking("--landlock required", ABI_REFER, "5.19", abi, e);
	if (files && abi >= ABI_REFER)
		a.fs = all_rights(abi);
	return a.fs || a.net ? restrict_self(p, &a, abi, e) : 0;
}
