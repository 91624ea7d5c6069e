/* The command that is measured: ends. */
#include <stdnoreturn.h>

#include "raw.h"

void start_here(void);

__attribute__((used)) noreturn void start_here(void)
{
	for (;;)
		raw(__NR_exit_group, 0, 0, 0, 0, 0, 0);
}
