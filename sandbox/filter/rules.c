#include "sandbox/filter/rules.h"

#include <asm-generic/ioctls.h>
#include <errno.h>
#include <linux/sched.h>

/* --- rules on an argument ---------------------------------------------------------------------------------
 */

#define NEW_USER CLONE_NEWUSER
/* The bit of CLONE_NEWTIME is part of the signal number of clone(2), where no signal has it. */
#define NEW_ANY                                                                                              \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |        \
	 CLONE_NEWNET | CLONE_NEWTIME)

static const struct filter_check no_namespaces = {
	.argument = 0,
	.ntests = 1,
	.test = {{FILTER_HAS_ANY, NEW_ANY, EPERM}},
	.otherwise = FILTER_ALLOW,
};

static const struct filter_check no_user_namespaces = {
	.argument = 0,
	.ntests = 1,
	.test = {{FILTER_HAS_ANY, NEW_USER, EPERM}},
	.otherwise = FILTER_ALLOW,
};

/* TIOCSTI types into a terminal, TIOCLINUX pastes into a console: what stands there then is read by the
 * caller's shell (CVE-2017-5226, CVE-2023-28100). */
static const struct filter_check no_typing = {
	.argument = 1,
	.ntests = 2,
	.test = {{FILTER_IS, TIOCSTI, EPERM}, {FILTER_IS, TIOCLINUX, EPERM}},
	.otherwise = FILTER_ALLOW,
};

/*
 * Local, internet, netlink, and packet sockets (which need CAP_NET_RAW). Vsock reaches the hypervisor and
 * other virtual machines past every network namespace. Alg gives the kernel's cryptography to parse. The
 * others are rare protocols whose modules the kernel loads for whoever asks: as if they were not there.
 */
static const struct filter_check families = {
	.argument = 0,
	.ntests = 7,
	.test = {{FILTER_IS, 1 /* AF_UNIX */, FILTER_ALLOW},
		 {FILTER_IS, 2 /* AF_INET */, FILTER_ALLOW},
		 {FILTER_IS, 10 /* AF_INET6 */, FILTER_ALLOW},
		 {FILTER_IS, 16 /* AF_NETLINK */, FILTER_ALLOW},
		 {FILTER_IS, 17 /* AF_PACKET */, FILTER_ALLOW},
		 {FILTER_IS, 40 /* AF_VSOCK */, EPERM},
		 {FILTER_IS, 38 /* AF_ALG */, EPERM}},
	.otherwise = EAFNOSUPPORT,
};

/* PER_LINUX, PER_LINUX32, UNAME26 and, for debuggers and sanitizers, ADDR_NO_RANDOMIZE, each of the process
 * alone; 0xffffffff asks. Not READ_IMPLIES_EXEC, MMAP_PAGE_ZERO and other systems' ways. */
static const struct filter_check personalities = {
	.argument = 0,
	.ntests = 2,
	.test = {{FILTER_IS, 0xffffffff, FILTER_ALLOW},
		 {FILTER_HAS_ANY, ~(uint32_t)(0x0008 | 0x0020000 | 0x0040000), EPERM}},
	.otherwise = FILTER_ALLOW,
};

/* --- the table --------------------------------------------------------------------------------------------
 */

/* clang-format off */
#define ALLOWED         {{NULL, FILTER_ALLOW}, {NULL, FILTER_ALLOW}, {NULL, FILTER_ALLOW}}
#define ALWAYS(a)       {{NULL, a},            {NULL, a},            {NULL, a}}
#define BELOW_ADMIN(a)  {{NULL, a},            {NULL, FILTER_ALLOW}, {NULL, FILTER_ALLOW}}
#define BELOW_USERNS(a) {{NULL, a},            {NULL, a},            {NULL, FILTER_ALLOW}}
#define CHECKED(c)      {{&(c), 0},            {&(c), 0},            {&(c), 0}}
#define NAMESPACES      {{&no_namespaces, 0},  {&no_user_namespaces, 0}, {NULL, FILTER_ALLOW}}

