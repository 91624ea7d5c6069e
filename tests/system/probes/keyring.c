/*
 * keyring hold NAME PROGRAM ARGS... - execs PROGRAM with a new session keyring that holds a key NAME.
 * keyring find NAME - whether the session keyring has a key NAME: prints yes or no.
 * Exits 121 when it cannot.
 */
#include <errno.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int hold(const char *name)
{
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0)
		return -1;
	return syscall(SYS_add_key, "user", name, "secret", 6, KEY_SPEC_SESSION_KEYRING) < 0 ? -1 : 0;
}

static int find(const char *name)
{
	if (syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user", name, 0) >= 0)
		return puts("yes") < 0;
	if (errno == ENOKEY)
		return puts("no") < 0;
	perror("keyring: search");
	return 121;
}

int main(int argc, char *argv[])
{
	if (argc == 3 && !strcmp(argv[1], "find"))
		return find(argv[2]);
	if (argc > 3 && !strcmp(argv[1], "hold") && hold(argv[2]) == 0)
		execv(argv[3], argv + 3);
	perror("keyring");
	return 121;
}
