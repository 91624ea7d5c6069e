/*
 * confined [PATH...] - tells from inside what confines it, a line each, the same every time in the same
 * sandbox but for numbers of namespaces, mounts and devices: what it is, which namespaces it is in, what is
 * mounted and open, and what it was let do of what a sandbox forbids. Of each PATH it tells how much can be
 * read.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LAYERS = 32 };

/* Of a file with lines "Name:\tvalue" those that begin with one of the words; all where there is none. */
static void tell_lines(const char *path, const char *const word[])
{
	char line[4096];
	FILE *f = fopen(path, "re");

	if (!f) {
		printf("%s error %d\n", path, errno);
		return;
	}
	while (fgets(line, sizeof(line), f)) {
		int wanted = !word;

		for (size_t i = 0; word && word[i]; i++)
			wanted |= !strncmp(line, word[i], strlen(word[i]));
		if (wanted)
			printf("%s %s", path, line);
	}
	fclose(f);
}

static void tell_namespaces(void)
{
	static const char *const name[] = {"mnt", "pid", "uts", "ipc", "net", "user", "cgroup"};
	char path[64], link[64];

	for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++) {
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/self/ns/%s", name[i]);
		n = readlink(path, link, sizeof(link));
		printf("namespace %.*s\n", n < 0 ? 0 : (int)n, link);
	}
}

static void tell_descriptors(void)
{
	for (int fd = 0; fd < 1024; fd++) {
		struct stat st;

		if (fstat(fd, &st) == 0)
			printf("descriptor %d type %o flags %o\n", fd, st.st_mode & S_IFMT,
			       (unsigned)fcntl(fd, F_GETFL));
	}
}

static void tell_bounding(void)
{
	uint64_t set = 0;
	int r;

	for (int cap = 0; cap < 64 && (r = prctl(PR_CAPBSET_READ, cap, 0, 0, 0)) >= 0; cap++)
		set |= (uint64_t)r << cap;
	printf("bounding %llx\n", (unsigned long long)set);
}

static void tell_limits(void)
{
	for (int i = 0; i < RLIM_NLIMITS; i++) {
		struct rlimit l;

		if (getrlimit(i, &l) == 0)
			printf("limit %d %llx %llx\n", i, (unsigned long long)l.rlim_cur,
			       (unsigned long long)l.rlim_max);
	}
	printf("nice %d\n", getpriority(PRIO_PROCESS, 0));
}

static void tell_surroundings(char *const env[])
{
	char text[PATH_MAX] = "";
	struct ifreq lo = {.ifr_name = "lo"};
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	gethostname(text, sizeof(text) - 1);
	printf("host %s\n", text);
	printf("directory %s\n", getcwd(text, sizeof(text)) ? text : "none");
	printf("loopback %s\n",
	       s >= 0 && ioctl(s, SIOCGIFFLAGS, &lo) == 0 && lo.ifr_flags & IFF_UP ? "up" : "down");
	if (s >= 0)
		close(s);
	printf("session %d group %d pid %d parent %d\n", getsid(0), getpgrp(), getpid(), getppid());
	for (; *env; env++)
		printf("environment %s\n", *env);
}

static void tell_call(const char *what, long r)
{
	printf("tried %s %d\n", what, r < 0 ? errno : 0);
}

/* What would change the sandbox if it were let: last, and in a process of its own. */
static void tell_tries(void)
{
	pid_t pid;
	int status = 0;

	fflush(stdout);
	pid = fork();
	if (pid < 0 || (pid > 0 && waitpid(pid, &status, 0) != pid))
		status = 1;
	if (pid != 0) {
		printf("tried all %d\n", status);
		return;
	}
	tell_call("mkdir /usr", mkdir("/usr/croft-probe", 0700));
	tell_call("mkdir /", mkdir("/croft-probe", 0700));
	tell_call("write /etc/hosts", open("/etc/hosts", O_WRONLY | O_CLOEXEC));
	tell_call("write sysctl", open("/proc/sys/kernel/hostname", O_WRONLY | O_CLOEXEC));
	tell_call("trigger", open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC));
	tell_call("tmp", mkdir("/tmp/croft-probe", 0700));
	tell_call("keyctl", syscall(SYS_keyctl, 0, -3, 0, 0, 0));
	tell_call("userfaultfd", syscall(SYS_userfaultfd, 3, 0, 0, 0, 0));
	tell_call("umount", umount2("/proc/sys", MNT_DETACH));
	tell_call("mount", mount("x", "/tmp", "tmpfs", 0, NULL));
	tell_call("remount", mount(NULL, "/usr", NULL, MS_REMOUNT | MS_BIND, NULL));
	tell_call("look into init", open("/proc/1/environ", O_RDONLY | O_CLOEXEC));
	tell_call("look at root of init", open("/proc/1/root", O_PATH | O_CLOEXEC));
	tell_call("setuid", setresuid(0, 0, 0));
	tell_call("setgroups", syscall(SYS_setgroups, 0, NULL));
	tell_call("sethostname", sethostname("x", 1));
	tell_call("unshare mount", unshare(CLONE_NEWNS));
	tell_call("unshare user", unshare(CLONE_NEWUSER));
	_exit(fflush(stdout) != 0);
}

/* The kernel takes 16, those of the sandbox among them. */
static void tell_landlock(void)
{
	const uint64_t rights = 1; /* LANDLOCK_ACCESS_FS_EXECUTE */
	int layers = 0, ruleset = (int)syscall(SYS_landlock_create_ruleset, &rights, sizeof(rights), 0);

	while (ruleset >= 0 && layers < LAYERS && syscall(SYS_landlock_restrict_self, ruleset, 0) == 0)
		layers++;
	printf("landlock room for %d layers\n", layers);
}

static void tell_readable(const char *path)
{
	char text[4096];
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC), entries = 0;
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	ssize_t n;

	if (d) {
		while (readdir(d))
			entries++;
		printf("readable %s %d entries\n", path, entries);
		closedir(d);
		return;
	}
	n = fd < 0 ? -errno : read(fd, text, sizeof(text));
	printf("readable %s %zd bytes\n", path, n);
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv, char **env)
{
	static const char *const of_self[] = {"Umask",  "Uid",         "Gid",    "Groups",
					      "Cap",    "NoNewPrivs",  "Secc",   "SigBlk",
					      "SigIgn", "CoreDumping", "THP_en", NULL};
	static const char *const of_init[] = {"Name", "Uid",        "Gid",  "Groups",
					      "Cap",  "NoNewPrivs", "Secc", NULL};

	tell_descriptors();
	tell_lines("/proc/self/status", of_self);
	tell_lines("/proc/1/status", of_init);
	tell_bounding();
	tell_namespaces();
	tell_lines("/proc/self/uid_map", NULL);
	tell_lines("/proc/self/gid_map", NULL);
	tell_lines("/proc/self/setgroups", NULL);
	tell_lines("/proc/self/oom_score_adj", NULL);
	tell_lines("/proc/sys/user/max_user_namespaces", NULL);
	tell_lines("/proc/self/mountinfo", NULL);
	tell_limits();
	tell_surroundings(env);
	for (int i = 1; i < argc; i++)
		tell_readable(argv[i]);
	tell_tries();
	tell_landlock();
	printf("complete\n");
	return fflush(stdout) != 0;
}
