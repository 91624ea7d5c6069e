/*
 * msg.h - what the two ends of a start say to each other, over a SOCK_SEQPACKET pair. Not pure.
 *
 * The outer end (the supervisor) sends GO once the id maps are written. The inner end sends READY just before
 * the command runs, TERMINAL with the master of the sandbox's terminal, ERROR with a struct err, STOPPED when
 * the command was stopped by its terminal. croft-gate sends CHILD with a pidfd of the
 * process that it made. Where the plan says `report`, ROOT and MOUNTS say how far it is, EXEC comes just
 * before the command runs, with the end of a pipe that closes when it does, and ENDED says what init saw of
 * its end. Over connections of
 * their own croft exec, stop, logs and attach speak with the supervisor of a sandbox with a name, and with
 * session.h. MADE, with a descriptor, is for a pair of their own (maker.h). The inner end closes on exec.
 */
#pragma once

#include <stdint.h>

#include "common/err.h"

enum msg_type {
	MSG_GO = 1,
	MSG_NOTE,
	MSG_TERMINAL,
	MSG_ERROR,
	MSG_STOPPED,
	MSG_CHILD,
	MSG_MADE,
	MSG_ROOT,
	MSG_MOUNTS,
	MSG_EXEC,
	MSG_ENDED,
	MSG_SESSION, /* a connection to be served by a session; asks the supervisor for one */
	MSG_FD,      /* a descriptor */
	MSG_REQUEST, /* session_request.h, in a file */
	MSG_SIGNAL,  /* err.code is one for the command */
	MSG_STOP,    /* asks the supervisor to end the sandbox, and as WAIT */
	MSG_WAIT,    /* asks him for ENDED when it has */
	MSG_ATTACH,  /* as WAIT, and for the command's standard input (FD) */
	MSG_LAST = MSG_ATTACH
};

struct msg {
	uint32_t type; /* enum msg_type */
	/* MSG_ERROR; MSG_NOTE: a sentence to print, no failure; MSG_ENDED: the status, and in code the signal
	 * or 0; MSG_SIGNAL. */
	struct err err;
};

/* Sends one message and, when fd >= 0, a descriptor with it. e may be NULL. 0 or -errno; -EAGAIN where
 * the other end leaves too much unread; never blocks, never raises SIGPIPE. */
int msg_send(int sock, enum msg_type type, const struct err *e, int fd);

/*
 * Receives one. *ret_fd is a descriptor the caller now owns, or -1. Returns 1, 0 at the end of the
 * connection, or -errno (-EAGAIN with flags MSG_DONTWAIT, -EBADMSG for anything that is no message: an
 * unknown type, a sentence too much or too little, an error without a code, two descriptors; nothing of it
 * stays).
 */
int msg_receive(int sock, int flags, struct msg *ret, int *ret_fd);
