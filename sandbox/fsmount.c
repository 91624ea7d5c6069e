#include "sandbox/fsmount.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/mount.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/text.h"
#include "sandbox/admin.h"
#include "sandbox/standard.h"

int fs_mount(int dir, const char *type, unsigned long flags, const char *data, const char *where,
	     struct err *e)
{
	if (fchdir(dir) < 0)
		return err_sys(e, "enter %s to mount %s on it", QUOTE(where), type);
	if (AS_ADMIN(mount(type, ".", type, flags, data)) < 0)
		return err_sys(e, "mount %s on %s", type, QUOTE(where));
	return 0;
}

int fs_tmpfs(int dir, unsigned long flags, uint32_t mode, uint64_t size, uint64_t inodes, const char *where,
	     struct err *e)
{
	char data[96];

	snprintf(data, sizeof(data), "mode=%" PRIo32 ",size=%" PRIu64 ",nr_inodes=%" PRIu64, mode, size,
		 inodes);
	return fs_mount(dir, "tmpfs", flags | MS_NOSUID | MS_NODEV, data, where, e);
}

int fs_tmpfs_on_root(uint32_t mode, uint64_t size, struct err *e)
{
	fd_auto int slash = fd_open("/", O_PATH | O_DIRECTORY);

	if (slash < 0)
		return err_sys(e, "open /");
	return fs_tmpfs(slash, 0, mode, size, standard_inodes(size), "/", e) < 0 ? -e->code
										 : fs_top_of_root(e);
}

int fs_top_of_root(struct err *e)
{
	/* "/.." is where the walk goes to the topmost mount on "/". */
	int fd = fd_open("/..", O_PATH | O_DIRECTORY);

	return fd < 0 ? err_sys(e, "open the new root") : fd;
}
