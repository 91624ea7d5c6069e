/*
 * nouserns PROGRAM ARGS... - execs PROGRAM under a seccomp filter as systemd's RestrictNamespaces= and
 * container engines set one: clone and unshare with CLONE_NEWUSER are EPERM, clone3 is ENOSYS.
 * nouserns -u UID GID PROGRAM ARGS... - as root: the same for that user (also root) without no_new_privs, so
 * that privileged programs stay so, and with clone3. Exits 121 when it cannot.
 */
#include <errno.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error the filter looks at the low half of the first argument, which lies elsewhere here
#endif

int main(int argc, char *argv[])
{
	const int as_user = argc > 4 && !strcmp(argv[1], "-u");
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, as_user ? 4 : 5, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_unshare, 0, 2),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_NEWUSER, 2, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
	};
	struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};

	if (argc < 2)
		return 121;
	if (!as_user && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return 121;
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0) {
		perror("nouserns");
		return 121;
	}
	if (as_user) {
		gid_t gid = (gid_t)atoi(argv[3]);
		uid_t uid = (uid_t)atoi(argv[2]);

		if (setgroups(1, &gid) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
			return 121;
		argv += 3;
	}
	execv(argv[1], argv + 1);
	perror("nouserns");
	return 121;
}
