/*
 * terminal.h - the sandbox's own terminal: a pty of its devpts, never the caller's. Not pure.
 *
 * So nothing inside can push characters into the caller's terminal (TIOCSTI, TIOCLINUX; CVE-2017-5226) or
 * change its modes.
 */
#pragma once

#include "common/err.h"
#include "sandbox/gifts.h"
#include "sandbox/plan.h"

/*
 * A pty of /dev/pts of root, whose slave is the controlling terminal of this session from now on; this
 * process must be its leader. 0 or -errno.
 */
int terminal_open(int root, int *ret_master, int *ret_slave, struct err *e);

/*
 * Opens one, binds it on /dev/console, gives it to the user inside, and sends the master over sock
 * (msg.h). *ret_slave is -1 when the plan has no terminal. 0 or -errno.
 */
int terminal_make(const struct plan *p, int root, struct gifts *gifts, int sock, int *ret_slave,
		  struct err *e);

/* Connects standard input, output and error, as the plan says, to the slave. 0 or -errno. */
int terminal_connect(const struct plan *p, int slave, struct err *e);
