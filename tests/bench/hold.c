/* A command that rests: says that it is there, one byte, and ends when its standard input does. */
#include <stdnoreturn.h>

#include "raw.h"

void start_here(void);

__attribute__((used)) noreturn void start_here(void)
{
	char c = '.';

	raw(__NR_write, 1, (long)&c, 1, 0, 0, 0);
	while (raw(__NR_read, 0, (long)&c, 1, 0, 0, 0) > 0)
		;
	for (;;)
		raw(__NR_exit_group, 0, 0, 0, 0, 0, 0);
}
