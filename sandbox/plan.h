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
	PLAN_BYTES_MAX = 8 << 20, /* encoded */
	PLAN_PATH_MAX = 4096,     /* with its terminator: PATH_MAX */
	PLAN_NAME_MAX = 64,       /* host name, HOST_NAME_MAX of Linux */
};

enum plan_root {
	PLAN_ROOT_HOST, /* a fresh tmpfs with the host's system bound read-only: the OP_MIRROR operations say
			   what */
	PLAN_ROOT_DIR,  /* a directory */
	PLAN_ROOT_COUNT
};

enum plan_map {
	PLAN_MAP_SELF,        /* the caller alone; written by croft itself */
	PLAN_MAP_SUBORDINATE, /* the caller and his subordinate ids */
	PLAN_MAP_AUTO,        /* subordinate where it can be had, else self */
	PLAN_MAP_ISOLATED,    /* subordinate ids only; the caller himself is not mapped */
	PLAN_MAP_COUNT
};

enum plan_op_kind {
	OP_MIRROR, /* the host's source, read-only, at target: bound when a directory or file, made again when
		      a symbolic link */
	OP_VOLUME, /* bind of source on target; flags */
	OP_CONF,   /* bind of the file source on target, read-only: hosts, hostname, resolv.conf */
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
	OP_KIND_COUNT
};

enum plan_op_flag {
	OPF_READ_ONLY = 1 << 0,
	OPF_NOEXEC = 1 << 1,
	OPF_OPTIONAL = 1 << 2, /* a source or mount point that is missing is passed over */
	OPF_ASKED = 1 << 3,    /* the caller asked for it: the policy decides */
	OPF_ALL = (1 << 4) - 1,
};

struct plan_op {
	uint32_t kind;      /* enum plan_op_kind */
	uint32_t flags;     /* enum plan_op_flag */
	uint32_t mode;      /* OP_TMPFS, OP_TEXT: permission bits */
	uint64_t size;      /* OP_TMPFS: bytes */
	uint64_t inodes;    /* OP_TMPFS */
	const char *source; /* host path: OP_MIRROR, OP_VOLUME, OP_CONF; else "" */
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

struct plan_fds {
	const uint32_t *item;
	uint32_t count;
};

enum plan_ns {
	PLAN_NS_NET = 1 << 0, /* a network namespace of its own; else the host's */
	PLAN_NS_CGROUP = 1 << 1,
	PLAN_NS_ALL = (1 << 2) - 1,
};

enum plan_tty {
	PLAN_TTY_STDIN = 1 << 0, /* standard input is connected to the sandbox's terminal */
	PLAN_TTY_STDOUT = 1 << 1,
	PLAN_TTY_STDERR = 1 << 2,
	PLAN_TTY_ALL = (1 << 3) - 1,
};

struct plan {
	uint32_t root_kind;      /* enum plan_root */
	const char *root;        /* PLAN_ROOT_DIR: host path; else "" */
	uint32_t root_read_only; /* bool */
	uint32_t ephemeral;      /* bool: an overlay, thrown away at the end */
	uint64_t ephemeral_size; /* bytes of that overlay's tmpfs, and of the tmpfs of PLAN_ROOT_HOST */
	struct plan_ops ops;     /* carried out in this order */

	uint32_t map;     /* enum plan_map */
	uint32_t own_uid; /* the id inside that the caller's own uid, gid are mapped to */
	uint32_t own_gid;
	uint32_t namespaces; /* enum plan_ns; user, mount, pid, uts and ipc are always new */

	const char *hostname;
	const char *user; /* name of the user inside, for messages */
	uint32_t uid;     /* inside */
	uint32_t gid;
	const char *cwd;          /* clean absolute path in the sandbox */
	uint32_t cwd_asked;       /* bool: a cwd that is missing is an error; else it is / then */
	struct plan_strings argv; /* empty: the login shell, /bin/bash -l else /bin/sh -l */
	struct plan_strings env;  /* NAME=VALUE, complete */
	struct plan_fds keep_fds; /* beside 0-2, ascending */
	uint32_t init;            /* bool: croft's init is pid 1 */
	uint32_t tty;             /* enum plan_tty; 0: no terminal */
	uint64_t caps;            /* CAP_BIT()s the command may hold; the rest leaves the bounding set */
	uint64_t caps_ambient;    /* those that a user other than root gets, too */
	uint32_t lock_mounts; /* bool: the finished tree is copied into a second user and mount namespace */
	uint32_t stop_timeout_ms; /* from the first TERM to KILL */
};

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
