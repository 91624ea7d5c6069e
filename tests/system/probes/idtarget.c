/*
 * idtarget STATE[,STATE] PROGRAM ARGS... - makes a process in a new user namespace, starts PROGRAM with a
 * descriptor of its /proc/PID (the argument @ becomes its number), and prints what the maps are then:
 *     uid_map 0 1000 1,1 100000 65536
 *     gid_map ...
 *     setgroups allow
 * Exits with PROGRAM's status (128 + n for a signal), 120 when it could not make the target.
 *
 * States: plain; mapped (own ids already); deny (setgroups denied by the target); none (no namespace of its
 * own); grandchild; zombie; dead; nodump; covered (uid_map, below a mount); coveredns (the folder ns, the
 * same); name (a hostile process name); thread; fd=N (the descriptor gets number N); proc=PATH (a descriptor
 * of PATH instead); maponfd2 (standard error is the target's uid_map, opened by the caller).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct wanted {
	int mapped, deny, none, grandchild, zombie, dead, nodump, covered, coveredns, name, thread,
		map_on_fd2;
	int fd;
	const char *proc;
	int kill_after, squeeze_after, look_after; /* microseconds, or -1 */
};

static void die(const char *what)
{
	perror(what);
	exit(120);
}

static void put(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		die(file);
	close(fd);
}

static void map_self(uid_t uid, gid_t gid)
{
	char text[64];

	put("/proc/self/setgroups", "deny");
	snprintf(text, sizeof(text), "0 %u 1", gid);
	put("/proc/self/gid_map", text);
	snprintf(text, sizeof(text), "0 %u 1", uid);
	put("/proc/self/uid_map", text);
}

static int send_fd(int sock, int fd)
{
	char byte = 0;
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(sizeof(int))];
	} c = {.h = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
	struct iovec iov = {&byte, 1};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof(c)};

	memcpy(CMSG_DATA(&c.h), &fd, sizeof(int));
	return sendmsg(sock, &m, 0) == 1 ? 0 : -1;
}

static int receive_fd(int sock)
{
	char byte;
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(sizeof(int))];
	} c;
	struct iovec iov = {&byte, 1};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof(c)};
	int fd;

	if (recvmsg(sock, &m, 0) != 1 || m.msg_controllen < CMSG_LEN(sizeof(int)))
		return -1;
	memcpy(&fd, CMSG_DATA(&c.h), sizeof(int));
	return fd;
}

/* Its own mount namespace, where a file of its /proc is covered by something more pleasant. */
static void cover(int ns, pid_t pid)
{
	char path[64];

	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		die("mount");
	snprintf(path, sizeof(path), "/proc/%d/%s", pid, ns ? "ns" : "uid_map");
	if (mount(ns ? "/etc" : "/etc/passwd", path, NULL, MS_BIND, NULL) < 0)
		die("cover");
}

static void *sleep_on(void *unused)
{
	for (;;)
		pause();
	return unused;
}

/* The /proc folder of a thread that is not the process's first. */
static int open_thread(void)
{
	pthread_t t;
	DIR *d = opendir("/proc/self/task");
	struct dirent *entry;

	if (!d || pthread_create(&t, NULL, sleep_on, NULL) != 0)
		die("thread");
	while ((entry = readdir(d)))
		if (atoi(entry->d_name) > 0 && atoi(entry->d_name) != getpid())
			return openat(dirfd(d), entry->d_name, O_PATH | O_DIRECTORY);
	die("no thread");
	return -1;
}

/* The target. Says that it is ready by sending a descriptor of its /proc folder, then waits to be killed. */
static void target(const struct wanted *w, int sock)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	int fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!w->none && unshare(CLONE_NEWUSER | (w->covered || w->coveredns ? CLONE_NEWNS : 0)) < 0)
		die("unshare");
	if (w->grandchild) {
		map_self(uid, gid);
		if (unshare(CLONE_NEWUSER) < 0)
			die("unshare");
	}
	if (w->deny)
		put("/proc/self/setgroups", "deny");
	if (w->mapped)
		map_self(uid, gid);
	if (w->covered || w->coveredns)
		cover(w->coveredns, getpid());
	if (w->name)
		prctl(PR_SET_NAME, ") Z 1\nState:\tZ");
	if (w->nodump)
		prctl(PR_SET_DUMPABLE, 0);
	fd = w->thread ? open_thread() : open("/proc/self", O_PATH | O_DIRECTORY);
	if (fd < 0 || send_fd(sock, fd) < 0)
		die("send");
	if (w->zombie || w->dead)
		_exit(0);
	for (;;)
		pause();
}

static void show(int dir, const char *name)
{
	char text[16384];
	int fd = openat(dir, name, O_RDONLY);
	ssize_t n = 0, got = fd < 0 ? 0 : 1;
	int blank = 1;

	while (got > 0 && (got = read(fd, text + n, sizeof(text) - (size_t)n)) > 0)
		n += got;

	printf("%s ", name);
	for (ssize_t i = 0; i < n; i++) {
		if (text[i] == '\n' && i + 1 < n)
			putchar(',');
		else if (text[i] != ' ' && text[i] != '\n')
			putchar(text[i]);
		else if (!blank && text[i] == ' ')
			putchar(' ');
		blank = text[i] == ' ' || text[i] == '\n';
	}
	puts("");
	if (fd >= 0)
		close(fd);
}