const struct filter_rule filter_rule[] = {
	/* --- refused: EPERM --- */

	{"keys are not divided by namespaces as files are; many holes in the past (CVE-2016-0728)",
	 ALWAYS(EPERM),
	 "add_key keyctl request_key"},
	{"programs inside the kernel; the verifier was wrong often (CVE-2020-8835, CVE-2021-3490)",
	 ALWAYS(EPERM),
	 "bpf"},
	{"counters see other processes and the kernel (CVE-2013-2094)",
	 ALWAYS(EPERM),
	 "perf_event_open"},
	{"stops the kernel at a place of the attacker's choice: in most exploits of races",
	 ALWAYS(EPERM),
	 "userfaultfd"},
	{"work is done by the kernel past this filter; many holes (CVE-2022-29582); docker refuses it since 2023",
	 ALWAYS(EPERM),
	 "io_uring_enter io_uring_register io_uring_setup"},
	{"another kernel, or code for this one: the host's",
	 ALWAYS(EPERM),
	 "create_module delete_module finit_module get_kernel_syms init_module kexec_file_load kexec_load query_module"},
	{"opens files by number, past every path and mount",
	 ALWAYS(EPERM),
	 "open_by_handle_at"},
	{"the machine, its disks and its log are the host's",
	 ALWAYS(EPERM),
	 "acct ioperm iopl nfsservctl quotactl quotactl_fd reboot swapoff swapon sysfs syslog uselib ustat vhangup"},
	{"the clock is the host's (reading it is allowed below)",
	 ALWAYS(EPERM),
	 "clock_settime settimeofday"},
	{"kernel profiling of old; gone in Linux 5.12",
	 ALWAYS(EPERM),
	 "lookup_dcookie"},
	{"moves memory of other processes, tells where it lies (CVE-2017-14140)",
	 ALWAYS(EPERM),
	 "migrate_pages move_pages"},

	/* --- refused without CAP_SYS_ADMIN inside: EPERM --- */

	{"mounts: the kernel refuses without the capability, too; this also shuts off the code before its check",
	 BELOW_ADMIN(EPERM),
	 "fsconfig fsmount fsopen fspick mount mount_setattr move_mount open_tree open_tree_attr=467 pivot_root "
	 "umount2"},
	{"namespaces that exist, names of this one",
	 BELOW_ADMIN(EPERM),
	 "setdomainname sethostname setns"},
	{"sees what is opened on a whole mount",
	 BELOW_ADMIN(EPERM),
	 "fanotify_init"},

	/* --- by an argument --- */

	{"new namespaces give capabilities, and with them most of the kernel; user namespaces only where they are "
	 "allowed",
	 NAMESPACES,
	 "clone unshare"},
	{"its flags lie in memory, where a filter cannot see them: libc falls back to clone",
	 BELOW_USERNS(ENOSYS),
	 "clone3"},
	{"typing into terminals", CHECKED(no_typing), "ioctl"},
	{"protocols", CHECKED(families), "socket socketpair"},
	{"ways of other systems", CHECKED(personalities), "personality"},

	/* --- as if the kernel did not have them: ENOSYS --- */

	{"segments for 16-bit and 32-bit programs (CVE-2014-9090); no 32-bit program runs under this filter",
	 ALWAYS(ENOSYS),
	 "modify_ldt"},
	{"in no kernel that runs croft",
	 ALWAYS(ENOSYS),
	 "_sysctl afs_syscall getpmsg putpmsg security tuxcall vserver"},
	{"labels of security modules, too new for most programs; /proc/self/attr has the same",
	 ALWAYS(ENOSYS),
	 "lsm_get_self_attr=459 lsm_list_modules=461 lsm_set_self_attr=460"},

	/* --- allowed --- */

	{"other processes of the sandbox: the pid namespace keeps those outside out of reach, init is not dumpable, "
	 "and since Linux 4.8 a tracer cannot get around the filter",
	 ALLOWED,
	 "kcmp pidfd_getfd process_madvise process_mrelease process_vm_readv process_vm_writev ptrace"},
	{"files: opening, reading, writing",
	 ALLOWED,
	 "cachestat=451 close close_range copy_file_range creat dup dup2 dup3 fadvise64 fallocate fcntl fdatasync "
	 "flock fsync ftruncate lseek open openat openat2 pipe pipe2 pread64 preadv preadv2 pwrite64 pwritev pwritev2 "
	 "read readahead readv sendfile splice sync sync_file_range syncfs tee truncate vmsplice write writev"},
	{"files: names and attributes; a handle can be made, not opened",
	 ALLOWED,
	 "access chdir chmod chown chroot faccessat faccessat2 fchdir fchmod fchmodat fchmodat2=452 fchown fchownat "
	 "fgetxattr file_getattr=468 file_setattr=469 flistxattr fremovexattr fsetxattr fstat fstatfs futimesat getcwd "
	 "getdents getdents64 getxattr getxattrat=464 lchown lgetxattr link linkat listxattr listxattrat=465 llistxattr "
	 "lremovexattr lsetxattr lstat mkdir mkdirat mknod mknodat name_to_handle_at newfstatat readlink readlinkat "
	 "removexattr removexattrat=466 rename renameat renameat2 rmdir setxattr setxattrat=463 stat statfs statx "
	 "symlink symlinkat umask unlink unlinkat utime utimensat utimes"},
	{"which mounts there are, as in /proc/self/mountinfo",
	 ALLOWED,
	 "listmount=458 statmount=457"},
	{"waiting for files",
	 ALLOWED,
	 "epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd "
	 "eventfd2 fanotify_mark inotify_add_watch inotify_init inotify_init1 inotify_rm_watch poll ppoll pselect6 "
	 "select"},
	{"asynchronous input and output of the older kind",
	 ALLOWED,
	 "io_cancel io_destroy io_getevents io_pgetevents io_setup io_submit"},
	{"sockets",
	 ALLOWED,
	 "accept accept4 bind connect getpeername getsockname getsockopt listen recvfrom recvmmsg recvmsg sendmmsg "
	 "sendmsg sendto setsockopt shutdown"},
	{"memory of the process; NUMA policies of its own memory, for numactl and MPI",
	 ALLOWED,
	 "brk get_mempolicy madvise map_shadow_stack=453 mbind membarrier memfd_create memfd_secret=447 mincore mlock "
	 "mlock2 mlockall mmap mprotect mremap mseal=462 msync munlock munlockall munmap pkey_alloc pkey_free "
	 "pkey_mprotect remap_file_pages set_mempolicy set_mempolicy_home_node=450"},
	{"processes and threads",
	 ALLOWED,
	 "arch_prctl execve execveat exit exit_group fork futex futex_requeue=456 futex_wait=455 futex_waitv=449 "
	 "futex_wake=454 get_robust_list get_thread_area getcpu getpgid getpgrp getpid getppid getsid gettid kill "
	 "pidfd_open pidfd_send_signal prctl restart_syscall rseq set_robust_list set_thread_area set_tid_address "
	 "setpgid setsid tgkill tkill vfork wait4 waitid"},
	{"signals",
	 ALLOWED,
	 "pause rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait "
	 "rt_tgsigqueueinfo sigaltstack signalfd signalfd4"},
	{"further restrictions of the process's own",
	 ALLOWED,
	 "landlock_add_rule landlock_create_ruleset landlock_restrict_self seccomp"},
	{"ids and capabilities, within the namespace's map",
	 ALLOWED,
	 "capget capset getegid geteuid getgid getgroups getresgid getresuid getuid setfsgid setfsuid setgid setgroups "
	 "setregid setresgid setresuid setreuid setuid"},
	{"limits and scheduling of the user's own processes",
	 ALLOWED,
	 "getpriority getrlimit getrusage ioprio_get ioprio_set prlimit64 sched_get_priority_max sched_get_priority_min "
	 "sched_getaffinity sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval sched_setaffinity "
	 "sched_setattr sched_setparam sched_setscheduler sched_yield setpriority setrlimit"},
	{"time and timers; adjtimex reads, to set it the kernel wants a capability of the host's",
	 ALLOWED,
	 "adjtimex alarm clock_adjtime clock_getres clock_gettime clock_nanosleep getitimer gettimeofday nanosleep "
	 "setitimer time timer_create timer_delete timer_getoverrun timer_gettime timer_settime timerfd_create "
	 "timerfd_gettime timerfd_settime times"},
	{"System V and POSIX message queues, semaphores, shared memory: the ipc namespace's",
	 ALLOWED,
	 "mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedsend mq_unlink msgctl msgget msgrcv msgsnd semctl "
	 "semget semop semtimedop shmat shmctl shmdt shmget"},
	{"what machine this is, and random numbers",
	 ALLOWED,
	 "getrandom sysinfo uname"},
	{"of one architecture: probes that the kernel itself placed, caches, what the processor can do",
	 ALLOWED,
	 "x86_64:uprobe=336 x86_64:uretprobe=335 riscv64:riscv_flush_icache=259 riscv64:riscv_hwprobe=258"},
};
/* clang-format on */
const size_t filter_nrules = sizeof(filter_rule) / sizeof(filter_rule[0]);
