/*
 * nasty STATE[,STATE] PROGRAM ARGS... - enters hostile start states and then execs PROGRAM: the things that a
 * caller can prepare for a privileged program (inherited over execve(2)). Exits 121 when a state cannot be
 * entered.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LONG = 100 * 1024, MANY = 1000 };

/* What execve gets. */
static char **argv_now, **env_now;
static const char *file_now;

static void die(const char *what)
{
	perror(what);
	exit(121);
}

static void limit(int which, rlim_t value)
{
	const struct rlimit l = {value, value};

	if (setrlimit(which, &l) < 0)
		die("setrlimit");
}

static char *filled(size_t n, const char *prefix)
{
	char *s = malloc(n + strlen(prefix) + 1);

	if (!s)
		die("malloc");
	strcpy(s, prefix);
	memset(s + strlen(prefix), 'A', n);
	s[strlen(prefix) + n] = '\0';
	return s;
}

static size_t count(char **list)
{
	size_t n = 0;

	while (list[n])
		n++;
	return n;
}

/* Takes text, which is never freed: execve ends it all. */
static char **with(char **list, size_t more, char *text)
{
	size_t n = count(list);
	char **longer = calloc(n + more + 1, sizeof(*longer));

	if (!longer)
		die("calloc");
	memcpy(longer, list, n * sizeof(*list));
	for (size_t i = 0; i < more; i++)
		longer[n + i] = text;
	return longer;
}

static void close0(void)
{
	close(0);
}

static void close1(void)
{
	close(1);
}

static void close2(void)
{
	close(2);
}

static void closeall(void)
{
	close(0);
	close(1);
	close(2);
}

static void fsize(void)
{
	limit(RLIMIT_FSIZE, 0);
}

static void nofile(void)
{
	limit(RLIMIT_NOFILE, 5);
}

static void nofile0(void)
{
	limit(RLIMIT_NOFILE, 0);
}

static void nproc(void)
{
	limit(RLIMIT_NPROC, 0);
}

static void as(void)
{
	limit(RLIMIT_AS, 8 << 20);
}

static void stack(void)
{
	limit(RLIMIT_STACK, 64 << 10);
}

static void data(void)
{
	limit(RLIMIT_DATA, 1 << 20);
}

static void memlock(void)
{
	limit(RLIMIT_MEMLOCK, 0);
}

static void sigpending_(void)
{
	sigset_t all;

	limit(RLIMIT_SIGPENDING, 0);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	raise(SIGTERM);
	raise(SIGALRM);
	raise(SIGUSR1);
	raise(SIGXFSZ);
	raise(SIGPIPE);
}

static void alarm_(void)
{
	const struct itimerval soon = {.it_value = {.tv_usec = 300}, .it_interval = {.tv_usec = 100}};

	setitimer(ITIMER_REAL, &soon, NULL);
}

static void chldign(void)
{
	signal(SIGCHLD, SIG_IGN);
}

static void sigign(void)
{
	for (int s = 1; s < 65; s++)
		signal(s, SIG_IGN);
}

static void argc0(void)
{
	argv_now += count(argv_now);
}

static void argvlong(void)
{
	argv_now = with(argv_now, 1, filled(LONG, ""));
}

static void argvmany(void)
{
	argv_now = with(argv_now, MANY, strdup("x"));
}

static void argv0(void)
{
	argv_now[0] = filled(LONG, "\033[31m%s%n\n");
}

static void env(void)
{
	static const char *const evil[] = {"LD_PRELOAD=/tmp/evil.so",
					   "LD_LIBRARY_PATH=/tmp",
					   "LD_AUDIT=/tmp/evil.so",
					   "GLIBC_TUNABLES=glibc.malloc.check=3:glibc.malloc.check=3",
					   "MALLOC_CHECK_=3",
					   "LANGUAGE=xx",
					   "LOCPATH=/tmp",
					   "TZ=/tmp/evil",
					   "HOME=/tmp",
					   "PATH=/tmp",
					   "no equals sign",
					   "=",
					   ""};

	for (size_t i = 0; i < sizeof(evil) / sizeof(evil[0]); i++)
		env_now = with(env_now, 1, strdup(evil[i]));
}

static void envhuge(void)
{
	env();
	for (int i = 0; i < 10; i++)
		env_now = with(env_now, 1, filled(LONG, "LD_HUGE="));
	env_now = with(env_now, MANY, strdup("A=B"));
}

