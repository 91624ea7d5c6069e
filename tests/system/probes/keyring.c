/*
 * keyring hold NAME PROGRAM ARGS... - execs PROGRAM with a new session keyring that holds a key NAME.
 * keyring full PROGRAM ARGS... - the same with as many keys as the user may have.
 * keyring open RING NAME PROGRAM ARGS... - the same with a keyring called RING, open to everybody, that holds
 * NAME. keyring join RING PROGRAM ARGS... - the same with the keyring called RING, its own or somebody
 * else's. keyring find NAME - whether the session keyring has a key NAME: prints yes or no. Exits 121 when it
 * cannot.
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

static int fill(void)
{
	char name[32];

	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0)
		return -1;
	for (unsigned i = 0;; i++) {
		snprintf(name, sizeof(name), "%u", i);
		if (syscall(SYS_add_key, "user", name, "x", 1, KEY_SPEC_SESSION_KEYRING) < 0)
			return errno == EDQUOT ? 0 : -1;
	}
}

static int open_to_all(const char *ring, const char *name)
{
	const long all =
		0x3f3f3f3f; /* every right for possessor, user, group and others: keyctl_setperm(3) */

	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, ring) < 0 ||
	    syscall(SYS_keyctl, KEYCTL_SETPERM, KEY_SPEC_SESSION_KEYRING, all) < 0)
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
	if (argc > 2 && !strcmp(argv[1], "full") && fill() == 0)
		execv(argv[2], argv + 2);
	if (argc > 4 && !strcmp(argv[1], "open") && open_to_all(argv[2], argv[3]) == 0)
		execv(argv[4], argv + 4);
	if (argc > 3 && !strcmp(argv[1], "join") &&
	    syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, argv[2]) >= 0)
		execv(argv[3], argv + 3);
	perror("keyring");
	return 121;
}
