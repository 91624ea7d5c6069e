/*
 * relay.h - what happens to a croft that waits for a command, passed on to it: signals, what is typed, the
 * end of whoever started croft. `croft run` and `croft exec` share it. Not pure.
 */
#pragma once

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/err.h"
#include "frontend/terminal_proxy.h"

enum { RELAY_POLL = 2 + PROXY_POLL };

/* Sends the command a signal. */
typedef void relay_send(void *ctx, int sig);

/* Large: make it static. The caller sets grace_ms and stop_for_tstp. */
struct relay {
	int signals;        /* signalfd, or -1 */
	int parent;         /* the process that started croft; or -1 */
	bool ignored[NSIG]; /* when croft started: not passed on (nohup) */
	int terms;          /* TERM signals so far */
	int64_t deadline;   /* when KILL is sent: monotonic milliseconds, or -1 */
	uint32_t grace_ms;  /* from the first TERM to that */
	bool stop_for_tstp; /* the command gets STOP for TSTP */
	relay_send *send;
	void *ctx;
	struct proxy proxy;
};

/* *r is all zero before, but for what the caller sets. tty: proxy_init(). */
void relay_init(struct relay *r, uint32_t tty, relay_send *send, void *ctx);

/* signals_take(). 0 or -errno. */
int relay_take_signals(struct relay *r, struct err *e);

/* Ends the command with the process starter, unless HUP was ignored (nohup). */
void relay_tie(struct relay *r, pid_t starter);

/* As if somebody had sent TERM, and again: KILL. */
void relay_stop(struct relay *r);
void relay_stop_again(struct relay *r);

/* Takes the other end of the command's terminal, of which there is one; -1 is none. 0, or -1, with a sentence
 * where it did not start. */
int relay_terminal(struct relay *r, int master, struct err *e);

/* The command was stopped by its own terminal: the caller's shell gets its prompt back. */
void relay_stopped(struct relay *r);

/* For poll(2): the time until there is something to do, what to wait for, and what to do then. */
int relay_wait(struct relay *r);
void relay_poll_set(struct relay *r, struct pollfd p[RELAY_POLL]);
void relay_turn(struct relay *r, const struct pollfd p[RELAY_POLL]);
