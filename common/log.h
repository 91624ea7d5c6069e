/*
 * log.h - one line to the system log (auth facility), RFC 3164 over /dev/log. Not pure.
 *
 * Never blocks and never fails the caller: where no daemon listens the line is lost.
 */
#pragma once

enum log_priority { LOG_REFUSED = 4 /* warning */, LOG_GRANTED = 6 /* info */ };

/* program[pid]: text, with every control character escaped, cut at 900 bytes. Keeps errno. */
void log_auth(enum log_priority prio, const char *program, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
