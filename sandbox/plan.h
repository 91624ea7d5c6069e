/*
 * plan.h - everything that will be done, as plain data. Pure.
 *
 * Every front end only makes a plan, the policy only looks at one, the
 * sandbox only carries one out. A plan is immutable once made; its strings live in
 * the arena of whoever made it. Every field is in the table of plan_fields.h, from which encoding,
 * decoding, comparing and printing are made, so that none can be forgotten.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/err.h"

enum {
	PLAN_OPS_MAX = 4096,
	PLAN_STRINGS_MAX = 65536, /* of argv, and of env */
	PLAN_FDS_MAX = 256,
	PLAN_PORTS_MAX = 256,
	PLAN_ULIMITS_MAX = 16,    /* RLIM_NLIMITS of Linux */
	PLAN_FILTER_MAX = 4096,   /* instructions of a seccomp filter: BPF_MAXINSNS */
	PLAN_BYTES_MAX = 8 << 20, /* encoded */
	PLAN_PATH_MAX = 4096,     /* with its terminator: PATH_MAX */
	PLAN_NAME_MAX = 64,       /* host name, HOST_NAME_MAX of Linux */
};

enum plan_root {
	PLAN_ROOT_HOST, /* a fresh tmpfs with the host's system bound read-only: the OP_MIRROR operations say
			   what */
	PLAN_ROOT_DIR,  /* a directory */
	PLAN_ROOT_SQUASHFS, /* a file with a file system, never written: an overlay lies over it */
	PLAN_ROOT_EROFS,
	PLAN_ROOT_COUNT
};

enum plan_map {
	PLAN_MAP_SELF,        /* the caller alone; written by croft itself */
	PLAN_MAP_SUBORDINATE, /* the caller and his subordinate ids */
	PLAN_MAP_AUTO,        /* subordinate where it can be had, else self */
	PLAN_MAP_ISOLATED,    /* subordinate ids only; the caller himself is not mapped */
	PLAN_MAP_NONE,        /* no user namespace: the command is the caller, without a capability; by
				 croft-gate alone */
	PLAN_MAP_COUNT
};

enum plan_op_kind {
	OP_MIRROR, /* the host's source, read-only, at target: bound when a directory or file, made again when
		      a symbolic link */
	OP_VOLUME, /* bind of source on target; flags */
	OP_CONF,   /* bind of the file source on target, read-only: hosts, hostname, resolv.conf */
	OP_DEVICE, /* bind of the device source on target, which lies below /dev */
	OP_TEXT,   /* a file with text at target */
	OP_DIR,   /* a directory of the user inside, made where it is missing (mode); a read-only one stays as
		     it is */
	OP_PROC,  /* procfs of the new pid namespace */
	OP_SYSFS, /* sysfs of the new network namespace */
	OP_SYS_HOST, /* the host's /sys, recursively read-only */
	OP_TMPFS,    /* tmpfs: mode, size, inodes, flags */
	OP_DEV,      /* the minimal /dev on a tmpfs */
	OP_DEVPTS,   /* a new devpts instance */
	OP_MQUEUE,   /* mqueue of the new ipc namespace */
	OP_MASK, /* covers target, where it is there, with something empty: /dev/null on a file, a read-only
		    tmpfs on a directory */
	OP_READ_ONLY, /* makes target, where it is there, and what is mounted below it read-only */
	OP_KIND_COUNT
};

enum plan_op_flag {
	OPF_READ_ONLY = 1 << 0,
	OPF_NOEXEC = 1 << 1,
	OPF_OPTIONAL = 1 << 2, /* a source or mount point that is missing is passed over */
	OPF_ASKED = 1 << 3,    /* the caller asked for it: the policy decides */
	OPF_IDMAP =
		1 << 4, /* OP_VOLUME: what the user inside writes is the caller's outside; only by the gate */
	OPF_ALL = (1 << 5) - 1,
};

struct plan_op {
	uint32_t kind;      /* enum plan_op_kind */
	uint32_t flags;     /* enum plan_op_flag */
	uint32_t mode;      /* OP_TMPFS, OP_TEXT: permission bits */
	uint64_t size;      /* OP_TMPFS: bytes */
	uint64_t inodes;    /* OP_TMPFS */
	const char *source; /* host path: OP_MIRROR, OP_VOLUME, OP_CONF, OP_DEVICE; else "" */
	const char *target; /* clean absolute path in the sandbox */
	const char *text;   /* OP_TEXT; else "" */
};

