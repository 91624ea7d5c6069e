/*
 * naive copy TEXT | naive - what privileged programs did wrong, for the tests to see their attacks work.
 * copy: TEXT into a buffer without a look at its length. Started without any argument, not even its own name:
 * says what lies where the first would be; the list and the environment lie behind each other.
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

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "copy")) {
		copy(argv[2]);
		return fflush(stdout) != 0;
	}
	if (argc == 0)
		return puts(argv[1]) < 0;
	fputs("usage: naive copy TEXT | naive\n", stderr);
	return 121;
}
