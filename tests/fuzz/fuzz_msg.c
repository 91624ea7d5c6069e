/*
 * The input is one packet: the first byte says how many descriptors come with it, the rest is sent. It is a
 * message of msg.h, whose sentences end, or it is refused and no descriptor stays.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/fd.h"
#include "sandbox/msg.h"
#include "tests/fuzz/fuzz.h"
#include "tests/reference/rights.h"

enum { BYTES_MAX = 8192, FDS_MAX = 3 };

/* The lowest descriptor that is free: it stays the same where none is left open. */
static int lowest_free(void)
{
	int fd = fcntl(0, F_DUPFD_CLOEXEC, 3);

	MUST(fd >= 0);
	close(fd);
	return fd;
}

static void look(const struct msg *m, size_t size)
{
	bool sentence =
		m->type == MSG_ERROR || m->type == MSG_NOTE || m->type == MSG_ENDED || m->type == MSG_SIGNAL;

	MUST(m->type >= MSG_GO && m->type <= MSG_LAST);
	MUST(size == (sentence ? sizeof(*m) : sizeof(m->type)));
	MUST(m->type != MSG_ERROR || m->err.code > 0);
	MUST(memchr(m->err.msg, '\0', sizeof(m->err.msg)) && memchr(m->err.hint, '\0', sizeof(m->err.hint)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int pair[2] = {-1, -1};
	unsigned nfds;
	struct msg m;
	int fd = -1, before, r;

	if (size < 1 || size > BYTES_MAX)
		return 0;
	if (pair[0] < 0)
		MUST(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	nfds = data[0] % (FDS_MAX + 1);
	data++;
	size--;
	before = lowest_free();
	MUST(rights_send(pair[0], data, size, pair[0], nfds) == (ssize_t)size);
	memset(&m, 0xff, sizeof(m));
	r = msg_receive(pair[1], MSG_DONTWAIT, &m, &fd);
	MUST(r == 1 || r == -EBADMSG || (r == 0 && size == 0));
	if (r == 1) {
		MUST(nfds <= 1 && (fd >= 0) == (nfds == 1));
		look(&m, size);
	} else {
		MUST(fd == -1);
	}
	fd_close(fd);
	MUST(lowest_free() == before);
	return 0;
}
