#include "sandbox/command.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/text.h"
#include "sandbox/limits.h"
#include "sandbox/seccomp.h"

static const char default_path[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

static int enter_directory(const struct plan *p, struct err *e)
{
	/* No magic links: /proc/self/fd/N or /proc/PID/cwd could lead out (CVE-2024-21626). */
	fd_auto int fd = fd_openat2(AT_FDCWD, p->cwd, O_PATH | O_DIRECTORY, 0, RESOLVE_NO_MAGICLINKS);

	if (fd >= 0 && fchdir(fd) == 0)
		return 0;
	if (p->cwd_asked)
		return err_sys(e, "enter the working directory %s", QUOTE(p->cwd));
	return chdir("/") < 0 ? err_sys(e, "enter /") : 0;
}

/* Not by sigaction(3): libc keeps some numbers to itself (musl 32 to 34) and would leave them as the
 * caller's.
 */
static void default_signals(void)
{
	const unsigned long dfl[16] = {0}; /* SIG_DFL in the kernel's struct sigaction, sigaction(2) NOTES */
	sigset_t none;

	for (int sig = 1; sig < _NSIG; sig++)
		syscall(SYS_rt_sigaction, sig, dfl, NULL, _NSIG / 8);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static const char *search_path(const struct plan *p)
{
	for (uint32_t i = 0; i < p->env.count; i++)
		if (text_starts(p->env.item[i], "PATH="))
			return p->env.item[i] + strlen("PATH=");
	return default_path;
}

/* execve; where it says ENOENT of a file that is there, its interpreter is missing: ELIBBAD then. Returns
 * errno. */
static int try_exec(const char *path, char *const argv[], const struct plan *p)
{
	int code;

	execve(path, argv, (char *const *)(uintptr_t)p->env.item);
	code = errno; /* the next call may be refused by the caller's filter */
	return code == ENOENT && faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ? ELIBBAD : code;
}

/* As execvp(3): EACCES of one directory does not end the search, but is what is reported when nothing is
 * found. */
static int try_path(const char *name, char *const argv[], const struct plan *p)
{
	const char *dir = search_path(p);
	int worst = ENOENT;

	for (;;) {
		size_t n = strcspn(dir, ":");
		char path[PATH_MAX];
		int code = ENAMETOOLONG;

		if ((size_t)snprintf(path, sizeof(path), "%.*s%s%s", (int)n, dir, n ? "/" : "./", name) <
		    sizeof(path))
			code = try_exec(path, argv, p);
		if (code != ENOENT && code != ENOTDIR && code != EACCES && code != ENAMETOOLONG)
			return code;
		if (code == EACCES)
			worst = EACCES;
		if (!dir[n])
			break;
		dir += n + 1;
	}
	return worst;
}

static int not_executed(int code, const char *name, struct err *e)
{
	if (code == ENOENT || code == ENOTDIR) {
		err_set(e, code, "run %s: not found in the sandbox", QUOTE(name));
		return err_status(e, EXIT_NOT_FOUND);
	}
	if (code == ELIBBAD)
		err_set(e, code, "run %s: it is there, but the interpreter that it names is not",
			QUOTE(name));
	else
		err_set(e, code, "run %s: %s", QUOTE(name), strerror(code));
	return err_status(e, EXIT_NOT_EXEC);
}

/* /bin/bash -l where the root has it, else /bin/sh -l. */
static int login_shell(const struct plan *p, struct err *e)
{
	static const char *const shell[] = {"/bin/bash", "/bin/sh"};
	int code = ENOENT;

	for (int i = 0; i < 2 && code == ENOENT; i++) {
		char *const argv[] = {(char *)(uintptr_t)shell[i], (char *)(uintptr_t) "-l", NULL};

		code = try_exec(shell[i], argv, p);
	}
	return not_executed(code, "a login shell (/bin/bash, /bin/sh)", e);
}

int command_exec(const struct plan *p, struct err *e)
{
	char *const *argv = (char *const *)(uintptr_t)p->argv.item;
	int r;

	umask(022);
	r = enter_directory(p, e);
	if (r == 0)
		r = limits_apply(p, e);
	if (r < 0)
		return r;
	default_signals();
	if (!confine_seccomp_early(p) && confine_seccomp(p, e) < 0)
		return -e->code;
	if (p->argv.count == 0)
		return login_shell(p, e);
	if (!argv[0][0])
		return not_executed(ENOENT, argv[0], e);
	return not_executed(strchr(argv[0], '/') ? try_exec(argv[0], argv, p) : try_path(argv[0], argv, p),
			    argv[0], e);
}
