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
 * Opens a pty in /dev/pts of root, binds it on /dev/console, gives it to the user inside, makes it the
 * controlling terminal of this session, whose leader this process must be, and sends the master over sock
 * (msg.h). *ret_slave is -1 when the plan has no terminal. 0 or -errno.
 */
int terminal_make(const struct plan *p, int root, struct gifts *gifts, int sock, int *ret_slave,
		  struct err *e);

/* Connects standard input, output and error, as the plan says, to the slave. 0 or -errno. */
int terminal_connect(const struct plan *p, int slave, struct err *e);
