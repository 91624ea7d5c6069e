/*
 * Usage: parallel JOBS STARTS COMMAND ARGUMENT...
 * Starts the command STARTS times, JOBS at once: when one ends, the next begins. Prints the nanoseconds from
 * the first start to the last end. A command that does not end with status 0 ends all.
 */
#include "spawn.h"

enum { JOBS_MAX = 1024, STARTS_MAX = 1000000 };

int main(int argc, char *argv[])
{
	int jobs = argc > 3 ? atoi(argv[1]) : 0, starts = argc > 3 ? atoi(argv[2]) : 0, begun = 0;
	posix_spawn_file_actions_t files;
	struct rusage used;
	long long begin;

	if (jobs < 1 || jobs > JOBS_MAX || starts < jobs || starts > STARTS_MAX) {
		fputs("usage: parallel JOBS STARTS COMMAND ARGUMENT...\n", stderr);
		return 2;
	}
	no_input_or_output(&files);
	begin = now();
	while (begun < jobs) {
		start(argv + 3, &files);
		begun++;
	}
	for (int ended = 0; ended < starts; ended++) {
		need_success(argv[3], wait_for(-1, &used));
		if (begun < starts) {
			start(argv + 3, &files);
			begun++;
		}
	}
	printf("%lld\n", now() - begin);
	return 0;
}
