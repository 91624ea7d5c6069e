/* Usage: hold FILE. Leaves its session and its parent, closes its descriptors, makes FILE and sleeps: what a
 * leftover looks like. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
	if (argc != 2)
		return 2;
	if (daemon(1, 0) < 0 || open(argv[1], O_WRONLY | O_CREAT | O_CLOEXEC, 0600) < 0)
		return 1;
	sleep(60);
	return 0;
}
