/*
 * rights.h - sends a packet with descriptors, more of them than croft ever does. Not pure: sendmsg(2).
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

enum { RIGHTS_MAX = 8 };

/* size bytes of data with nfds copies of fd, at most RIGHTS_MAX, without SIGPIPE. What sendmsg(2) returns. */
ssize_t rights_send(int sock, const void *data, size_t size, int fd, size_t nfds);
