#include "policy/caller.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/userdb.h"

int policy_caller_read(struct arena *a, const char *passwd, size_t size, struct policy_caller *c,
		       struct err *e)
{
	struct userdb_user u;
	int n = getgroups(0, NULL);
	gid_t *groups;
	int r;

	groups = n < 0 ? NULL : arena_array(a, (size_t)n + 1, sizeof(*groups));
	if (groups)
		n = getgroups(n, groups);
	if (!groups || n < 0)
		return err_set(e, ENOMEM, "read the groups of the caller");
	c->groups = groups;
	c->ngroups = (size_t)n;
	r = userdb_user_by_uid(passwd, size, c->uid, a, &u);
	if (r == 0) {
		c->name = u.name;
		c->home = u.home;
	}
	return r < 0 && r != -ENOENT ? err_set(e, -r, "/etc/passwd: %s", strerror(-r)) : 0;
}
