/*
 * signals.h - the signals of a croft that waits for a command. Not pure.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "common/err.h"

/*
 * Should: every signal waits in the signalfd that is returned, from before there is a child; SIGCHLD has its
 * default, since ignored it would reap the child behind our back. Faults and the job control of a background
 * terminal stay as they are. ignored: what was when croft started, and is not passed on (nohup). -errno.
 */
int signals_take(bool ignored[NSIG], struct err *e);

/*
 * Stops as the terminal's job control would have it (whom: kill(2)), and comes back when the job goes on: at
 * once where nobody could continue it (the kernel stops no orphaned process group) or where the caller
 * ignores that signal.
 */
void signals_stop(pid_t whom);
