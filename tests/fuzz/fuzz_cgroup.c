/*
 * The first line of the input is a path, the rest is a file of the kernel's about cgroups: each reader stays
 * within it, and what they say fits what they promise.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "frontend/cgroup_text.h"
#include "tests/fuzz/fuzz.h"

enum { BYTES_MAX = 1 << 14, SIZE = 256 };

static void look_at_paths(const char *text, const char *path)
{
	char own[SIZE], at[SIZE], root[SIZE], dir[2 * SIZE];
	int r = cgroup_own(text, own, sizeof(own));

	MUST(r == 0 || r == -ENOENT || r == -ENAMETOOLONG);
	MUST(r != 0 || (own[0] == '/' && !strchr(own, '\n')));
	r = cgroup_mounted(text, at, root, sizeof(at));
	MUST(r == 0 || r == -ENOENT || r == -ENAMETOOLONG);
	if (r != 0 || path[0] != '/')
		return;
	MUST(strlen(at) < sizeof(at) && strlen(root) < sizeof(root));
	r = cgroup_dir(at, root, path, dir, sizeof(dir));
	MUST(r == 0 || r == -EXDEV || r == -ENAMETOOLONG);
	MUST(r != 0 || text_starts(dir, at));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const unsigned all = (1U << CGROUP_CONTROLLERS) - 1;
	char *path, *text, buf[CGROUP_LIST_MAX];
	unsigned controllers;

	if (size > BYTES_MAX)
		return 0;
	path = fuzz_line(&data, &size);
	if (!path)
		return 0;
	text = fuzz_copy(data, size);
	look_at_paths(text, path);
	controllers = cgroup_controllers(text);
	MUST(!(controllers & ~all) && !(cgroup_v1(text) & ~all));
	MUST(cgroup_controllers(cgroup_list(controllers, "", buf)) == controllers);
	MUST(strlen(cgroup_list(controllers, "+", buf)) < sizeof(buf));
	if (path[0])
		MUST(cgroup_event(text, path) == 0 || strstr(text, path));
	if (cgroup_is_managers(path))
		MUST(strstr(path, "user@") && strstr(path, ".service"));
	free(path);
	free(text);
	return 0;
}
