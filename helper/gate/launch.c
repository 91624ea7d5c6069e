#include "helper/gate/launch.h"

#include <errno.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/helper_exit.h"
#include "helper/shared/privilege.h"
#include "sandbox/admin.h"
#include "sandbox/msg.h"

int launch(const struct plan *p, const struct sandbox_hooks *hooks, uint64_t permitted, int sock,
	   struct err *e)
{
	fd_auto int pidfd = -1;
	struct clone_args a = {
		.flags = sandbox_clone_flags(p) | CLONE_PARENT | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)&pidfd,
	};
	long pid;
	int r;

	admin_borrow(permitted);
	pid = AS_ADMIN(syscall(SYS_clone3, &a, sizeof(a)));
	if (pid < 0) {
		err_sys(e, "create the namespaces of the sandbox");
		if (pidfd >= 0) /* made, and the capability could not be lowered */
			syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
		return err_status(e, HELPER_FAILED);
	}
	if (pid == 0)
		sandbox_child(p, hooks, sock);
	r = privilege_drop(e);
	if (r < 0)
		return r;
	r = msg_send(sock, MSG_CHILD, NULL, pidfd);
	return r < 0 ? err_set(e, -r, "hand the sandbox over: %s", strerror(-r)) : 0;
}
