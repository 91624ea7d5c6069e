/*
 * signals.h - the signals that ask a program to end: noticed, so that it can tidy up first. Not pure.
 */
#pragma once

#include <stdbool.h>

/*
 * From now on INT, TERM, HUP and QUIT are only remembered (one that was ignored stays ignored), and a write
 * to a closed pipe or beyond a limit is an error, not the end.
 */
void signals_install(void);
bool signals_caught(void);
/* Ends this process by the signal that came, as whoever sent it expects; returns when none did. */
void signals_end(void);