static void umask0(void)
{
	umask(0);
}

static void umask777(void)
{
	umask(0777);
}

static void cwdgone(void)
{
	char path[] = "/tmp/nasty-XXXXXX";

	if (!mkdtemp(path) || chdir(path) < 0 || rmdir(path) < 0)
		die("cwdgone");
}

static void nnp(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		die("nnp");
}

static void name(void)
{
	prctl(PR_SET_NAME, ") R 1 1 1");
}

static void fds(void)
{
	for (int i = 0; i < 200; i++)
		if (open(i % 2 ? "/" : "/etc/passwd", O_RDONLY) < 0)
			die("fds");
}

/* Another process shares our working directory and umask: execve then gives no privilege. */
static void sharefs(void)
{
	pid_t parent = getpid();
	long pid = syscall(SYS_clone, CLONE_FS | SIGCHLD, 0, 0, 0, 0);

	if (pid < 0)
		die("sharefs");
	if (pid > 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (getppid() == parent)
		pause();
	_exit(0);
}

static void traced(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, 0, 0) < 0)
			die("traced");
		return;
	}
	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status))
		ptrace(PTRACE_CONT, pid, 0, WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status));
	exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

/* The stack of a program that has not begun: argc, the list and its NULL, the environment. Two words are
 * taken off. */
static void take_arguments_off(pid_t pid)
{
	struct user_regs_struct regs;
	struct iovec v = {&regs, sizeof(regs)};
	uintptr_t sp;

	if (ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &v) < 0)
		die("noargs: read the registers");
#ifdef __x86_64__
	sp = regs.rsp += 2 * sizeof(long); /* two, so that it stays a multiple of 16 */
#else
	sp = regs.sp += 2 * sizeof(long);
#endif
	if (ptrace(PTRACE_POKEDATA, pid, (void *)sp, 0) < 0 ||
	    ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &v) < 0)
		die("noargs: write the stack");
}

/* As argc0, on a kernel before Linux 5.18, which puts no empty word there: argc is 0, argv[0] is NULL. */
static void noargs(void)
{
	static char word[] = "x";
	static char *two[] = {word, word, NULL};
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		argv_now = two;
		if (ptrace(PTRACE_TRACEME, 0, 0, 0) < 0)
			die("noargs");
		return;
	}
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		exit(121);
	take_arguments_off(pid);
	if (ptrace(PTRACE_DETACH, pid, 0, 0) < 0 || waitpid(pid, &status, 0) != pid)
		die("noargs: wait");
	if (WIFSIGNALED(status))
		raise(WTERMSIG(status));
	exit(WEXITSTATUS(status));
}

static const struct {
	const char *name;
	void (*enter)(void);
} state[] = {
	{"close0", close0},     {"close1", close1},   {"close2", close2},
	{"closeall", closeall}, {"fsize", fsize},     {"nofile", nofile},
	{"nofile0", nofile0},   {"nproc", nproc},     {"as", as},
	{"stack", stack},       {"data", data},       {"memlock", memlock},
	{"alarm", alarm_},      {"chldign", chldign}, {"sigpending", sigpending_},
	{"sigign", sigign},     {"argc0", argc0},     {"argvlong", argvlong},
	{"argvmany", argvmany}, {"envhuge", envhuge}, {"argv0", argv0},
	{"env", env},           {"umask0", umask0},   {"umask777", umask777},
	{"cwdgone", cwdgone},   {"traced", traced},   {"sharefs", sharefs},
	{"nnp", nnp},           {"fds", fds},         {"name", name},
	{"noargs", noargs},
};

static void enter(const char *wanted)
{
	for (size_t i = 0; i < sizeof(state) / sizeof(state[0]); i++)
		if (!strcmp(wanted, state[i].name)) {
			state[i].enter();
			return;
		}
	fprintf(stderr, "nasty: no state %s\n", wanted);
	exit(121);
}

int main(int argc, char **argv)
{
	if (argc < 3) {
		fputs("usage: nasty STATE[,STATE] PROGRAM ARGS...\n", stderr);
		return 121;
	}
	file_now = argv[2];
	argv_now = argv + 2;
	env_now = environ;
	for (char *s = strtok(argv[1], ","); s; s = strtok(NULL, ","))
		enter(s);
	execve(file_now, argv_now, env_now);
	die(file_now);
	return 121;
}
