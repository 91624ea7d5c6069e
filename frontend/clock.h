/*
 * clock.h - moments in monotonic milliseconds, and waits for poll(2), of which -1 is for ever. Not pure.
 */
#pragma once

#include <stdint.h>

int64_t clock_ms(void);

/* The shorter of two waits. */
int clock_sooner(int a, int b);

/* The shorter of a wait and the time until a moment, -1 for never. */
int clock_shorter(int wait, int64_t moment);
