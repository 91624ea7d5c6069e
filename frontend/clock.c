#include "frontend/clock.h"

#include <limits.h>
#include <time.h>

int64_t clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int clock_sooner(int a, int b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

int clock_shorter(int wait, int64_t moment)
{
	int64_t left;

	if (moment < 0)
		return wait;
	left = moment - clock_ms();
	if (left < 0)
		return 0;
	return clock_sooner(wait, left > INT_MAX ? INT_MAX : (int)left);
}
