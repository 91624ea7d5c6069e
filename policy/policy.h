/*
 * policy.h - what an administrator lets croft do. The types, and who may be asked what.
 *
 * A request is allowed when one allow line covers all of it and no deny line
 * matches; the order of lines and files never matters. croft-policy(5) is the
 * language; parse.h reads it, decide.h decides, load.h opens it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum policy_kind {
	POLICY_VOLUME,   /* a host directory or file in the sandbox: a path */
	POLICY_ROOT,     /* a root file system: a path, or "host" */
	POLICY_DEVICE,   /* a device node of the host: a path */
	POLICY_IDS,      /* "subordinate": the use of subordinate ids; "setgroups": setgroups(2) with them */
	POLICY_NETWORK,  /* "none", "host", "user"; "publish": ports of the host that lead in */
	POLICY_SECCOMP,  /* "unconfined": without a filter; "custom": with a filter of the caller's */
	POLICY_LANDLOCK, /* "off" */
	POLICY_PROC,     /* "unmasked": all of /proc and /sys */
	POLICY_USERNS,   /* "inside": user namespaces can be made inside. A rule says just the kind. */
	POLICY_CAPABILITY, /* "CAP_CHOWN" ..., or "default": those that root inside has without asking. Only
			      croft-gate asks */
	POLICY_KIND_COUNT
};

enum policy_action {
	POLICY_ALLOW,
	POLICY_DENY,
	POLICY_LIMIT,
	POLICY_ENFORCED, /* the line `mode enforced`: sandboxes are started by croft-gate alone */
	POLICY_REQUIRED, /* the line `require boundary`: the same, and none where the policy is advice */
	POLICY_IDS_RULE, /* the line `ids rule`: subordinate ids are computed from the uid */
	POLICY_ACTION_COUNT
};

enum policy_who { WHO_EVERYONE, WHO_USER, WHO_GROUP };

enum policy_limit {
	LIMIT_IDS,       /* subordinate ids of each map, uids and gids counted apart */
	LIMIT_MEMORY,    /* bytes of a sandbox */
	LIMIT_CPUS,      /* thousandths of a CPU */
	LIMIT_PIDS,      /* processes and threads of a sandbox */
	LIMIT_TIME,      /* milliseconds that a command runs */
	LIMIT_SANDBOXES, /* of one user that croft-gate made and that run at the same time */
	POLICY_LIMIT_COUNT
};

/* What a request wants beyond reading, and what a line grants. Reading is always part of it. */
enum policy_right {
	RIGHT_WRITE = 1 << 0,
	RIGHT_EXEC = 1 << 1, /* the mount is not noexec */
};

enum policy_condition {
	COND_OWNER_CALLER = 1 << 0, /* the object belongs to the caller */
	COND_OWNER_ROOT = 1 << 1,   /* the object belongs to the host's root */
	COND_SUBMOUNTS = 1 << 2,    /* grants: other mounts below the object come along */
	COND_NOEXEC = 1 << 3,       /* grants only noexec mounts */
	COND_SOCKETS = 1 << 4,      /* grants: the object itself may be a socket or a FIFO */
	COND_SHARED = 1 << 5,       /* grants: read-only, as if its owners were those inside */
	COND_OVERLAY = 1 << 7, /* grants, beside COND_SHARED: an overlay on top, in croft-gate's sandboxes */
	COND_MASK = 1 << 6,    /* of a deny line: what lies above it may be had, with this covered */
};

/* TCP ports that a sandbox may use, each list ascending. */
struct policy_tcp {
	bool only_bind; /* binding only to ports of bind */
	bool only_connect;
	uint16_t nbind;
	uint16_t nconnect;
	const uint32_t *bind;
	const uint32_t *connect;
};

#define IDS_RULE_NO_MAX UINT32_MAX /* a rule without uid-max */

