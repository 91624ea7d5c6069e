/*
 * control.h - the supervisor of a sandbox with a name answers croft exec, stop, logs and attach. Not pure.
 *
 * Who asks is the caller himself, outside of any sandbox: the socket lies in a folder that is his alone, and
 * whoever is in other user or pid namespaces than this croft is sent away. For exec the connection is handed
 * to init, and nothing of it is ours any more.
 */
#pragma once

#include <poll.h>
#include <stdbool.h>

#include "common/err.h"
#include "frontend/logfile.h"
#include "sandbox/plan.h"

enum { CONTROL_PEERS = 32, CONTROL_POLL = CONTROL_PEERS + 2 };

struct control {
	int listen; /* -1: none */
	int input;  /* the command's standard input, for the first who attaches; or -1 */
	const struct plan *plan;
	struct control_peer {
		int fd;     /* -1: none */
		bool waits; /* for the end; else it has asked for nothing yet */
	} peer[CONTROL_PEERS];
	unsigned next; /* who goes when all are in use */
	struct logfile log;
};

void control_init(struct control *c, const struct plan *p);

/* Before and after poll(2); sock leads to init. Returns how many want the sandbox to end. */
void control_poll_set(const struct control *c, struct pollfd pfd[CONTROL_POLL]);
unsigned control_turn(struct control *c, const struct pollfd pfd[CONTROL_POLL], int sock);

/* How the command ended, for all who wait; e->code is not 0 where croft failed. */
void control_end(struct control *c, int status, const struct err *e);
