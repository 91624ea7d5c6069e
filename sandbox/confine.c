#include "sandbox/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/magic.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "common/caps.h"
#include "common/fd.h"
#include "common/text.h"
#include "sandbox/admin.h"

static int loopback_up(struct err *e)
{
	struct ifreq ifr = {.ifr_name = "lo"};
	fd_auto int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	ifr.ifr_flags = IFF_UP | IFF_RUNNING;
	if (sock < 0 || ioctl(sock, SIOCSIFFLAGS, &ifr) < 0)
		return err_sys(e, "bring up the loopback interface");
	return 0;
}

int confine_keyring(struct err *e)
{
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) >= 0 || errno == ENOSYS)
		return 0;
	if (errno != EDQUOT)
		return err_sys(e, "make a session keyring");
	err_set(e, EDQUOT, "make a session keyring: the caller has as many keys as he may have");
	return err_hint(e, "sudo sysctl -w kernel.keys.maxkeys=2000 kernel.keys.maxbytes=2000000");
}

int confine_hostname(const struct plan *p, struct err *e)
{
	return AS_ADMIN(sethostname(p->hostname, strlen(p->hostname))) < 0
		       ? err_sys(e, "set the host name %s", QUOTE(p->hostname))
		       : 0;
}

int confine_names(const struct plan *p, struct err *e)
{
	/* The interface needs CAP_NET_ADMIN, which croft-gate does not have: it stays down there. */
	if (p->namespaces & PLAN_NS_NET && p->map != PLAN_MAP_NONE && loopback_up(e) < 0)
		return -e->code;
	return confine_keyring(e);
}

