#include "sandbox/msg.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include "common/fd.h"

static_assert(sizeof(struct msg) == sizeof(uint32_t) + sizeof(struct err), "no padding in a message");

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
		n = sendmsg(sock, &mh, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

/* *ret is the descriptor that came along, or -1. More than one is -EBADMSG, and none stays open. */
static int take_fd(struct msghdr *mh, int *ret)
{
	int fd[sizeof(union control) / sizeof(int)];
	struct cmsghdr *h = CMSG_FIRSTHDR(mh);
	size_t n = 0;

	/* The padding of the buffer has room for a second one. */
	if (h && h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS)
		n = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	for (size_t i = 0; i < n; i++)
		memcpy(&fd[i], CMSG_DATA(h) + i * sizeof(int), sizeof(int));
	if (n <= 1 && !(mh->msg_flags & MSG_CTRUNC)) {
		*ret = n ? fd[0] : -1;
		return 0;
	}
	for (size_t i = 0; i < n; i++)
		fd_close(fd[i]);
	return -EBADMSG;
}

/* A type that is known, and a sentence just where one belongs. */
static bool is_message(const struct msg *m, size_t size)
{
	bool sentence =
		m->type == MSG_ERROR || m->type == MSG_NOTE || m->type == MSG_ENDED || m->type == MSG_SIGNAL;

	if (m->type < MSG_GO || m->type > MSG_LAST)
		return false;
	if (size != (sentence ? sizeof(*m) : sizeof(m->type)))
		return false;
	return m->type != MSG_ERROR || m->err.code > 0;
}

int msg_receive(int sock, int flags, struct msg *ret, int *ret_fd)
{
	struct msg m = {0};
	struct iovec iov = {&m, sizeof(m)};
	union control c;
	struct msghdr mh = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = c.buf, .msg_controllen = sizeof(c.buf)};
	fd_auto int fd = -1;
	ssize_t n;
	int r;

	/* ECONNRESET, once: the other end is gone and left something of ours unread. What it sent before is
	 * still here. */
	do
		n = recvmsg(sock, &mh, flags | MSG_CMSG_CLOEXEC);
	while (n < 0 && (errno == EINTR || errno == ECONNRESET));
	if (n < 0)
		return -errno;
	r = take_fd(&mh, &fd);
	if (n == 0 || r < 0)
		return r;
	if (mh.msg_flags & MSG_TRUNC || !is_message(&m, (size_t)n))
		return -EBADMSG;
	m.err.msg[ERR_MSG_MAX - 1] = '\0';
	m.err.hint[ERR_HINT_MAX - 1] = '\0';
	*ret = m;
	*ret_fd = TAKE_FD(fd);
	return 1;
}
