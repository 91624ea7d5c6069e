/*
 * fault -u USER [-o FD] [-e COMMAND] [-f PROCESS CALL NTH ERRNO] PROGRAM ARGS... - runs PROGRAM as USER and
 * makes one of the system calls fail that it and its children make before COMMAND is executed: the NTH of
 * that name in that process. NTH 0 is every one, PROCESS "*" each process. Programs stay privileged: the
 * filter is root's, so it needs no no_new_privs.
 *
 * A process is called by its birth and its program: "croft" is the first, "croft/1" its second child, and
 * "croft/1:croft-idmap" what that became by execve(2). To descriptor FD it writes a line each: "call PROCESS
 * CALL NTH" without -f, in the order in which they are made; "injected"; "executed COMMAND"; "status N" of
 * PROGRAM as in $?, "killed SIGNAL" instead; "hang" when it took too long; "left PROCESS" for each that
 * outlived it. Exits 121 when it cannot.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "callnames.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif

enum { CALLS = 512, PROCESSES = 64, NAME = 96, CANNOT = 121, RUN_MS = 15000, LEAVE_MS = 4000, PAGE = 4096 };

struct process {
	pid_t pid, parent;
	char born[NAME], name[NAME], exe[NAME];
	bool forking, executing;
	int children;
	unsigned short made[CALLS];
};

struct fault {
	const char *process; /* NULL: none */
	int call, code;
	long nth;
};

static struct process process[PROCESSES];
static size_t processes;
static struct fault fault;
static const char *command = "";
static FILE *out;
static bool over; /* the command is executed: everything is let through */

static _Noreturn void die(const char *what)
{
	perror(what);
	exit(CANNOT);
}

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000L + t.tv_nsec / 1000000;
}

static const char *call_name(int nr)
{
	for (size_t i = 0; i < sizeof(callname) / sizeof(callname[0]); i++)
		if (callname[i].nr == nr)
			return callname[i].name;
	return "unknown";
}

static int call_number(const char *name)
{
	for (size_t i = 0; i < sizeof(callname) / sizeof(callname[0]); i++)
		if (!strcmp(callname[i].name, name))
			return callname[i].nr;
	fprintf(stderr, "fault: %s is no system call\n", name);
	exit(CANNOT);
}

/* --- who is who -------------------------------------------------------------------------------------- */

static void program_of(pid_t pid, char *ret)
{
	char path[64], link[PAGE];
	const char *base;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	n = readlink(path, link, sizeof(link) - 1);
	link[n < 0 ? 0 : n] = '\0';
	base = strrchr(link, '/');
	snprintf(ret, NAME, "%.60s", base ? base + 1 : link);
}

static struct process *find(pid_t pid)
{
	for (size_t i = processes; i-- > 0;)
		if (process[i].pid == pid)
			return &process[i];
	return NULL;
}

static struct process *add(pid_t pid, struct process *parent, const char *name)
{
	struct process *p = &process[processes];

	if (processes == PROCESSES) {
		fprintf(stderr, "fault: more than %d processes\n", PROCESSES);
		exit(CANNOT);
	}
	processes++;
	*p = (struct process){.pid = pid, .parent = parent ? parent->pid : 0};
	if (parent)
		snprintf(p->born, NAME, "%.80s/%d", parent->name, parent->children++);
	else
		snprintf(p->born, NAME, "%s", name);
	memcpy(p->name, p->born, NAME);
	program_of(pid, p->exe);
	return p;
}

static pid_t parent_of(pid_t pid)
{
	char path[64], text[512], *p;
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	p = strrchr(text, ')');
	return p && strlen(p) > 4 ? (pid_t)atol(p + 4) : 0;
}

/* Children are numbered in the order of their birth, whoever of them speaks first. */
static void add_children(struct process *parent)
{
	char path[64];
	int pid;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", parent->pid, parent->pid);
	f = fopen(path, "re");
	if (!f)
		return;
	while (fscanf(f, "%d", &pid) == 1)
		if (!find(pid))
			add(pid, parent, NULL);
	fclose(f);
}

