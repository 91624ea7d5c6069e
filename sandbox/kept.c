#include "sandbox/kept.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

int kept_check(int fd, struct err *e)
{
	int flags = fcntl(fd, F_GETFL);
	struct stat st;

	if (flags < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "descriptor %d", fd);
	if (flags & O_PATH || S_ISDIR(st.st_mode))
		return err_set(e, EBADF,
			       "descriptor %d is a directory or O_PATH, which would lead out of the sandbox",
			       fd);
	if (isatty(fd))
		return err_set(e, EBADF, "descriptor %d is a terminal, and yours stays outside the sandbox",
			       fd);
	return 0;
}
