#include "tests/reference/rights.h"

#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

ssize_t rights_send(int sock, const void *data, size_t size, int fd, size_t nfds)
{
	struct iovec iov = {(void *)(uintptr_t)data, size};
	union {
		char buf[CMSG_SPACE(RIGHTS_MAX * sizeof(int))];
		struct cmsghdr align;
	} c;
	struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1};
	int copy[RIGHTS_MAX];
	struct cmsghdr *h;

	if (nfds == 0)
		return sendmsg(sock, &mh, MSG_NOSIGNAL);
	for (size_t i = 0; i < nfds; i++)
		copy[i] = fd;
	memset(&c, 0, sizeof(c));
	mh.msg_control = c.buf;
	mh.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
	h = CMSG_FIRSTHDR(&mh);
	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(nfds * sizeof(int));
	memcpy(CMSG_DATA(h), copy, nfds * sizeof(int));
	return sendmsg(sock, &mh, MSG_NOSIGNAL);
}
