#include "helper/gate/request.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/helper_exit.h"
#include "common/text.h"

enum { ARGUMENT_MAX = 10 };

static int parse_fd(const char *arg, int *ret, struct err *e)
{
	uint32_t fd;

	if (strlen(arg) > ARGUMENT_MAX || text_u32(arg, &fd) < 0 || fd < 3 || fd > INT32_MAX) {
		err_set(e, EINVAL, "%s is not the number of a descriptor from 3 on", QUOTE(arg));
		return err_status(e, HELPER_USAGE);
	}
	*ret = (int)fd;
	return 0;
}

int request_parse(int argc, char **argv, int *ret_sock, int *ret_plan, struct err *e)
{
	int sock, plan;

	if (argc != 3) {
		err_set(e, EINVAL, "two arguments are needed: it is started by croft run");
		err_hint(e, "croft run --gate ...; see croft-gate(8)");
		return err_status(e, HELPER_USAGE);
	}
	if (parse_fd(argv[1], &sock, e) < 0 || parse_fd(argv[2], &plan, e) < 0)
		return -e->code;
	if (sock == plan) {
		err_set(e, EINVAL, "the socket and the plan are one descriptor");
		return err_status(e, HELPER_USAGE);
	}
	*ret_sock = sock;
	*ret_plan = plan;
	return 0;
}

int request_socket(int fd, struct err *e)
{
	int domain = -1, type = -1;
	socklen_t size = sizeof(int);

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 &&
	    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && domain == AF_UNIX &&
	    type == SOCK_SEQPACKET)
		return 0;
	return err_set(e, ENOTSOCK, "the caller's descriptor is no socket of the kind that croft makes");
}

int request_read(int fd, struct arena *a, struct plan *ret, struct err *e)
{
	const int sealed = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW;
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;
	ssize_t n;
	char *buf;

	if (seals < 0 || (seals & sealed) != sealed || fstat(fd, &st) < 0)
		return err_set(e, EBADF, "the plan's descriptor is no sealed memfd");
	if (st.st_size > PLAN_BYTES_MAX)
		return err_set(e, EFBIG, "the plan is larger than %d bytes", PLAN_BYTES_MAX);
	buf = arena_alloc(a, (size_t)st.st_size + 1);
	n = buf ? pread(fd, buf, (size_t)st.st_size, 0) : -1;
	if (n != st.st_size)
		return err_set(e, EIO, "the plan could not be read");
	return plan_decode(buf, (size_t)n, a, ret, e);
}