int confine_userns(const struct plan *p, int proc, struct err *e)
{
	static const char path[] = "sys/user/max_user_namespaces";
	/* The second namespace, which locks the mounts, is the last that the first one counts, and every one
	 * inside the second counts here, too: user_namespaces(7). */
	const char *limit = p->lock_mounts ? "1" : "0";
	fd_auto int fd = -1;
	struct statfs fs;

	if (p->allow_userns || p->map == PLAN_MAP_NONE)
		return 0;
	fd = openat(proc, path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open /proc/%s", path);
	if (fstatfs(fd, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC)
		return err_set(e, EPERM, "/proc/%s is not the kernel's", path);
	if (write(fd, limit, strlen(limit)) != (ssize_t)strlen(limit))
		return err_sys(e, "write /proc/%s", path);
	return 0;
}

static int become_caller_inside(const struct plan *p, struct err *e)
{
	if (p->map == PLAN_MAP_NONE)
		return 0;
	/* The kernel makes it what fs.suid_dumpable says at a change of ids. */
	if (setresgid(p->own_gid, p->own_gid, p->own_gid) == 0 &&
	    setresuid(p->own_uid, p->own_uid, p->own_uid) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0)
		return 0;
	return err_sys(e, "become the caller inside");
}

int confine_become_root(const struct plan *p, struct err *e)
{
	if (p->gate)
		return become_caller_inside(p, e);
	if (p->map == PLAN_MAP_SELF && p->own_uid != 0)
		return 0;
	if (setresgid(0, 0, 0) == 0 && setresuid(0, 0, 0) == 0)
		return 0;
	/* The map `auto` may have become one of the caller alone, as another user: then there is no root
	 * inside. */
	return p->map == PLAN_MAP_AUTO && p->uid != 0 && errno == EINVAL ? 0
									 : err_sys(e, "become root inside");
}

static int cannot_become(const struct plan *p, struct err *e)
{
	err_sys(e, "become user %s (%u:%u) inside", QUOTE(p->user), p->uid, p->gid);
	/* EINVAL: the id is in no line of the map. */
	return e->code == EINVAL
		       ? err_hint(e, "there is no such id inside; 'croft plan' shows which there are")
		       : -e->code;
}

/* The real user id while init and the command are not two processes yet. */
static uid_t real_uid(const struct plan *p)
{
	return p->gate && p->map != PLAN_MAP_NONE ? p->own_uid : p->uid;
}

static int set_ids(const struct plan *p, struct err *e)
{
	const uid_t real = real_uid(p);
	uid_t r, u, s;
	gid_t rg, g, sg;

	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return err_sys(e, "keep capabilities over the change of user");
	if (setresgid(p->gid, p->gid, p->gid) < 0 || setresuid(real, p->uid, p->uid) < 0)
		return cannot_become(p, e);
	if (getresuid(&r, &u, &s) < 0 || getresgid(&rg, &g, &sg) < 0)
		return err_sys(e, "ask for the ids");
	if (r != real || u != p->uid || s != p->uid || rg != p->gid || g != p->gid || sg != p->gid)
		return err_set(e, EPERM, "the ids are not those of the user inside after the change");
	return 0;
}

/* What of the capabilities the user gets: root all that the plan says, others only the ambient ones. */
static struct caps caps_of(const struct plan *p)
{
	struct caps c = {0};

	c.permitted = p->uid == 0 ? p->caps : p->caps & p->caps_ambient;
	c.effective = c.permitted;
	c.inheritable = p->uid == 0 ? 0 : c.permitted;
	return c;
}

static int verify_bounding(uint64_t bounding, struct err *e)
{
	for (int cap = 0; cap < 64; cap++) {
		int have = prctl(PR_CAPBSET_READ, cap, 0, 0, 0);

		if (have < 0)
			break; /* EINVAL: the kernel's capabilities end here */
		if (have != !!(bounding & CAP_BIT(cap)))
			return err_set(e, EPERM, "the bounding set is not the plan's after the change");
	}
	return 0;
}

/* Should: what a privileged program had cannot be had again. */
static int verify_gone(struct err *e)
{
	const struct caps again = {.permitted = CAP_BIT(CAP_SYS_ADMIN)};

	return caps_set(&again) == 0
		       ? err_set(e, EPERM, "a capability could be had again after it was given up")
		       : 0;
}

static int verify(const struct caps *want, struct err *e)
{
	struct caps now;
	int r = caps_get(&now);

	if (r < 0 || now.permitted != want->permitted || now.effective != want->effective ||
	    now.inheritable != want->inheritable)
		return err_set(e, EPERM, "the capabilities are not the plan's after the change");
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return err_set(e, EPERM, "no_new_privs is not set after setting it");
	return 0;
}

int confine_user(const struct plan *p, struct err *e)
{
	const struct caps want = caps_of(p);
	/* Cutting the bounding set takes CAP_SETPCAP: without a user namespace no_new_privs stands for it. */
	const bool bounded = p->map != PLAN_MAP_NONE;
	int r = bounded ? caps_bounding_keep(p->caps) : 0;

	if (r < 0)
		return err_set(e, -r, "drop capabilities from the bounding set: %s", strerror(-r));
	if (set_ids(p, e) < 0)
		return -e->code;
	r = caps_set(&want);
	if (r == 0)
		r = caps_ambient_set(want.inheritable);
	if (r < 0)
		return err_set(e, -r, "set the capabilities: %s", strerror(-r));
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(e, "set no_new_privs");
	if (verify(&want, e) < 0)
		return -e->code;
	return bounded ? verify_bounding(p->caps, e) : verify_gone(e);
}

int confine_command(const struct plan *p, struct err *e)
{
	const struct caps want = caps_of(p);
	uid_t r, u, s;
	int ambient;

	if (real_uid(p) == p->uid)
		return 0;
	if (setresuid(p->uid, p->uid, p->uid) < 0 || getresuid(&r, &u, &s) < 0)
		return err_sys(e, "take the ids of the user inside");
	/* Uid 0 took the ambient ones with it. */
	ambient = caps_ambient_set(want.inheritable);
	if (ambient < 0)
		return err_set(e, -ambient, "set the capabilities: %s", strerror(-ambient));
	return r == p->uid && u == p->uid && s == p->uid
		       ? 0
		       : err_set(e, EPERM, "the ids are not those of the user inside after the change");
}