struct plan_ops {
	const struct plan_op *item;
	uint32_t count;
};

struct plan_strings {
	const char *const *item; /* count strings; item[count] is NULL */
	uint32_t count;
};

struct plan_numbers {
	const uint32_t *item;
	uint32_t count;
};

struct plan_blob {
	const uint8_t *item;
	uint32_t count; /* bytes */
};

enum plan_protocol { PLAN_TCP, PLAN_UDP, PLAN_PROTOCOL_COUNT };

/* A port of the host that leads to one of the sandbox. */
struct plan_port {
	uint32_t protocol;   /* enum plan_protocol */
	uint32_t host_port;  /* 1-65535 */
	uint32_t port;       /* inside */
	const char *address; /* of the host, on which is listened: IPv4 or IPv6 */
};

struct plan_ports {
	const struct plan_port *item;
	uint32_t count;
};

/* setrlimit(2) for the command. UINT64_MAX: unlimited. */
struct plan_ulimit {
	uint32_t resource; /* RLIMIT_ of <sys/resource.h>, each at most once, ascending */
	uint64_t soft;
	uint64_t hard;
};

struct plan_ulimits {
	const struct plan_ulimit *item;
	uint32_t count;
};

enum plan_ns {
	PLAN_NS_NET = 1 << 0, /* a network namespace of its own; else the host's */
	PLAN_NS_CGROUP = 1 << 1,
	PLAN_NS_ALL = (1 << 2) - 1,
};

enum plan_network {
	PLAN_NETWORK_NONE, /* loopback only */
	PLAN_NETWORK_HOST, /* the host's: no namespace of its own */
	PLAN_NETWORK_USER, /* a namespace of its own, led out by a user-mode program (pasta, slirp4netns) */
	PLAN_NETWORK_COUNT
};

enum plan_seccomp {
	PLAN_SECCOMP_DEFAULT,    /* the filter compiled in, the variant for caps and allow_userns */
	PLAN_SECCOMP_UNCONFINED, /* none */
	PLAN_SECCOMP_PROGRAM,    /* seccomp_program */
	PLAN_SECCOMP_COUNT
};

enum plan_landlock {
	PLAN_LANDLOCK_AUTO, /* what the kernel has of it; restricted TCP ports need it */
	PLAN_LANDLOCK_OFF,
	PLAN_LANDLOCK_REQUIRED, /* an error where the kernel has none */
	PLAN_LANDLOCK_COUNT
};

enum plan_hidepid {
	PLAN_HIDEPID_OFF,        /* proc(5) hidepid=0 */
	PLAN_HIDEPID_NO_ACCESS,  /* 1 */
	PLAN_HIDEPID_INVISIBLE,  /* 2 */
	PLAN_HIDEPID_PTRACEABLE, /* 4 */
	PLAN_HIDEPID_COUNT
};

enum plan_tcp {
	PLAN_TCP_BIND = 1 << 0,    /* only to ports of tcp_bind */
	PLAN_TCP_CONNECT = 1 << 1, /* only to ports of tcp_connect */
	PLAN_TCP_ALL = (1 << 2) - 1,
};

enum plan_tty {
	PLAN_TTY_STDIN = 1 << 0, /* standard input is connected to the sandbox's terminal */
	PLAN_TTY_STDOUT = 1 << 1,
	PLAN_TTY_STDERR = 1 << 2,
	PLAN_TTY_ALL = (1 << 3) - 1,
};

struct plan {
	uint32_t root_kind;      /* enum plan_root */
	const char *root;        /* host path; PLAN_ROOT_HOST: "" */
	uint32_t root_read_only; /* bool */
	uint32_t root_shared;    /* bool: its owners on disk are the ids inside; by croft-gate, read-only */
	uint32_t ephemeral;      /* bool: an overlay, thrown away at the end */
	uint64_t ephemeral_size; /* bytes of that overlay's tmpfs, and of the tmpfs of PLAN_ROOT_HOST */
	struct plan_ops ops;     /* carried out in this order */

