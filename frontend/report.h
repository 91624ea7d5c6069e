/*
 * report.h - --status-fd: a line of JSON for each phase of a sandbox, so that a program can tell a sandbox
 * that did not start from a command that failed. Not pure.
 *
 * Nothing here ever holds the sandbox up: what the reader does not take is kept, up to a limit, and offered
 * again; a reader who is gone is nobody's error.
 */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "sandbox/msg.h"
#include "sandbox/plan.h"

enum report_phase { REPORT_POLICY, REPORT_IDS, REPORT_IMAGE, REPORT_MOUNTS, REPORT_EXEC, REPORT_PHASES };

enum { REPORT_BUFFER = 32768, REPORT_END_MS = 1000 };

struct report {
	int fd; /* -1: nobody asked */
	const struct plan *plan;
	enum report_phase next; /* the first that has no line yet */
	int exec;               /* closes when the command runs; or -1 */
	bool ended;             /* the last line is written */
	bool lost;              /* a line found no room */
	bool told;              /* by init, how the command ended */
	int code, signal;       /* how the command ended; signal 0: by itself */
	char buf[REPORT_BUFFER];
	size_t used;
};

/* Whether fd can be reported to: 0, or -EBADF with *e. */
int report_check(int fd, struct err *e);

/* fd may be -1, and everything else here does nothing then. */
void report_start(struct report *r, int fd);

/* Every phase up to this one is over. */
void report_done(struct report *r, enum report_phase phase);

/* One of the messages from inside that are for this: whether it is, and then *fd is taken. */
bool report_message(struct report *r, const struct msg *m, int *fd);

/* Once, when the command runs or has sent why not; revents: of exec. */
bool report_is_exec(struct report *r, short revents);

/* How the first process of the sandbox ended, waitid(2) si_code and si_status; where init has not said more.
 */
void report_first(struct report *r, int how, int status);

/* The time limit ended it; a memory limit did, or how many processes it killed. */
void report_time_limit(struct report *r);
void report_memory(struct report *r, uint64_t killed);

/* The last line: how the command ended, or with e->code why croft has failed. Waits at most REPORT_END_MS for
 * the reader. */
void report_end(struct report *r, int status, const struct err *e);
