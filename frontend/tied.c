#include "frontend/tied.h"

#include <sys/syscall.h>
#include <unistd.h>

#include "common/fd.h"

int tied_open(pid_t starter)
{
	fd_auto int fd = starter ? (int)syscall(SYS_pidfd_open, starter, 0) : -1;

	/* Where it has ended its number may be somebody else's. */
	return getppid() == starter ? TAKE_FD(fd) : TIED_GONE;
}
