/*
 * exec_client.h - the outer end of sandbox/session.h: passes signals on, copies the terminal, waits. Not
 * pure.
 */
#pragma once

#include <sys/types.h>

#include "common/err.h"
#include "sandbox/session_request.h"

/*
 * Has the sandbox behind conn (state_connect(), borrowed) start the command with our standard descriptors.
 * starter: getppid(2) when croft began. Returns its exit status, or -errno with *e. The command is killed
 * when this process ends.
 */
int exec_client(int conn, const struct request *q, pid_t starter, struct err *e);