static struct process *who(pid_t pid)
{
	struct process *p = find(pid), *parent;
	char exe[NAME];

	if (!p) {
		parent = find(parent_of(pid));
		p = add(pid, parent, "orphan");
	}
	if (p->forking) {
		p->forking = false;
		add_children(p);
		parent = find(p->parent); /* CLONE_PARENT */
		if (parent)
			add_children(parent);
	}
	if (p->executing) {
		p->executing = false;
		program_of(pid, exe);
		if (strcmp(exe, p->exe) != 0) {
			memcpy(p->exe, exe, NAME);
			memset(p->made, 0, sizeof(p->made));
			if (p == process)
				snprintf(p->name, NAME, "%.80s", exe);
			else
				snprintf(p->name, NAME, "%.50s:%.40s", p->born, exe);
		}
	}
	return p;
}

/* --- one call ------------------------------------------------------------------------------------------- */

static bool executes_command(const struct seccomp_notif *n)
{
	char text[PAGE + 1] = "";
	const uint64_t at = n->data.args[0];
	struct iovec here = {text, PAGE - at % PAGE},
		     there = {(void *)(uintptr_t)at, PAGE - at % PAGE}; /* no page that may not be there */

	return n->data.nr == SYS_execve && process_vm_readv((pid_t)n->pid, &here, 1, &there, 1, 0) > 0 &&
	       !strcmp(text, command);
}

static bool is_meant(const struct process *p, int nr)
{
	return fault.process && fault.call == nr &&
	       (!strcmp(fault.process, "*") || !strcmp(fault.process, p->name)) &&
	       (fault.nth == 0 || fault.nth == p->made[nr]);
}

/* 0: it goes on; else the error it is answered with. */
static int judge(const struct seccomp_notif *n)
{
	const int nr = n->data.nr;
	struct process *p;

	if (over || nr < 0 || nr >= CALLS)
		return 0;
	p = who((pid_t)n->pid);
	p->made[nr]++;
	if (is_meant(p, nr)) {
		fprintf(out, "injected\n");
		return fault.code;
	}
	if (!fault.process)
		fprintf(out, "call %s %s %d\n", p->name, call_name(nr), p->made[nr]);
	if (executes_command(n)) {
		fprintf(out, "executed %s\n", command);
		over = true;
	}
	p->forking = nr == SYS_clone || nr == SYS_clone3;
#ifdef SYS_fork
	p->forking = p->forking || nr == SYS_fork || nr == SYS_vfork;
#endif
	p->executing = nr == SYS_execve || nr == SYS_execveat;
	return 0;
}

/* ioctl(2) whose request is as wide as the kernel's constants. */
static int ask(int listener, unsigned long request, void *arg)
{
	return (int)syscall(SYS_ioctl, listener, request, arg);
}

static void answer_one(int listener, struct seccomp_notif *n, size_t size)
{
	struct seccomp_notif_resp r = {0};

	memset(n, 0, size);
	if (ask(listener, SECCOMP_IOCTL_NOTIF_RECV, n) < 0)
		return; /* its maker was killed */
	r.id = n->id;
	r.error = -judge(n);
	if (!r.error)
		r.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	ask(listener, SECCOMP_IOCTL_NOTIF_SEND, &r);
}

/* --- the run ---------------------------------------------------------------------------------------------
 */

static void become(const struct passwd *pw)
{
	if (initgroups(pw->pw_name, pw->pw_gid) < 0 || setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) < 0 ||
	    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) < 0)
		die("fault: become the user");
}

/* Tells the number of the listener without a call: each waits for an answer already. */
static _Noreturn void child(const struct passwd *pw, volatile int *listener, char **argv)
{
	/* What is made without end, or cannot fail, is not worth a question. */
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigreturn, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_restart_syscall, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};
	long fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		     SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &program);
	*listener = fd < 0 ? -errno : (int)fd;
	if (fd < 0)
		_exit(CANNOT);
	become(pw);
	execv(argv[0], argv);
	die(argv[0]);
}

