/*
 * diagnose.h - what a refusal of the kernel means on this host, and the command that mends it.
 *
 * host_facts_read() looks at the host: /proc, uname(2), statx(2). Everything called explain_ is a pure
 * function of these facts. The diagnose_ functions do both. Which knob answers with which errno:
 * croft-doctor(1).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"

enum host_ns { HOST_USER, HOST_MNT, HOST_PID, HOST_UTS, HOST_IPC, HOST_NET, HOST_CGROUP, HOST_NS_COUNT };

enum {
	HOST_LABEL_MAX = 256,
	HOST_EXE_MAX = 256,
	KERNEL_MAJOR = 5, /* the oldest Linux croft runs on */
	KERNEL_MINOR = 14,
};

/* What a number of struct host_facts is when the host does not have that knob, or hides it. */
#define HOST_UNKNOWN INT64_C(-1)

struct host_facts {
	char release[65];              /* uname -r */
	bool proc;                     /* /proc is mounted; without it most of the rest is not known */
	int64_t userns_clone;          /* kernel.unprivileged_userns_clone (Debian, Ubuntu) */
	int64_t apparmor_restrict;     /* kernel.apparmor_restrict_unprivileged_userns (Ubuntu) */
	int64_t max_ns[HOST_NS_COUNT]; /* user.max_*_namespaces */
	unsigned missing_ns;           /* bits 1 << enum host_ns: kinds this kernel was built without */
	bool chrooted;   /* surely in a chroot: / is not the root of a mount. False: perhaps not */
	bool nested;     /* in a user namespace below the first */
	bool ids_mapped; /* the caller's own uid and gid have a name in the user namespace he is in */
	bool seccomp;    /* a filter is on */
	bool no_new_privs;
	bool selinux;
	char label[HOST_LABEL_MAX]; /* AppArmor profile or SELinux context; "" where neither is */
	char exe[HOST_EXE_MAX];     /* the running program; "" when not known */
	uint64_t nproc;             /* RLIMIT_NPROC; UINT64_MAX: none */
};

void host_facts_read(struct host_facts *ret);

/* clone(2) or unshare(2) with CLONE_NEWUSER and the other namespaces failed with errnum. Returns -errnum. */
int explain_userns(const struct host_facts *f, int errnum, struct err *e);
int diagnose_userns(int errnum, struct err *e);

/*
 * The user namespace was made, but the one line with the caller's own id could not be written to file
 * ("uid_map", "gid_map", "setgroups"): errnum. Returns -errnum.
 */
int explain_map(const struct host_facts *f, const char *file, int errnum, struct err *e);
int diagnose_map(const char *file, int errnum, struct err *e);

/* Whether this Linux is new enough: 0, or -ENOSYS "croft needs Linux 5.14 or newer, this is 4.19.0". */
int explain_kernel(const struct host_facts *f, struct err *e);
int diagnose_kernel(struct err *e);

/* The system call of that name answered ENOSYS: the kernel is too old, or a seccomp filter hides it. -ENOSYS.
 */
int explain_nosys(const struct host_facts *f, const char *call, struct err *e);
int diagnose_nosys(const char *call, struct err *e);
