/*
 * log.h - one line to the system log (auth facility), RFC 3164 over /dev/log. Not pure.
 *
 * Never blocks: what the daemon does not take soon is not logged, and the caller hears of it.
 */
#pragma once

enum log_priority { LOG_REFUSED = 4 /* warning */, LOG_GRANTED = 6 /* info */ };

/* program[pid]: text, with every control character escaped, cut at 900 bytes. Keeps errno. 0; -ENOENT where
 * this host has no system log; -errno where it did not take the line within LOG_MS. */
enum { LOG_MS = 500 };
int log_auth(enum log_priority prio, const char *program, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