static void parse(char *states, struct wanted *w)
{
	const struct {
		const char *name;
		int *flag;
	} flag[] = {{"mapped", &w->mapped},       {"deny", &w->deny},
		    {"none", &w->none},           {"grandchild", &w->grandchild},
		    {"zombie", &w->zombie},       {"dead", &w->dead},
		    {"nodump", &w->nodump},       {"covered", &w->covered},
		    {"coveredns", &w->coveredns}, {"name", &w->name},
		    {"maponfd2", &w->map_on_fd2}, {"thread", &w->thread}};

	for (char *s = strtok(states, ","); s; s = strtok(NULL, ",")) {
		size_t i = 0;

		while (i < sizeof(flag) / sizeof(flag[0]) && strcmp(s, flag[i].name) != 0)
			i++;
		if (i < sizeof(flag) / sizeof(flag[0]))
			*flag[i].flag = 1;
		else if (!strncmp(s, "fd=", 3))
			w->fd = atoi(s + 3);
		else if (!strncmp(s, "proc=", 5))
			w->proc = s + 5;
		else if (!strncmp(s, "kill=", 5))
			w->kill_after = atoi(s + 5);
		else if (!strncmp(s, "squeeze=", 8))
			w->squeeze_after = atoi(s + 8);
		else if (!strncmp(s, "look=", 5))
			w->look_after = atoi(s + 5);
		else if (strcmp(s, "plain") != 0)
			die(s);
	}
}

static _Noreturn void start(const struct wanted *w, int dir, char **argv)
{
	char number[16];
	int fd = w->fd, err = w->map_on_fd2 ? openat(dir, "uid_map", O_WRONLY) : -1;

	if (w->proc)
		dir = open(w->proc, O_RDONLY);
	if (w->map_on_fd2 && dup2(err, 2) < 0)
		die("maponfd2");
	if (fd == 0)
		fd = fcntl(dir, F_DUPFD, 3);
	else if (dup2(dir, fd) < 0)
		die("dup2");
	snprintf(number, sizeof(number), "%d", fd);
	for (int i = 1; argv[i]; i++)
		if (!strcmp(argv[i], "@"))
			argv[i] = number;
	execv(argv[0], argv);
	die(argv[0]);
	exit(120);
}

static void print_field(pid_t pid, const char *key)
{
	char path[64], line[256];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, key, strlen(key)))
			printf(" %.*s", (int)strcspn(line + strlen(key), "\n"), line + strlen(key));
	if (f)
		fclose(f);
}

static void look(pid_t pid)
{
	char path[64];
	int fd;

	printf("helper");
	print_field(pid, "Name:\t");
	print_field(pid, "CapPrm:\t");
	print_field(pid, "CapEff:\t");
	print_field(pid, "Uid:\t");
	puts("");
	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDWR);
	printf("mem %s\n", fd < 0 ? strerror(errno) : "open");
	if (fd >= 0)
		close(fd);
	if (ptrace(PTRACE_ATTACH, pid, 0, 0) == 0) {
		puts("attach done");
		waitpid(pid, NULL, 0);
		ptrace(PTRACE_DETACH, pid, 0, 0);
	} else {
		printf("attach %s\n", strerror(errno));
	}
}

/* 1 when it stopped, 0 when it had ended before. */
static int stop_it(pid_t pid)
{
	siginfo_t info;

	kill(pid, SIGSTOP);
	if (waitid(P_PID, (id_t)pid, &info, WSTOPPED | WEXITED | WNOWAIT) < 0)
		die("waitid");
	return info.si_code == CLD_STOPPED;
}

static void interfere(const struct wanted *w, pid_t pid)
{
	const struct rlimit few = {4, 4}, none = {0, 0};

	if (w->kill_after >= 0) {
		usleep((useconds_t)w->kill_after);
		kill(pid, SIGKILL);
	}
	if (w->squeeze_after >= 0) {
		usleep((useconds_t)w->squeeze_after);
		if (stop_it(pid)) {
			printf("squeezed %d\n", prlimit(pid, RLIMIT_FSIZE, &none, NULL) == 0 &&
							prlimit(pid, RLIMIT_NOFILE, &few, NULL) == 0);
			kill(pid, SIGCONT);
		}
	}
	if (w->look_after >= 0) {
		usleep((useconds_t)w->look_after);
		if (stop_it(pid)) {
			look(pid);
			kill(pid, SIGCONT);
		}
	}
}

/* Returns when it runs: a pipe that closes on exec says so. */
static pid_t start_helper(const struct wanted *w, int dir, char **argv)
{
	int p[2];
	pid_t pid;
	char byte;

	if (pipe2(p, O_CLOEXEC) < 0)
		die("pipe");
	pid = fork();
	if (pid == 0)
		start(w, dir, argv);
	close(p[1]);
	while (read(p[0], &byte, 1) > 0)
		;
	close(p[0]);
	return pid;
}

int main(int argc, char **argv)
{
	struct wanted w = {.fd = 0, .kill_after = -1, .squeeze_after = -1, .look_after = -1};
	int sock[2], dir, status;
	pid_t pid, helper;

	if (argc < 3)
		die("usage: idtarget STATE[,STATE] PROGRAM ARGS...");
	parse(argv[1], &w);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sock) < 0)
		die("socketpair");
	pid = fork();
	if (pid == 0) {
		close(sock[0]);
		target(&w, sock[1]);
	}
	close(sock[1]);
	dir = receive_fd(sock[0]);
	if (dir < 0)
		die("receive");
	fcntl(dir, F_SETFD, FD_CLOEXEC);
	if (w.zombie)
		waitid(P_PID, (id_t)pid, NULL, WEXITED | WNOWAIT);
	if (w.dead)
		waitpid(pid, NULL, 0);
	helper = start_helper(&w, dir, argv + 2);
	interfere(&w, helper);
	if (waitpid(helper, &status, 0) < 0)
		die("wait");
	show(dir, "uid_map");
	show(dir, "gid_map");
	show(dir, "setgroups");
	if (!w.dead) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
