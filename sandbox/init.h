/*
 * init.h - the sandbox's tiny init: pid 1. Not pure.
 *
 * It reaps, passes signals on to the command, and ends, with the whole pid namespace, when the command ends.
 * It holds no descriptor but the socket to the supervisor, and only when there is a terminal, or somebody
 * wants to hear of the end or to run more commands; no capability and no id that the command does not hold;
 * and its maker has made it not dumpable.
 */
#pragma once

#include <sys/types.h>

/* Runs in a process of its own that init has forked: serves one connection (session.h), and ends. */
typedef void init_serve(void *ctx, int conn);

/* command: its process. serve: NULL, or for each SESSION that comes over sock. sock: inner end of msg.h, or
 * -1. Every signal must be blocked. Returns only where it cannot close the other descriptors, before any:
 * -errno. */
int init_main(pid_t command, int sock, init_serve *serve, void *ctx);
