#include "sandbox/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "common/fd.h"
#include "sandbox/dev.h"
#include "sandbox/inroot.h"
#include "sandbox/msg.h"

int terminal_open(int root, int *ret_master, int *ret_slave, struct err *e)
{
	fd_auto int master = -1, slave = -1;
	struct statfs fs;
	int unlock = 0;

	master = inroot_open(root, "/dev/pts/ptmx", O_RDWR | O_NOCTTY);
	if (master < 0 || fstatfs(master, &fs) < 0)
		return err_sys(e, "open a terminal in the sandbox's /dev/pts");
	/* Another file system could answer the next call as it likes (FUSE). */
	if ((unsigned long)fs.f_type != DEVPTS_SUPER_MAGIC)
		return err_set(e, EPERM, "the sandbox's /dev/pts/ptmx is not the kernel's");
	if (ioctl(master, TIOCSPTLCK, &unlock) < 0)
		return err_sys(e, "unlock the sandbox's terminal");
	/* Not by name: whatever lies in /dev/pts, this is the other end (CVE-2025-52565). */
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return err_sys(e, "open the other end of the sandbox's terminal");
	/* Before anything can be typed: a terminal of no session has nobody for its signals, and loses them.
	 */
	if (ioctl(slave, TIOCSCTTY, 0) < 0)
		return err_sys(e, "make the sandbox's terminal the controlling one");
	*ret_master = TAKE_FD(master);
	*ret_slave = TAKE_FD(slave);
	return 0;
}

int terminal_make(const struct plan *p, int root, struct gifts *gifts, int sock, int *ret_slave,
		  struct err *e)
{
	fd_auto int master = -1, slave = -1;
	int r;

	*ret_slave = -1;
	if (!p->tty)
		return 0;
	if (terminal_open(root, &master, &slave, e) < 0)
		return -e->code;
	if (gifts_give(gifts, p, slave, (gid_t)-1, e) < 0)
		return err_wrap(e, "the terminal");
	if (dev_console(root, slave, e) < 0)
		return -e->code;
	r = msg_send(sock, MSG_TERMINAL, NULL, master);
	if (r < 0)
		return err_set(e, -r, "hand over the terminal: %s", strerror(-r));
	*ret_slave = TAKE_FD(slave);
	return 0;
}

int terminal_connect(const struct plan *p, int slave, struct err *e)
{
	static const uint32_t bit[] = {PLAN_TTY_STDIN, PLAN_TTY_STDOUT, PLAN_TTY_STDERR};

	for (int fd = 0; fd <= 2; fd++)
		if (p->tty & bit[fd] && dup2(slave, fd) < 0)
			return err_sys(e, "connect the sandbox's terminal");
	return 0;
}
