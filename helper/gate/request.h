/*
 * request.h - what the caller asks for: his arguments, and the plan in his descriptor. Not pure.
 */
#pragma once

#include "common/arena.h"
#include "common/err.h"
#include "sandbox/plan.h"

/* Room for the encoded plan and the decoded one. */
enum { REQUEST_ARENA = 8 * PLAN_BYTES_MAX };

/* croft-gate SOCKET PLAN: two different descriptors from 3 on. 0 or -EINVAL with the status. */
int request_parse(int argc, char **argv, int *ret_sock, int *ret_plan, struct err *e);

/* Whether fd is a socket as croft makes it: nothing that waits. 0 or -errno. */
int request_socket(int fd, struct err *e);

/*
 * Reads the plan out of a memfd that is sealed against writing and changing its size (memfd_create(2)): it
 * cannot change any more, and reading it waits for nobody. 0 or -errno.
 */
int request_read(int fd, struct arena *a, struct plan *ret, struct err *e);
