#include "frontend/import/jail.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/text.h"
#include "sandbox/seccomp.h"

/* The directory as a mount: flags of it cannot be taken back in a namespace of fewer rights. */
static int bind_itself(const char *dir, struct err *e)
{
	const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_sys(e, "make the mounts private");
	if (mount(dir, dir, NULL, MS_BIND, NULL) < 0)
		return err_sys(e, "bind %s", QUOTE(dir));
	if (chdir(dir) < 0)
		return err_sys(e, "enter %s", QUOTE(dir));
	return mount(NULL, ".", NULL, MS_BIND | MS_REMOUNT | flags, NULL) < 0
		       ? err_sys(e, "set the flags of %s", QUOTE(dir))
		       : 0;
}

static int switch_root(struct err *e)
{
	if (syscall(SYS_pivot_root, ".", ".") == 0) {
		/* The old root now lies on the new one: pivot_root(2) NOTES. */
		if (umount2(".", MNT_DETACH) < 0)
			return err_sys(e, "detach the old root");
	} else if (errno != EINVAL) { /* EINVAL: the present root is the initramfs */
		return err_sys(e, "switch to the directory of the new root");
	} else if (chroot(".") < 0) {
		return err_sys(e, "change to the directory of the new root");
	}
	return chdir("/") < 0 ? err_sys(e, "enter the new root") : 0;
}

static int give_up(uint64_t kept, struct err *e)
{
	const struct plan plan = {.caps = kept};
	const struct caps c = {.effective = kept, .permitted = kept};
	int r = caps_bounding_keep(kept);

	if (r == 0)
		r = caps_set(&c);
	if (r < 0)
		return err_set(e, -r, "give up capabilities");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(e, "set no_new_privs");
	return confine_seccomp_default(&plan, e);
}

int jail_enter(uint64_t caps, struct err *e)
{
	char dir[PATH_MAX];

	if (!getcwd(dir, sizeof(dir)))
		return err_sys(e, "find the directory of the new root");
	if (unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC) < 0)
		return err_sys(e, "make namespaces");
	return bind_itself(dir, e) < 0 || switch_root(e) < 0 || give_up(caps, e) < 0 ? -e->code : 0;
}