	uint32_t gate;    /* bool: croft-gate makes it: mounts first, then the user namespace, if any */
	uint32_t map;     /* enum plan_map */
	uint32_t own_uid; /* the id inside that the caller's own uid, gid are mapped to */
	uint32_t own_gid;
	uint32_t namespaces; /* enum plan_ns; mount, pid, uts and ipc are always new; user by map */
	uint32_t network;    /* enum plan_network */
	struct plan_ports ports;

	const char *hostname;
	const char *user; /* name of the user inside, for messages */
	uint32_t uid;     /* inside */
	uint32_t gid;
	const char *cwd;              /* clean absolute path in the sandbox */
	uint32_t cwd_asked;           /* bool: a cwd that is missing is an error; else it is / then */
	struct plan_strings argv;     /* empty: the login shell, /bin/bash -l else /bin/sh -l */
	struct plan_strings env;      /* NAME=VALUE, complete */
	struct plan_numbers keep_fds; /* beside 0-2, ascending */
	uint32_t init;                /* bool: croft's init is pid 1 */
	uint32_t tty;                 /* enum plan_tty; 0: no terminal */
	uint64_t caps;                /* CAP_BIT()s the command may hold; the rest leaves the bounding set */
	uint64_t caps_ambient;        /* those that a user other than root gets, too */
	uint32_t lock_mounts; /* bool: the finished tree is copied into a second user and mount namespace */
	uint32_t stop_timeout_ms; /* from the first TERM to KILL */
	uint32_t serve;           /* bool: init starts further commands (session.h) */
	uint32_t report;          /* bool: the supervisor hears of each phase (msg.h) */

	uint32_t seccomp;                 /* enum plan_seccomp */
	struct plan_blob seccomp_program; /* PLAN_SECCOMP_PROGRAM: struct sock_filter[], in host order */
	uint32_t landlock;                /* enum plan_landlock */
	uint32_t allow_userns;            /* bool: user namespaces can be made inside */
	uint32_t hidepid;                 /* enum plan_hidepid */
	uint32_t proc_subset_pid;         /* bool: /proc has nothing but processes, Linux >= 5.8 */
	uint32_t unmasked;                /* bool: no OP_MASK and OP_READ_ONLY are planned; for the policy */
	uint32_t tcp;                     /* enum plan_tcp: which of the lists hold, by Landlock */
	struct plan_numbers tcp_bind;     /* ports, ascending */
	struct plan_numbers tcp_connect;

	uint64_t memory_max;      /* bytes; 0: no limit, as below */
	uint64_t memory_swap_max; /* bytes of swap beside them; UINT64_MAX: no limit */
	uint64_t cpu_milli;       /* thousandths of a CPU */
	uint64_t pids_max;
	uint32_t io_weight;    /* 1-10000, of 100 that every other has; 0: as every other */
	uint32_t timeout_ms;   /* from the start of the command to TERM; 0: none */
	uint32_t nice_asked;   /* bool */
	int32_t nice;          /* -20 to 19 */
	uint32_t oom_asked;    /* bool */
	int32_t oom_score_adj; /* -1000 to 1000 */
	struct plan_ulimits ulimits;
};

/* Whether the root is a file. */
static inline bool plan_root_is_image(const struct plan *p)
{
	return p->root_kind == PLAN_ROOT_SQUASHFS || p->root_kind == PLAN_ROOT_EROFS;
}

/* Checks what the types cannot say: enums, flags, clean paths, limits. 0 or -EINVAL with *e. */
int plan_check(const struct plan *p, struct err *e);

/*
 * Writes the plan as bytes (version, then every field in the order of the table; integers little
 * endian; strings with their length). Returns the length; -E2BIG when it does not fit.
 */
long plan_encode(const struct plan *p, void *buf, size_t size);

/*
 * Reads them back; strict: a wrong version, a length beyond the end, a string with a NUL, bytes left over
 * and whatever plan_check() refuses are errors. The result points into *a only.
 */
int plan_decode(const void *buf, size_t size, struct arena *a, struct plan *ret, struct err *e);

/*
 * A copy that shares nothing with the original; *ret points into *a only, which needs room for the encoded
 * plan twice. 0 or -errno with *e.
 */
int plan_copy(const struct plan *p, struct arena *a, struct plan *ret, struct err *e);

bool plan_equal(const struct plan *a, const struct plan *b);
