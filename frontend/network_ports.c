#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/text.h"
#include "frontend/network.h"

enum {
	ORDER_MS = 5000, /* slirp4netns answers an order within that time */
	SWEEPS = 200,
	LOW_PORT = 1024, /* net.ipv4.ip_unprivileged_port_start, unless it was changed */
};

static const char socket_name[] = "s";

static const char *protocol(const struct plan_port *port)
{
	return port->protocol == PLAN_UDP ? "udp" : "tcp";
}

/* --- can they be listened on? ---------------------------------------------------------------------- */

socklen_t network_parse(const char *address, uint32_t port, struct sockaddr_storage *ret)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};

	if (inet_pton(AF_INET, address, &sin.sin_addr) == 1) {
		memcpy(ret, &sin, sizeof(sin));
		return sizeof(sin);
	}
	if (inet_pton(AF_INET6, address, &sin6.sin6_addr) == 1) {
		memcpy(ret, &sin6, sizeof(sin6));
		return sizeof(sin6);
	}
	return 0;
}

static int cannot_listen(const struct plan_port *port, int errnum, struct err *e)
{
	err_set(e, errnum, "publish port %u/%s of the host on %s: %s", port->host_port, protocol(port),
		QUOTE(port->address), strerror(errnum));
	if (errnum == EACCES)
		err_hint(e, "choose a port from %d on; or sudo sysctl net.ipv4.ip_unprivileged_port_start=%u",
			 LOW_PORT, port->host_port);
	if (errnum == EADDRINUSE)
		err_hint(e, "choose another port; ss -ltunp shows who listens on this one");
	if (errnum == EADDRNOTAVAIL)
		err_hint(e, "choose an address of this host: ip address");
	return -e->code;
}

/* Listens as the program will, and no longer: what can still go wrong afterwards the program says. */
static int try_port(const struct plan_port *port, struct err *e)
{
	bool tcp = port->protocol == PLAN_TCP;
	struct sockaddr_storage at;
	socklen_t len = network_parse(port->address, port->host_port, &at);
	fd_auto int fd = -1;
	int on = 1;

	if (len == 0)
		return err_set(e, EINVAL, "publish port %u/%s of the host: %s is no IPv4 or IPv6 address",
			       port->host_port, protocol(port), QUOTE(port->address));
	fd = socket(at.ss_family, (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return cannot_listen(port, errno, e);
	if (tcp) /* connections of before that are dying are no hindrance */
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&at, len) < 0 || (tcp && listen(fd, 1) < 0))
		return cannot_listen(port, errno, e);
	return 0;
}

/* What slirp4netns has no way to do: its ports are of IPv4, and since the host's loopback interface is closed
 * to what is inside, so are answers to it. */
static int check_slirp(const struct plan_port *port, struct err *e)
{
	const char *why = strchr(port->address, ':') ? "does that for IPv4 only"
			  : port->protocol == PLAN_UDP && text_starts(port->address, "127.")
				  ? "brings no answers back to the loopback interface"
				  : NULL;

	if (!why)
		return 0;
	err_set(e, EAFNOSUPPORT, "publish port %u/%s of the host on %s: slirp4netns %s", port->host_port,
		protocol(port), QUOTE(port->address), why);
	return err_hint(e, "sudo apt-get install passt; or name another address of this host");
}

int network_ports_check(const struct plan *p, const struct network_tool *tool, struct err *e)
{
	for (uint32_t i = 0; i < p->ports.count; i++) {
		const struct plan_port *port = &p->ports.item[i];

		if (tool->which == NETWORK_SLIRP4NETNS && check_slirp(port, e) < 0)
			return -e->code;
		if (try_port(port, e) < 0)
			return -e->code;
	}
	return 0;
}

/* --- orders to slirp4netns -------------------------------------------------------------------------- */

void network_socket_path(const struct network_dir *dir, char *buf, size_t size)
{
	snprintf(buf, size, "%s/%s", dir->path, socket_name);
}

static int connect_to(const struct network_dir *dir, struct err *e)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	const struct timeval limit = {.tv_sec = ORDER_MS / 1000};
	fd_auto int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	network_socket_path(dir, at.sun_path, sizeof(at.sun_path));
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0 ||
	    connect(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		return err_sys(e, "network user: speak to slirp4netns");
	return TAKE_FD(fd);
}

