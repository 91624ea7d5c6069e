#include "sandbox/idmapped.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/ids.h"
#include "sandbox/admin.h"

static int own_namespace(const void *ctx, int self, struct err *e)
{
	int ns = openat(self, "ns/user", O_RDONLY | O_CLOEXEC);

	(void)ctx;
	return ns < 0 ? err_sys(e, "open a user namespace") : ns;
}

static int set(int tree, int ns, struct err *e)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (unsigned)ns};

	if (AS_ADMIN(syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr,
			     sizeof(attr))) == 0)
		return 0;
	if (errno == EINVAL)
		return err_set(e, EINVAL,
			       "its file system, or one that is mounted below it, has no idmapped mounts "
			       "(mount_setattr(2))");
	return err_sys(e, "map the owners");
}

static bool wants_exchange(const struct plan *p)
{
	for (uint32_t i = 0; i < p->ops.count; i++)
		if (p->ops.item[i].flags & OPF_IDMAP)
			return true;
	return false;
}

/* *ret stays as it is where the user inside is the caller himself: nothing is to be exchanged. */
static int exchange_namespace(const struct plan *p, const struct maker *m, int *ret, struct err *e)
{
	char uid[IDS_TEXT_MAX], gid[IDS_TEXT_MAX];
	struct userns_ids ids;
	uint32_t user, group;
	int nuid, ngid;

	if (id_map_outside(m->ids->uid_map, p->uid, &user) < 0 ||
	    id_map_outside(m->ids->gid_map, p->gid, &group) < 0)
		return err_set(e, EINVAL, "the user inside has no id outside that could own files");
	if (user == getuid() && group == getgid())
		return 0;
	/* What the group 0 is denied stays denied; uid 0 nobody is to have. */
	nuid = id_map_exchange(getuid(), user, false, uid, sizeof(uid));
	ngid = id_map_exchange(getgid(), group, true, gid, sizeof(gid));
	if (nuid < 0 || ngid < 0)
		return err_set(e, EINVAL,
			       "the host's root and his group have no part in an exchange of owners");
	ids = (struct userns_ids){
		.uid_map = uid, .uid_size = (size_t)nuid, .gid_map = gid, .gid_size = (size_t)ngid};
	*ret = maker_run(m, &ids, 0, own_namespace, NULL, e);
	return *ret < 0 ? *ret : 0;
}

int idmapped_prepare(const struct plan *p, const struct maker *m, struct idmapper *ret, struct err *e)
{
	*ret = (struct idmapper){.exchange = -1, .root = -1};
	if (!p->root_shared && !wants_exchange(p))
		return 0;
	if (!p->gate || p->map == PLAN_MAP_NONE)
		return err_set(e, EINVAL, "only croft-gate maps owners, where there are ids");
	if (wants_exchange(p) && exchange_namespace(p, m, &ret->exchange, e) < 0)
		return err_wrap(e, "map the owners of a volume");
	if (p->root_shared)
		ret->root = maker_run(m, m->ids, 0, own_namespace, NULL, e);
	return p->root_shared && ret->root < 0 ? err_wrap(e, "map the owners of the root") : 0;
}

int idmapped_volume(const struct idmapper *m, int tree, struct err *e)
{
	return m->exchange < 0 ? 0 : set(tree, m->exchange, e);
}

int idmapped_root(const struct idmapper *m, int tree, struct err *e)
{
	return set(tree, m->root, e);
}
