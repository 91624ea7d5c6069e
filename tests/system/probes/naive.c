/*
 * naive copy TEXT | naive argc0 - what privileged programs did wrong, for the tests to see their attacks
 * work: copy: TEXT into a buffer without a look at its length. argc0: what a program takes for its first
 * argument where execve(2) gave it none, as before Linux 5.18: the list and the environment lie behind each
 * other.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Not inlined, and by a volatile pointer, so that no compiler sees or checks it. */
static __attribute__((noinline)) void copy(const char *text)
{
	char buffer[64];
	char *volatile to = buffer;

	for (size_t i = 0; i == 0 || text[i - 1]; i++)
		to[i] = text[i];
	puts(buffer);
}

static int begins_with_its_first_argument(char **argv)
{
	return puts(argv[1]) < 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "copy")) {
		copy(argv[2]);
		return fflush(stdout) != 0;
	}
	if (argc == 2 && !strcmp(argv[1], "argc0"))
		return begins_with_its_first_argument(argv + argc);
	fputs("usage: naive copy TEXT | naive argc0\n", stderr);
	return 121;
}
