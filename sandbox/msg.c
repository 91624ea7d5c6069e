#include "sandbox/msg.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include "common/fd.h"

union control {
	char buf[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

int msg_send(int sock, enum msg_type type, const struct err *e, int fd)
{
	uint32_t word = (uint32_t)type;
	struct iovec iov[2] = {{&word, sizeof(word)}, {(void *)(uintptr_t)e, e ? sizeof(*e) : 0}};
	struct msghdr mh = {.msg_iov = iov, .msg_iovlen = 2};
	union control c;
	ssize_t n;

	if (fd >= 0) {
		struct cmsghdr *h;

		memset(&c, 0, sizeof(c));
		mh.msg_control = c.buf;
		mh.msg_controllen = sizeof(c.buf);
		h = CMSG_FIRSTHDR(&mh);
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(h), &fd, sizeof(fd));
	}
	do
		n = sendmsg(sock, &mh, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

static int take_fd(struct msghdr *mh)
{
	struct cmsghdr *h = CMSG_FIRSTHDR(mh);
	int fd = -1;

	if (h && h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS &&
	    h->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&fd, CMSG_DATA(h), sizeof(fd));
	return fd;
}

int msg_receive(int sock, int flags, struct msg *ret, int *ret_fd)
{
	struct iovec iov = {ret, sizeof(*ret)};
	union control c;
	struct msghdr mh = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = c.buf, .msg_controllen = sizeof(c.buf)};
	ssize_t n;

	memset(ret, 0, sizeof(*ret));
	do
		n = recvmsg(sock, &mh, flags | MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if (n == 0)
		return 0;
	*ret_fd = take_fd(&mh);
	if ((size_t)n != sizeof(ret->type) && (size_t)n != sizeof(ret->type) + sizeof(ret->err)) {
		fd_close(*ret_fd);
		*ret_fd = -1;
		return -EBADMSG;
	}
	ret->err.msg[ERR_MSG_MAX - 1] = '\0';
	ret->err.hint[ERR_HINT_MAX - 1] = '\0';
	return 1;
}
