/*
 * session.h - one more command in a sandbox that runs (`croft exec`): a process that init has forked, and so
 * one that has everything of init's behind it: namespaces, cgroup, ids, capabilities, filter, not dumpable.
 * Not pure.
 *
 * It speaks over a connection of its own with the croft outside (msg.h): takes three FD and a REQUEST, says
 * TERMINAL, ERROR, STOPPED and at last ENDED, and takes SIGNAL. When the connection is closed the command is
 * killed.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "common/err.h"
#include "sandbox/plan.h"

struct session {
	int conn;
	int slave;        /* of the command's terminal, or -1 */
	bool stopped;     /* by who asked: he need not be told */
	struct plan plan; /* the sandbox's, with this command */
};

/* Should: 0-2 are what came over conn, none a directory, and nothing else is open. *s is large. 0 or -errno.
 */
int session_begin(const struct plan *p, int conn, struct session *s, struct err *e);

/* Until the command has ended. Returns its exit status. */
int session_wait(struct session *s, pid_t command);