/* One connection an order: slirp4netns answers when the other direction has ended. */
static int order(const struct plan_port *port, const struct network_dir *dir, struct err *e)
{
	char text[256], answer[512];
	fd_auto int fd = connect_to(dir, e);
	ssize_t n;
	int r;

	if (fd < 0)
		return fd;
	snprintf(text, sizeof(text),
		 "{\"execute\":\"add_hostfwd\",\"arguments\":{\"proto\":\"%s\",\"host_addr\":\"%s\","
		 "\"host_port\":%u,\"guest_port\":%u}}",
		 protocol(port), port->address, port->host_port, port->port);
	r = fd_write_all(fd, text, strlen(text));
	if (r == 0 && shutdown(fd, SHUT_WR) < 0)
		r = -errno;
	n = r < 0 ? r : fd_read_all(fd, answer, sizeof(answer) - 1);
	if (n < 0)
		return err_set(e, (int)-n, "network user: speak to slirp4netns: %s", strerror((int)-n));
	answer[n] = '\0';
	if (text_starts(answer, "{\"return\":"))
		return 0;
	return err_set(e, EADDRINUSE, "publish port %u/%s of the host on %s: slirp4netns: %s",
		       port->host_port, protocol(port), port->address, QUOTE(answer));
}

int network_ports_order(const struct plan *p, const struct network_dir *dir, struct err *e)
{
	for (uint32_t i = 0; i < p->ports.count; i++)
		if (order(&p->ports.item[i], dir, e) < 0)
			return -e->code;
	return 0;
}

/* --- the directory of its socket -------------------------------------------------------------------------
 */

/* slirp4netns may be about to make its socket while it is killed. */
static void sweep(const char *dir)
{
	const struct timespec pause = {.tv_nsec = 1000000};

	for (int i = 0; i < SWEEPS; i++) {
		char path[64];

		snprintf(path, sizeof(path), "%s/%s", dir, socket_name);
		unlink(path);
		if (rmdir(dir) == 0 || errno == ENOENT)
			return;
		nanosleep(&pause, NULL);
	}
}

/*
 * Should: the directory goes when the other end of sock does, be it by order or because croft was killed. All
 * signals are blocked, so that what is meant for croft does not end this process first.
 */
static noreturn void sweeper(int sock)
{
	char dir[] = "/tmp/croft-XXXXXX", c;
	int made;

	if (fd_close_range_but(0, ~0u, &sock, 1) < 0 || chdir("/") < 0)
		_exit(EXIT_CROFT);
	made = mkdtemp(dir) ? 0 : errno;
	if (made != 0) {
		send(sock, &made, sizeof(made), MSG_NOSIGNAL);
		_exit(EXIT_CROFT);
	}
	send(sock, dir, sizeof(dir), MSG_NOSIGNAL);
	while (recv(sock, &c, 1, 0) < 0 && errno == EINTR)
		continue;
	sweep(dir);
	_exit(0);
}

/* The name of the directory, or an errno from the sweeper. */
static int take_name(struct network_dir *d, struct err *e)
{
	char buf[sizeof(d->path)];
	ssize_t n = recv(d->sock, buf, sizeof(buf) - 1, 0);
	int errnum = EPIPE;

	if (n == (ssize_t)sizeof(errnum))
		memcpy(&errnum, buf, sizeof(errnum));
	if (n <= (ssize_t)sizeof(errnum))
		return err_set(e, errnum, "network user: make a directory in /tmp: %s", strerror(errnum));
	buf[n] = '\0';
	memcpy(d->path, buf, sizeof(d->path));
	return 0;
}

int network_dir_make(struct network_dir *ret, struct err *e)
{
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "network user: make a socket pair");
	pid = fork();
	if (pid == 0)
		sweeper(pair[1]);
	if (pid < 0)
		err_sys(e, "network user: start a process");
	fd_close(pair[1]);
	if (pid < 0) {
		fd_close(pair[0]);
		return -e->code;
	}
	ret->sweeper = pid;
	ret->sock = pair[0];
	return take_name(ret, e);
}

void network_dir_remove(struct network_dir *dir)
{
	if (dir->sweeper < 0)
		return;
	fd_close(dir->sock);
	while (waitpid(dir->sweeper, NULL, 0) < 0 && errno == EINTR)
		continue;
	dir->sweeper = dir->sock = -1;
}