/* Every uid from uid_min to uid_max has size subordinate ids, those of uid_min from base on: ids_rule.h. */
struct ids_rule {
	uint32_t base;
	uint32_t size;
	uint32_t uid_min;
	uint32_t uid_max; /* or IDS_RULE_NO_MAX */
};

struct policy_rule {
	uint8_t action;     /* enum policy_action */
	uint8_t kind;       /* enum policy_kind; enum policy_limit for POLICY_LIMIT */
	uint8_t who;        /* enum policy_who */
	uint8_t rights;     /* enum policy_right bits; a deny line without a mode matches every mode: 0 */
	uint8_t conditions; /* enum policy_condition bits */
	uint32_t id;        /* uid or gid of WHO_USER, WHO_GROUP */
	uint32_t line;      /* where it stands, from 1 */
	const char *name;   /* of WHO_USER, WHO_GROUP as written; NULL: given by number */
	uint64_t limit;     /* POLICY_LIMIT */
	const struct policy_tcp *tcp; /* of an allow line for a network: only these ports; NULL: all */
	const struct ids_rule *ids;   /* POLICY_IDS_RULE */
	const char *value;            /* pattern (still with %u, %h ...) or word; NULL for POLICY_LIMIT */
	const char *file;             /* where it stands; "built-in policy" for the one compiled in */
};

struct policy {
	const struct policy_rule *rule;
	size_t nrules;
	bool built_in; /* no policy file is installed */
};

/* Who asks: from the kernel and the user database, never from the environment. */
struct policy_caller {
	uid_t uid;
	gid_t gid;
	const gid_t *groups; /* supplementary */
	size_t ngroups;
	const char *name; /* NULL: not in the user database; %u then covers nothing in an allow line, anything
			     in a deny line */
	const char *home; /* resolved; NULL or relative: as %u; "/": %h covers nothing in an allow line */
};

enum policy_object {
	OBJECT_NONE, /* not a file: ids, network, root "host" */
	OBJECT_DIRECTORY,
	OBJECT_FILE,
	OBJECT_SOCKET, /* a socket or a FIFO */
	OBJECT_DEVICE,
};

/* What is asked for. For files it is filled in from the pinned descriptor (object.h), never from the
 * requested name. */
struct policy_request {
	uint8_t kind;                 /* enum policy_kind */
	uint8_t rights;               /* enum policy_right bits */
	uint8_t object;               /* enum policy_object */
	bool shared;                  /* a root whose owners on disk are to be those inside */
	bool overlay;                 /* a shared root with an overlay on top, by croft-gate */
	bool submounts;               /* other mounts lie below, and that matters here */
	uid_t owner;                  /* of the object */
	const char *value;            /* resolved absolute path, or the word */
	const struct policy_tcp *tcp; /* POLICY_NETWORK: the ports that it keeps to; NULL: all */
	const char *kernel_fs; /* NULL, or the name of a kernel file system (proc, sysfs ...) that is never a
				  volume */
};

enum policy_reason {
	REASON_ALLOWED,      /* rule: the line that grants it */
	REASON_NO_RULE,      /* nothing covers it */
	REASON_DENIED,       /* rule: the deny line that matches the object */
	REASON_DENIED_BELOW, /* rule: the deny line whose object lies below the request */
	REASON_MASKED,       /* of one line, never a verdict: what it denies lies below and is covered */
	REASON_RIGHTS, /* rule: the line that covers the object but grants less (ro, noexec, no submounts, no
			  sockets, some ports) */
	REASON_OWNER,  /* rule: the line that would grant it if the owner were another */
	REASON_KERNEL_FS, /* a kernel file system is never a volume */
	REASON_DEVICE,    /* a device is never a volume, and nothing else is a device */
	POLICY_REASON_COUNT
};

struct policy_verdict {
	bool allowed;
	bool masks;                     /* something below is to be covered: policy_masks() */
	uint8_t reason;                 /* enum policy_reason */
	const struct policy_rule *rule; /* NULL for REASON_NO_RULE, REASON_KERNEL_FS, REASON_DEVICE */
};