static int take_listener(pid_t pid, const volatile int *number)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0), fd;

	while (*number == 0)
		usleep(50);
	if (*number < 0) {
		errno = -*number;
		die("fault: load the filter");
	}
	fd = (int)syscall(SYS_pidfd_getfd, pidfd, *number, 0);
	if (fd < 0)
		die("fault: take the listener");
	close(pidfd);
	ask(fd, SECCOMP_IOCTL_NOTIF_SET_FLAGS, (void *)1UL); /* both ends on one processor; only faster */
	return fd;
}

static void kill_all(void)
{
	for (size_t i = 0; i < processes; i++)
		if (process[i].pid > 1)
			kill(process[i].pid, SIGKILL);
}

static void say_left(void)
{
	for (size_t i = 0; i < processes; i++)
		if (kill(process[i].pid, 0) == 0)
			fprintf(out, "left %s\n", process[i].name);
}

static void say_status(int status)
{
	if (WIFSIGNALED(status))
		fprintf(out, "killed %d\n", WTERMSIG(status));
	else
		fprintf(out, "status %d\n", WEXITSTATUS(status));
}

/* Until nobody is left who has the filter. */
static void serve(int listener, pid_t pid)
{
	static union {
		struct seccomp_notif n;
		char room[1024];
	} got;
	long end = now_ms() + RUN_MS;
	bool running = true, late = false;
	int status;

	for (;;) {
		struct pollfd p = {.fd = listener, .events = POLLIN};

		if (poll(&p, 1, 20) > 0 && p.revents & POLLIN)
			answer_one(listener, &got.n, sizeof(got));
		if (running && waitpid(pid, &status, WNOHANG) == pid) {
			running = false;
			say_status(status);
			end = now_ms() + LEAVE_MS;
		}
		if (p.revents & POLLHUP && !running)
			return;
		if (now_ms() < end)
			continue;
		if (late)
			exit(CANNOT); /* not even KILL */
		late = true;
		if (running)
			fprintf(out, "hang\n");
		else
			say_left();
		kill_all();
		end = now_ms() + LEAVE_MS;
	}
}

static void parse_fault(char **argv)
{
	fault = (struct fault){.process = argv[0],
			       .call = call_number(argv[1]),
			       .nth = atol(argv[2]),
			       .code = atoi(argv[3])};
}

static void run(const struct passwd *pw, char **argv)
{
	volatile int *listener =
		mmap(NULL, sizeof(*listener), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	if (listener == MAP_FAILED)
		die("fault: mmap");
	pid = fork();
	if (pid < 0)
		die("fault: fork");
	if (pid == 0)
		child(pw, listener, argv);
	add(pid, NULL, "start");
	serve(take_listener(pid, listener), pid);
}

int main(int argc, char **argv)
{
	const struct passwd *pw = NULL;
	int i = 1;

	out = stdout;
	for (; i + 1 < argc && argv[i][0] == '-'; i += 2) {
		if (argv[i][1] == 'u')
			pw = getpwnam(argv[i + 1]);
		else if (argv[i][1] == 'o' && fcntl(atoi(argv[i + 1]), F_SETFD, FD_CLOEXEC) == 0)
			out = fdopen(atoi(argv[i + 1]), "w");
		else if (argv[i][1] == 'e')
			command = argv[i + 1];
		else if (argv[i][1] == 'f' && i + 4 < argc) {
			parse_fault(argv + i + 1);
			i += 3;
		}
	}
	if (!pw || !out || i >= argc) {
		fprintf(stderr, "usage: fault -u USER [-o FD] [-e COMMAND] [-f PROCESS CALL NTH ERRNO] "
				"PROGRAM ARGS...\n");
		return CANNOT;
	}
	run(pw, argv + i);
	return fflush(out) != 0 ? CANNOT : 0;
}
