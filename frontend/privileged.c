#include "frontend/privileged.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "common/caps.h"
#include "frontend/filecaps.h"
#include "frontend/install.h"

enum { CAPS = 64, LIST_MAX = 256 };

#define UIDMAP    "sudo apt-get install uidmap"
#define SET(name) .set = (name), .nsets = sizeof(name) / sizeof((name)[0])

static const struct privileged_set gate_set[] = {
	[PRIVILEGED_GATE_PLAIN] = {CAP_BIT(CAP_SYS_ADMIN), "cap_sys_admin"},
	[PRIVILEGED_GATE_IDS] = {CAP_BIT(CAP_SYS_ADMIN) | CAP_BIT(CAP_SETUID) | CAP_BIT(CAP_SETGID),
				 "cap_sys_admin,cap_setuid,cap_setgid"},
};
static const struct privileged_set idmap_set[] = {
	{CAP_BIT(CAP_SETUID) | CAP_BIT(CAP_SETGID), "cap_setuid,cap_setgid"}};
static const struct privileged_set newuidmap_set[] = {{CAP_BIT(CAP_SETUID), "cap_setuid"}};
static const struct privileged_set newgidmap_set[] = {{CAP_BIT(CAP_SETGID), "cap_setgid"}};

const struct privileged privileged_gate = {
	.path = LIBEXECDIR "/croft-gate", SET(gate_set), .exactly = true, .install = INSTALL_GATE};
const struct privileged privileged_idmap = {
	.path = LIBEXECDIR "/croft-idmap", SET(idmap_set), .exactly = true, .install = INSTALL_CROFT};
const struct privileged privileged_newuidmap = {
	.path = "/usr/bin/newuidmap", SET(newuidmap_set), .install = UIDMAP};
const struct privileged privileged_newgidmap = {
	.path = "/usr/bin/newgidmap", SET(newgidmap_set), .install = UIDMAP};

static int check_nosuid(const char *path, struct err *e)
{
	struct statvfs fs;

	if (statvfs(path, &fs) < 0 || !(fs.f_flag & ST_NOSUID))
		return 0;
	err_set(e, EPERM, "%s lies on a file system mounted nosuid, where no program gets privileges", path);
	return err_hint(e, "sudo mount -o remount,bind,suid \"$(findmnt -n -o TARGET -T %s)\"", path);
}

static int no_set(const struct privileged *p, uint64_t caps, struct err *e)
{
	const struct privileged_set *first = &p->set[0], *last = &p->set[p->nsets - 1];

	if (p->exactly && caps)
		err_set(e, EPERM, "%s has other capabilities than it works with: %s%s%s", p->path,
			first->setcap, last == first ? "" : " or ", last == first ? "" : last->setcap);
	else
		err_set(e, EPERM, "%s is neither setuid root nor has it the capabilities %s", p->path,
			first->setcap);
	return err_hint(e, "sudo setcap %s+p %s", first->setcap, p->path);
}

/* The largest set that the file has; -EPERM where it has none. */
static int find_set(const struct privileged *p, const struct stat *st, struct err *e)
{
	uint64_t caps = st->st_mode & S_ISUID ? p->set[p->nsets - 1].caps : filecaps_permitted(p->path);

	for (size_t i = p->nsets; i-- > 0;)
		if (p->exactly ? caps == p->set[i].caps : (caps & p->set[i].caps) == p->set[i].caps)
			return (int)i;
	return no_set(p, caps, e);
}

int privileged_file(const struct privileged *p, const struct host_facts *h, struct err *e)
{
	struct stat st;
	int set;

	if (stat(p->path, &st) < 0) {
		err_sys(e, "look for %s", p->path);
		return err_hint(e, "%s", p->install);
	}
	if (st.st_uid != 0 && h->nested) {
		err_set(e, EPERM, "this user namespace does not map the owner of %s, who must be root",
			p->path);
		return err_hint(e, "start croft outside of the sandbox or container it is in");
	}
	if (st.st_uid != 0 || st.st_mode & (S_IWGRP | S_IWOTH)) {
		err_set(e, EPERM, "%s does not belong to root alone", p->path);
		return err_hint(e, "sudo chown root:root %s && sudo chmod 755 %s && sudo setcap %s+p %s",
				p->path, p->path, p->set[0].setcap, p->path);
	}
	set = find_set(p, &st, e);
	return set < 0 || check_nosuid(p->path, e) < 0 ? -e->code : set;
}

/* The capabilities as one text; skip: how much of each name is left out. */
static const char *list_caps(uint64_t caps, const char *before, const char *between, size_t skip, char *buf)
{
	size_t n = 0;

	buf[0] = '\0';
	for (unsigned cap = 0; cap < CAPS; cap++) {
		const char *name = caps & CAP_BIT(cap) ? caps_name(cap) : NULL;

		if (name && n < LIST_MAX)
			n += (size_t)snprintf(buf + n, LIST_MAX - n, "%s%s%s", n ? between : "", before,
					      name + skip);
	}
	return buf;
}

static int cannot_start(const struct privileged *p, int set, struct err *e)
{
	struct stat st;

	err_sys(e, "execute %s", p->path);
	if (stat(p->path, &st) == 0 && (st.st_mode & (S_IXGRP | S_IXOTH)) == S_IXGRP)
		return err_hint(e, "sudo usermod -a -G \"$(stat -c %%G %s)\" \"$(id -un)\", and log in again",
				p->path);
	return err_hint(e, "sudo chmod 755 %s && sudo setcap %s+p %s", p->path, p->set[set].setcap, p->path);
}

int privileged_here(const struct privileged *p, int set, const struct host_facts *h, struct err *e)
{
	char words[LIST_MAX], options[LIST_MAX];
	uint64_t lost = 0;

	if (access(p->path, X_OK) < 0)
		return cannot_start(p, set, e);
	if (h->no_new_privs) {
		err_set(e, EPERM, "%s gets no privileges here: this process has no_new_privs", p->path);
		return err_hint(e, "in a service: NoNewPrivileges=no; in a container: without "
				   "--security-opt no-new-privileges");
	}
	for (int cap = 0; cap < CAPS; cap++)
		if (p->set[set].caps & CAP_BIT(cap) && prctl(PR_CAPBSET_READ, cap, 0, 0, 0) != 1)
			lost |= CAP_BIT(cap);
	if (!lost)
		return 0;
	err_set(e, EPERM, "%s gets no privileges here: %s left the bounding set", p->path,
		list_caps(lost, "", " and ", 0, words));
	return err_hint(e, "in a service: CapabilityBoundingSet=%s; in a container: %s",
			list_caps(p->set[set].caps, "", " ", 0, words),
			list_caps(p->set[set].caps, "--cap-add ", " ", strlen("CAP_"), options));
}

int privileged_look(const struct privileged *p, const struct host_facts *h, struct err *e)
{
	int set = privileged_file(p, h, e);

	return set < 0 || privileged_here(p, set, h, e) < 0 ? -e->code : set;
}
