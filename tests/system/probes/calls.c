/*
 * calls - makes system calls that a filter may refuse, each with arguments that the kernel answers in a way
 * of its own where no filter stands before it, and prints "NAME ERRNO" a line; 0 when it was let do its work.
 * Standard input is what the ioctls are for.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define BAD  1L /* no address */
#define HIGH (1L << 32)

static const struct {
	const char *name;
	long nr;
	long arg[5];
} call[] = {
	{"keyctl", SYS_keyctl, {0, -3, 0, 0, 0}}, /* the id of the session keyring */
	{"add_key", SYS_add_key, {BAD, BAD, 0, 0, 0}},
	{"request_key", SYS_request_key, {BAD, BAD, BAD, 0, 0}},
	{"bpf", SYS_bpf, {999, BAD, 1 << 20, 0, 0}}, /* larger than a page */
	{"perf_event_open", SYS_perf_event_open, {BAD, 0, 0, -1, -1}},
	{"userfaultfd", SYS_userfaultfd, {3, 0, 0, 0, 0}}, /* UFFD_USER_MODE_ONLY and a flag that is none */
	{"io_uring_setup", SYS_io_uring_setup, {0, BAD, 0, 0, 0}},
	{"clock_settime", SYS_clock_settime, {0, BAD, 0, 0, 0}},
	{"settimeofday", SYS_settimeofday, {BAD, 0, 0, 0, 0}},
	{"quotactl", SYS_quotactl, {3, 0, 0, 0, 0}}, /* a type that is none */
	{"move_pages", SYS_move_pages, {0, 0, 0, 0, 0}},
	{"mount", SYS_mount, {BAD, BAD, BAD, 0, 0}},
	{"umount2", SYS_umount2, {BAD, -1, 0, 0, 0}},
	{"mount_setattr", SYS_mount_setattr, {-1, BAD, -1, 0, 0}},
	{"open_tree", SYS_open_tree, {-1, BAD, 0x10, 0, 0}},
	{"setns", SYS_setns, {-1, 0, 0, 0, 0}},
	{"clone3", SYS_clone3, {BAD, 0, 0, 0, 0}},
	{"unshare files", SYS_unshare, {CLONE_FILES, 0, 0, 0, 0}},
	{"unshare user", SYS_unshare, {CLONE_NEWUSER, 0, 0, 0, 0}},
	{"clone user", SYS_clone, {CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0}},
	{"clone mount", SYS_clone, {CLONE_NEWNS | CLONE_FS | SIGCHLD, 0, 0, 0, 0}}, /* exclude each other */
	{"clone", SYS_clone, {SIGCHLD, 0, 0, 0, 0}},
	{"TCGETS", SYS_ioctl, {0, 0x5401, BAD, 0, 0}},
	{"TIOCSTI", SYS_ioctl, {0, 0x5412, BAD, 0, 0}},
	{"TIOCSTI high", SYS_ioctl, {0, HIGH | 0x5412, BAD, 0, 0}},
	{"TIOCLINUX", SYS_ioctl, {0, 0x541c, BAD, 0, 0}},
	{"TIOCLINUX high", SYS_ioctl, {0, HIGH | 0x541c, BAD, 0, 0}},
	{"socket unix", SYS_socket, {1, 1, 0, 0, 0}},
	{"socket inet", SYS_socket, {2, 1, 0, 0, 0}},
	{"socket netlink", SYS_socket, {16, 3, 0, 0, 0}},
	{"socket vsock",
	 SYS_socket,
	 {40, 99, 0, 0, 0}}, /* a type that is none: whether there is a module or not */
	{"socket vsock high", SYS_socket, {HIGH | 40, 99, 0, 0, 0}},
	{"socket alg", SYS_socket, {38, 99, 0, 0, 0}},
	{"personality ask", SYS_personality, {0xffffffff, 0, 0, 0, 0}},
	{"personality no randomize", SYS_personality, {0x0040000, 0, 0, 0, 0}},
	{"personality read implies exec", SYS_personality, {0x0400000, 0, 0, 0, 0}},
	{"ptrace", SYS_ptrace, {99, 1, 0, 0, 0}},
	{"name_to_handle_at", SYS_name_to_handle_at, {-1, BAD, BAD, BAD, 0}},
	{"getpid", SYS_getpid, {0, 0, 0, 0, 0}},
	{"unknown", 1000, {0, 0, 0, 0, 0}},
#ifdef __x86_64__
	{"modify_ldt", SYS_modify_ldt, {0, BAD, 0, 0, 0}}, /* reads none */
	{"iopl", SYS_iopl, {4, 0, 0, 0, 0}},
	{"ioperm", SYS_ioperm, {65536, 1, 1, 0, 0}},
	{"sysfs", SYS_sysfs, {99, 0, 0, 0, 0}},
	{"ustat", SYS_ustat, {0, BAD, 0, 0, 0}},
#endif
};

/* The answer of the entry for 32-bit programs: getpid has number 20 there. 255 where the machine has none,
 * and ends whoever tries: in a child. */
static int by_entry_of_32_bits(void)
{
	int status = 255 << 8;
#ifdef __x86_64__
	pid_t pid = fork();

	if (pid == 0) {
		long r;

		__asm__ volatile("int $0x80" : "=a"(r) : "a"(20L) : "memory", "r8", "r9", "r10", "r11");
		_exit(r < 0 ? (int)-r : 0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
#endif
	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

int main(void)
{
	for (size_t i = 0; i < sizeof(call) / sizeof(call[0]); i++) {
		const long *a = call[i].arg;
		long r;

		fflush(stdout);
		errno = 0;
		r = syscall(call[i].nr, a[0], a[1], a[2], a[3], a[4]);
		if (call[i].nr == SYS_clone && r == 0)
			_exit(0);
		printf("%s %d\n", call[i].name, r < 0 ? errno : 0);
		if (call[i].nr == SYS_clone && r > 0)
			waitpid((pid_t)r, NULL, 0);
	}
	fflush(stdout);
	printf("int80 %d\n", by_entry_of_32_bits());
	return 0;
}
