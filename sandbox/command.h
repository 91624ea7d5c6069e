/*
 * command.h - from the finished sandbox to the command. Not pure.
 */
#pragma once

#include "common/err.h"
#include "sandbox/plan.h"

/*
 * Signals to their defaults with an empty mask, umask 022, the working directory, then execve(2); the command
 * is looked up in the PATH of the plan's environment. Returns only on failure: -errno with *e and the exit
 * status 126 (found but not executable) or 127 (not found), or 125.
 */
int command_exec(const struct plan *p, struct err *e);
