"""With which errors a system call may fail: what its page in section 2 of the manual lists and a start may meet.

A call that is in neither table stops the sweep: whoever adds one to croft says here how it fails.
"""
import errno

# ENOSYS is tried once for a call, at each place where it is made: a kernel has it or has not.
OLD_KERNEL = ('clone3', 'openat2', 'mount_setattr', 'move_mount', 'open_tree', 'fsopen', 'fsconfig', 'fsmount', 'close_range',
              'pidfd_open', 'pidfd_send_signal', 'statx', 'memfd_create', 'landlock_create_ruleset', 'landlock_add_rule',
              'landlock_restrict_self', 'keyctl', 'seccomp', 'faccessat2', 'execveat', 'signalfd4')

_FILE = 'EACCES ENOENT ENOMEM EMFILE EINTR EIO'
_IDS = 'EPERM EINVAL EAGAIN'
_SOCKET = 'EPERM EACCES EMFILE ENFILE ENOBUFS ENOMEM'
_ATTACH = 'EPERM EINVAL ENOMEM ENOSPC EBUSY ENOENT'

_TABLE = {
    'access': 'EACCES ENOENT EIO',
    'brk': 'ENOMEM',
    'capget': 'EPERM EINVAL',
    'capset': 'EPERM EINVAL',
    'chdir': 'EACCES ENOENT EIO ENOMEM',
    'clone': 'EAGAIN ENOMEM EPERM ENOSPC EINVAL',
    'clone3': 'EAGAIN ENOMEM EPERM ENOSPC EINVAL EUSERS EACCES EBUSY',
    'close_range': 'EINVAL ENOMEM',
    'connect': 'EACCES ECONNREFUSED EAGAIN EINTR ENOENT',
    'dup': 'EMFILE',
    'dup2': 'EMFILE EBUSY',
    'dup3': 'EMFILE EBUSY',
    'execve': 'EACCES ENOENT ENOMEM EPERM EIO EMFILE E2BIG ENOEXEC ETXTBSY EAGAIN',
    'execveat': 'EACCES ENOENT ENOMEM EPERM',
    'faccessat': 'EACCES ENOENT EIO',
    'faccessat2': 'EACCES ENOENT EIO',
    'fchdir': 'EACCES EIO',
    'fchmod': 'EPERM EIO EROFS',
    'fchmodat': 'EPERM EIO EROFS',
    'fchmodat2': 'EPERM EIO EROFS',
    'fchown': 'EPERM EIO EROFS EINVAL',
    'fchownat': 'EPERM EIO EROFS EINVAL',
    'fcntl': 'EMFILE EINVAL EAGAIN EPERM',
    'fork': 'EAGAIN ENOMEM',
    'fsconfig': _ATTACH,
    'fsmount': _ATTACH + ' EMFILE',
    'fsopen': 'EPERM ENODEV ENOMEM EMFILE',
    'fstat': 'EIO ENOMEM EOVERFLOW',
    'fstatfs': 'EIO ENOMEM EINTR',
    'ftruncate': 'EFBIG EIO EINTR EPERM',
    'getcwd': 'ENOENT EACCES ENOMEM',
    'getdents64': 'EIO ENOENT',
    'getgroups': 'EINVAL',
    'getrandom': 'EAGAIN EINTR',
    'getsockopt': 'EINVAL ENOBUFS',
    'ioctl': 'EPERM EINVAL EIO ENOTTY EMFILE ENOMEM',
    'keyctl': 'EPERM EDQUOT ENOMEM EACCES',
    'kill': 'EPERM ESRCH',
    'landlock_add_rule': 'EINVAL ENOMEM EPERM',
    'landlock_create_ruleset': 'EINVAL EOPNOTSUPP EMFILE ENOMEM EPERM',
    'landlock_restrict_self': 'EPERM E2BIG ENOMEM',
    'linkat': 'EACCES EPERM ENOSPC EIO',
    'listen': 'EADDRINUSE',
    'lseek': 'ESPIPE EINVAL',
    'lstat': _FILE,
    'madvise': 'EINVAL ENOMEM EAGAIN',
    'memfd_create': 'EMFILE ENFILE ENOMEM EPERM',
    'mkdir': 'EACCES ENOSPC EDQUOT EROFS EIO ENOMEM',
    'mkdirat': 'EACCES ENOSPC EDQUOT EROFS EIO ENOMEM',
    'mknodat': 'EPERM ENOSPC EROFS',
    'mmap': 'ENOMEM EAGAIN EPERM',
    'mount': _ATTACH + ' EACCES ENODEV',
    'mount_setattr': _ATTACH,
    'move_mount': _ATTACH,
    'mprotect': 'ENOMEM EACCES',
    'mremap': 'ENOMEM EAGAIN',
    'munmap': 'ENOMEM',
    'newfstatat': 'EACCES ENOENT EIO ENOMEM',
    'open': _FILE,
    'open_tree': _ATTACH + ' EMFILE',
    'openat': _FILE,
    'openat2': _FILE + ' EAGAIN EXDEV ELOOP',
    'pidfd_open': 'EMFILE ENOMEM ESRCH EINVAL',
    'pidfd_send_signal': 'EPERM ESRCH',
    'pipe': 'EMFILE ENFILE',
    'pipe2': 'EMFILE ENFILE',
    'pivot_root': 'EPERM EINVAL EBUSY',
    'poll': 'EINTR ENOMEM EINVAL',
    'ppoll': 'EINTR ENOMEM EINVAL',
    'prctl': 'EPERM EINVAL EBUSY',
    'pread64': 'EIO EINTR',
    'prlimit64': 'EPERM EINVAL',
    'read': 'EIO EINTR EAGAIN',
    'readlink': 'EACCES EIO ENOMEM',
    'readlinkat': 'EACCES EIO ENOMEM',
    'readv': 'EIO EINTR EAGAIN',
    'recvfrom': 'EINTR ENOMEM ECONNRESET EAGAIN',
    'recvmsg': 'EINTR ENOMEM ECONNRESET EAGAIN',
    'rt_sigtimedwait': 'EINTR',
    'seccomp': 'EACCES EINVAL ENOMEM EPERM EBUSY',
    'sendmsg': 'EAGAIN ENOBUFS ENOMEM EINTR',  # EPIPE: of an end that is closed, and killing closes it for true
    'sendto': 'EAGAIN ENOBUFS ENOMEM ECONNREFUSED ENOENT EINTR EACCES',
    'setgid': _IDS,
    'setgroups': 'EPERM EINVAL ENOMEM',
    'sethostname': 'EPERM EINVAL',
    'setitimer': 'EINVAL',
    'setpgid': 'EPERM ESRCH',
    'setpriority': 'EACCES EPERM',
    'setresgid': _IDS,
    'setresuid': _IDS,
    'setrlimit': 'EPERM EINVAL',
    'setsid': 'EPERM',
    'setsockopt': 'EINVAL ENOBUFS',
    'setuid': _IDS,
    'signalfd4': 'EMFILE ENFILE ENODEV ENOMEM',
    'socket': _SOCKET,
    'socketpair': _SOCKET,
    'stat': 'EACCES ENOENT EIO ENOMEM',
    'statfs': 'EIO ENOMEM EACCES EINTR',
    'statx': 'EACCES ENOENT EIO ENOMEM',
    'symlinkat': 'EACCES ENOSPC EDQUOT EROFS EIO',
    'sysinfo': 'EPERM',
    'timer_create': 'EAGAIN ENOMEM',
    'umount2': 'EPERM EBUSY EINVAL ENOMEM',
    'uname': 'EFAULT',
    'unlinkat': 'EACCES EBUSY EIO EROFS',
    'unshare': 'EPERM ENOMEM ENOSPC EUSERS EINVAL',
    'vfork': 'EAGAIN ENOMEM',
    'wait4': 'EINTR ECHILD',
    'waitid': 'EINTR ECHILD',
    'write': 'EIO EINTR ENOSPC EPERM EAGAIN EPIPE EINVAL',
    'writev': 'EIO EINTR ENOSPC EAGAIN',
}

# They do not fail with arguments that are right (close(2) frees the descriptor whatever it answers), or do not come back.
NEVER = {'arch_prctl', 'clock_gettime', 'close', 'exit', 'exit_group', 'futex', 'getegid', 'geteuid', 'getgid', 'getpgid', 'getpgrp',
         'getpid', 'getppid', 'getpriority', 'getresgid', 'getresuid', 'getrlimit', 'getsid', 'gettid', 'getuid', 'rseq',
         'rt_sigaction', 'rt_sigpending',
         'rt_sigprocmask', 'rt_sigsuspend', 'sched_getaffinity', 'sched_yield', 'set_robust_list', 'set_tid_address', 'tkill', 'umask'}


def errnos_of(call):
    """[number] for a call; KeyError for one that nobody has thought about."""
    if call in NEVER:
        return []
    names = _TABLE[call].split() + (['ENOSYS'] if call in OLD_KERNEL else [])
    return [getattr(errno, name) for name in names]
