#include "frontend/rm_mapped.h"

#include <errno.h>
#include <unistd.h>

#include "common/rmtree.h"
#include "frontend/mapped.h"

struct tree {
	int parent;
	const char *name;
};

static int remove_tree(void *ctx, struct err *e)
{
	const struct tree *t = ctx;

	return rm_tree(t->parent, t->name, e);
}

int rm_mapped(int parent_fd, const char *name, struct err *e)
{
	struct tree t = {.parent = parent_fd, .name = name};
	struct err second;
	int r = rm_tree(parent_fd, name, e);

	/* What root may not remove, root of a namespace may not either. */
	if ((r != -EACCES && r != -EPERM) || geteuid() == 0)
		return r;
	if (mapped_run(PLAN_MAP_SUBORDINATE, "remove files of subordinate ids", remove_tree, &t, &second) ==
	    0)
		return 0;
	return err_hint(e, "with your subordinate ids: %s", second.msg);
}
