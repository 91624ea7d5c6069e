/*
 * network.h - the user-mode network of a sandbox: a program of the host's that is started, watched and ended.
 * Not pure.
 *
 * pasta (of passt), else slirp4netns, joins the sandbox's network namespace, makes an interface in it and
 * carries what goes through it to sockets of the caller's in the host's network: nobody needs a privilege.
 * Both are found at fixed places, since a PATH may come from whoever wrote the job. The program gets no
 * descriptor, terminal or environment of the caller's, and is killed by the kernel when croft ends in
 * whatever way.
 */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "common/err.h"
#include "sandbox/plan.h"

enum network_program { NETWORK_PASTA, NETWORK_SLIRP4NETNS, NETWORK_PROGRAM_COUNT };

enum {
	NETWORK_POLL = 3,
	NETWORK_READY_MS = 10000, /* from its start until it must be ready */
	NETWORK_SAID_MAX = 1024,
};

struct network_tool {
	enum network_program which;
	const char *path;
};

/* A directory for one socket that is removed even when croft is killed. */
struct network_dir {
	char path[32];
	pid_t sweeper; /* -1: there is none */
	int sock;
};

struct network {
	const struct plan *plan;
	struct network_tool tool;
	pid_t pid; /* -1: not started, or ended and reaped */
	int pidfd, ready, errors;
	int leash; /* slirp4netns ends when the last one is closed */
	bool up;
	int64_t deadline; /* monotonic milliseconds, until it is up */
	struct network_dir dir;
	char said[NETWORK_SAID_MAX]; /* on its standard error */
	size_t used;
};

/* The program to use here. 0, or -ENOENT with *e when none is installed. */
int network_find(struct network_tool *ret, struct err *e);

/* The address inside on which it passes queries on to the host's first name server. */
const char *network_resolver(void);

/* Whether address is one of the host's own: its loopback interface is, and "any". */
bool network_is_local(const char *address);

/* Whether an interface can be made at all: 0, or -errno with *e. */
int network_device(struct err *e);

/*
 * Before anything is started: the program is there, an interface can be made, and each port of the plan can
 * be listened on, so that the usual mistakes have a sentence of ours. 0 or -errno.
 */
int network_check(const struct plan *p, struct err *e);

void network_init(struct network *n);

/*
 * Starts it for the namespaces of target: a child of this process, not yet reaped, whose id maps are written
 * and which has changed neither its ids nor its memory since it was cloned (then the kernel lets its owner
 * see its namespaces). The network is not ready before network_turn() says so. 0 or -errno.
 */
int network_start(struct network *n, const struct plan *p, pid_t target, struct err *e);

/* Fills pfd[NETWORK_POLL] for poll(2); unused ones have fd -1. */
void network_poll_set(const struct network *n, struct pollfd *pfd);

/* Milliseconds until network_turn() must be called in any case, or -1. */
int network_wait(const struct network *n);

/*
 * After poll(2). 1: the network became ready, with its ports, just now; 0: nothing new; -errno with *e: it
 * did not start. One that ends later is told with a note: the sandbox goes on without it.
 */
int network_turn(struct network *n, const struct pollfd *pfd, struct err *e);

/* Ends it, and waits for that: nothing listens any more. */
void network_end(struct network *n);

/* --- network_ports.c: publishing ------------------------------------------------------------- */

/* The length of the socket address, or 0 when the text is no IPv4 or IPv6 address. */
socklen_t network_parse(const char *address, uint32_t port, struct sockaddr_storage *ret);

/* Each port can be listened on by the caller now. 0 or -errno. */
int network_ports_check(const struct plan *p, const struct network_tool *tool, struct err *e);

/* Has slirp4netns, which listens for orders in dir, publish the ports. 0 or -errno. */
int network_ports_order(const struct plan *p, const struct network_dir *dir, struct err *e);

/* The socket in dir. */
void network_socket_path(const struct network_dir *dir, char *buf, size_t size);

/* Makes it, for this user alone. 0 or -errno. */
int network_dir_make(struct network_dir *ret, struct err *e);

/* Has it removed with the socket in it, and waits for that. */
void network_dir_remove(struct network_dir *dir);
