/*
 * terminal_proxy.h - copies between the caller's terminal (or pipes) and the master of the sandbox's
 * terminal. Not pure.
 *
 * Where standard input and output are both terminals, the outer one is put into raw mode, and its old mode
 * comes back on every way out. Elsewhere it stays as it is, and the inner one neither echoes nor rewrites
 * line ends.
 */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <termios.h>

#include "common/err.h"

enum { PROXY_POLL = 4, PROXY_BUFFER = 8192 };

struct proxy_stream {
	char buf[PROXY_BUFFER];
	size_t from, to;
};

struct proxy {
	int master; /* owned; -1: no terminal */
	int peer; /* owned: the other end, open so that a sandbox which closes its terminal is no end of ours
		   */
	int in, out;    /* owned: non-blocking descriptors of our own for what is outside; -1: ended */
	uint32_t tty;   /* enum plan_tty */
	bool raw;       /* the outer terminal is in raw mode now */
	bool can_raw;   /* standard input and output are terminals */
	bool in_tty;    /* in is a terminal */
	bool behind;    /* it belongs to another job now */
	bool line_open; /* what was read last does not end a line */
	bool hung_up;   /* the outer terminal is gone, or nobody reads the output any more */
	bool have_saved;
	struct termios saved;     /* of the outer terminal */
	struct proxy_stream up;   /* outside -> sandbox */
	struct proxy_stream down; /* sandbox -> outside */
};

/* Which of 0-2 are terminals: enum plan_tty. */
uint32_t proxy_terminals(void);

/* Before the sandbox starts. tty: enum plan_tty of the plan. */
void proxy_init(struct proxy *x, uint32_t tty);

/* Takes the master; sets its modes and window size. 0 or -errno. */
int proxy_start(struct proxy *x, int master, struct err *e);

void proxy_window_size(struct proxy *x);

/*
 * Before each poll(2): takes the terminal when this job was brought to the front, which a shell does not tell
 * a running one. Milliseconds after which to ask again, or -1.
 */
int proxy_wait(struct proxy *x);

/* Fills pfd[PROXY_POLL] for poll(2); unused ones have fd -1. */
void proxy_poll_set(const struct proxy *x, struct pollfd *pfd);

/* After poll(2): moves what can be moved. */
void proxy_move(struct proxy *x, const struct pollfd *pfd);

/* Everything that the sandbox still has written, after its end; bounded in time. */
void proxy_drain(struct proxy *x);

/* The outer terminal as it was, and back to raw. Raw only in the foreground. */
void proxy_suspend(struct proxy *x);
void proxy_resume(struct proxy *x);

/* Restores the terminal and closes. */
void proxy_end(struct proxy *x);
