"""Writes a plan down as the C source of a list of system calls (floor.h): the floor that croft is measured against.

    source(plan, Host(), seccomp=..., uid_map=..., gid_map=..., mapper=...)

The plan is what `croft plan --json` prints. Everything that can be known before the start is decided here: what is there on this
host, in which order things are mounted, and how few calls do. The sandbox is the same as croft's (tests/system/test_bench.py compares).
What costs less than the obvious way:
- A bind mount has the flags of what is bound, so one that has them already is bound, not /dev/null with its flags set each time.
- mount_setattr(2) goes over a whole tree: all that need the flags of the root are bound before it, and get them by one call.
- The same call takes them out of propagation, so that the host's mounts are not walked.
"""
import ctypes
import os
import stat

MS = {'RDONLY': 1, 'NOSUID': 2, 'NODEV': 4, 'NOEXEC': 8, 'BIND': 4096, 'REC': 16384, 'PRIVATE': 1 << 18}
ATTR = {'RDONLY': 1, 'NOSUID': 2, 'NODEV': 4, 'NOEXEC': 8}
READ_ONLY, NOEXEC, OPTIONAL = 1, 2, 4  # OPF_ of sandbox/plan.h
CLONE_NEW = {'ns': 0x20000, 'cgroup': 0x2000000, 'uts': 0x4000000, 'ipc': 0x8000000, 'user': 0x10000000, 'pid': 0x20000000, 'net': 0x40000000}
NAMESPACE_NET, NAMESPACE_CGROUP = 1, 2  # PLAN_NS_
CAP_LAST = '/proc/sys/kernel/cap_last_cap'
DEVICES = ('null', 'zero', 'full', 'random', 'urandom', 'tty')
DEV_LINKS = (('/proc/self/fd', 'fd'), ('/proc/self/fd/0', 'stdin'), ('/proc/self/fd/1', 'stdout'), ('/proc/self/fd/2', 'stderr'),
             ('pts/ptmx', 'ptmx'))
TTY_GROUP = 5
EBADFD, EDQUOT = 77, 122
FIRST_FD = 3  # what the next open(2) returns, since nothing else is open
LANDLOCK_FILE, LANDLOCK_TREE, LANDLOCK_TRUNCATE, LANDLOCK_IOCTL = 0x7, 0x3ff8, 1 << 14, 1 << 15


class Host:
    """What the source depends on beside the plan."""

    def __init__(self):
        # The number of the call is the same on every architecture.
        self.landlock = max(0, ctypes.CDLL(None).syscall(444, None, 0, 1))
        with open(CAP_LAST, encoding='ascii') as f:
            self.cap_last = int(f.read())

    @staticmethod
    def kind(path):
        """'dir', 'file', 'link' or None."""
        try:
            mode = os.lstat(path).st_mode
        except OSError:
            return None
        return 'link' if stat.S_ISLNK(mode) else 'dir' if stat.S_ISDIR(mode) else 'file'


def text(s):
    """A string of C."""
    return '"' + ''.join(chr(b) if 32 <= b < 127 and chr(b) not in '"\\?' else f'\\{b:03o}' for b in os.fsencode(s)) + '"'


def pointer(s):
    return 0 if s is None else '(long)' + text(s)


class Calls:
    """A list of system calls. Paths of the new root are relative, since its top is the working directory."""

    def __init__(self):
        self.lines = []
        self.made = set()

    def add(self, name, *arguments, may_fail=0):
        self.lines.append(f'\t{{__NR_{name}, {{{", ".join(str(a) for a in arguments)}}}, {may_fail}}},')

    def mkdir(self, path, mode=0o755):
        """With what is above it, once."""
        above = os.path.dirname(path)
        if above and above not in self.made:
            self.mkdir(above)
        if path not in self.made:
            self.made.add(path)
            self.add('mkdirat', 'AT_FDCWD', pointer(path), oct(mode).replace('0o', '0'))

    def mount(self, source, target, kind, flags, data=None):
        self.add('mount', pointer(source), pointer(target), pointer(kind), flags, pointer(data))

    def bind(self, source, target):
        self.mount(source, target, None, MS['BIND'] | MS['REC'])

    def set_attr(self, path, on=0, off=0, private=False, recursive=True):
        attr = f'(long)&(struct mount_attr){{.attr_set = {on}, .attr_clr = {off}, .propagation = {MS["PRIVATE"] if private else 0}}}'
        self.add('mount_setattr', 'AT_FDCWD', pointer(path), 'AT_RECURSIVE' if recursive else 0, attr, 'sizeof(struct mount_attr)')

    def open(self, path, flags, mode=0):
        self.add('openat', 'AT_FDCWD', pointer(path), flags, mode)

    def close(self, fd=FIRST_FD):
        self.add('close', fd)

    def write_file(self, path, content, flags='O_WRONLY', mode=0):
        self.open(path, flags, mode)
        self.add('write', FIRST_FD, pointer(content), len(content.encode()))
        self.close()

    def array(self, name):
        return f'const struct floor_call {name}[] = {{\n' + '\n'.join(self.lines) + '\n\t{.number = FLOOR_END},\n};\n'


def relative(path):
    return path.lstrip('/')


def tmpfs(mode, size, inodes):
    return f'mode={mode:o},size={size},nr_inodes={inodes}'


class Mounts:
    """The operations of the plan, in the order that takes the fewest calls."""

    def __init__(self, plan, host, calls):
        self.plan, self.host, self.calls = plan, host, calls

    def of_kind(self, *kinds):
        return [op for op in self.plan['ops'] if op['kind'] in kinds]

    def all(self):
        known = {'mirror', 'directory', 'proc', 'sysfs', 'dev', 'mask', 'read-only', 'devpts', 'tmpfs', 'mqueue', 'text', 'conf', 'volume',
                 'sys-host'}
        strange = {op['kind'] for op in self.plan['ops']} - known
        if strange or self.plan['root_kind'] != 'host':
            raise ValueError(f'the floor does not know {strange or self.plan["root_kind"]}')
        self.root()
        self.with_flags_of_root()
        for op in self.of_kind('directory'):
            self.calls.mkdir(relative(op['target']), op['mode'])
        self.proc()
        self.dev()
        self.covers()
        self.read_only()
        self.file_systems()
        self.texts()

    def root(self):
        size = self.plan['ephemeral_size']
        inodes = 1024 + size // 4096
        self.calls.mount('tmpfs', '/', 'tmpfs', MS['NOSUID'] | MS['NODEV'], tmpfs(0o755, size, inodes))
        self.calls.add('chdir', pointer('/..'))

    def with_flags_of_root(self):
        """What is nosuid and nodev like the root itself, all at once."""
        read_only = []
        sys_host = [{**op, 'source': '/sys', 'flags': READ_ONLY | NOEXEC} for op in self.of_kind('sys-host')]
        for op in self.of_kind('mirror', 'volume', 'conf') + sys_host:
            kind = self.host.kind(op['source'])
            if kind is None and op['flags'] & OPTIONAL:
                continue
            target = relative(op['target'])
            if op['kind'] == 'mirror' and kind == 'link':
                self.calls.add('symlinkat', pointer(os.readlink(op['source'])), 'AT_FDCWD', pointer(target))
                continue
            if op['kind'] != 'conf':  # whose place is in /etc, that is bound already
                self.calls.mkdir(target)
            self.calls.bind(op['source'], target)
            if op['flags'] & (READ_ONLY | NOEXEC):
                read_only.append((target, op['flags']))
        self.calls.set_attr('.', ATTR['NOSUID'] | ATTR['NODEV'], private=True)
        for target, flags in read_only:
            self.calls.set_attr(target, (ATTR['RDONLY'] if flags & READ_ONLY else 0) | (ATTR['NOEXEC'] if flags & NOEXEC else 0))

    def proc(self):
        for op, name, flags in [(op, 'proc', 0) for op in self.of_kind('proc')] + [(op, 'sysfs', MS['RDONLY']) for op in self.of_kind('sysfs')]:
            self.calls.mkdir(relative(op['target']))
            self.calls.mount('none', relative(op['target']), name, flags | MS['NOSUID'] | MS['NODEV'] | MS['NOEXEC'])

    def dev(self):
        for op in self.of_kind('dev'):
            dev = relative(op['target'])
            self.calls.mkdir(dev)
            self.calls.mount('tmpfs', dev, 'tmpfs', MS['NOSUID'] | MS['NODEV'] | MS['NOEXEC'], tmpfs(0o755, 65536, 1024))
            for name in DEVICES:
                self.calls.add('mknodat', 'AT_FDCWD', pointer(f'{dev}/{name}'), 'S_IFREG | 0644', 0)
                self.calls.bind('/dev/' + name, f'{dev}/{name}')
            self.calls.set_attr(dev, ATTR['NOSUID'] | ATTR['NOEXEC'], private=True)
            for target, name in DEV_LINKS:
                self.calls.add('symlinkat', pointer(target), 'AT_FDCWD', pointer(f'{dev}/{name}'))

    def covers(self):
        first = None
        for op in self.of_kind('mask'):
            kind, target = self.host.kind(op['target']), relative(op['target'])
            if kind == 'dir':
                self.calls.mount('tmpfs', target, 'tmpfs', MS['RDONLY'] | MS['NOSUID'] | MS['NODEV'] | MS['NOEXEC'], tmpfs(0o555, 4096, 2))
            elif kind == 'file' and first:
                self.calls.bind(first, target)
            elif kind == 'file':
                self.calls.bind('dev/null', target)
                self.calls.set_attr(target, ATTR['RDONLY'])
                first = target

    def read_only(self):
        """A place of a mount that is read-only for a moment is read-only for good."""
        places = [relative(op['target']) for op in self.of_kind('read-only') if self.host.kind(op['target'])]
        tops = sorted({place.split('/')[0] for place in places})
        for top in tops:
            self.calls.set_attr(top, ATTR['RDONLY'], recursive=False)
            for place in places:
                if place.startswith(top + '/'):
                    self.calls.bind(place, place)
            self.calls.set_attr(top, off=ATTR['RDONLY'], recursive=False)

    def file_systems(self):
        tty_group = f',gid={TTY_GROUP}' if self.plan['map'] != 'self' else ''
        for op in self.of_kind('devpts', 'tmpfs', 'mqueue'):
            target = relative(op['target'])
            self.calls.mkdir(target)
            if op['kind'] == 'devpts':
                self.calls.mount('devpts', target, 'devpts', MS['NOSUID'] | MS['NOEXEC'], 'newinstance,ptmxmode=0666,mode=0620' + tty_group)
            elif op['kind'] == 'mqueue':
                self.calls.mount('mqueue', target, 'mqueue', MS['NOSUID'] | MS['NODEV'] | MS['NOEXEC'])
            else:
                flags = MS['NOSUID'] | MS['NODEV'] | (MS['RDONLY'] if op['flags'] & READ_ONLY else 0) | (MS['NOEXEC'] if op['flags'] & NOEXEC else 0)
                self.calls.mount('tmpfs', target, 'tmpfs', flags, tmpfs(op['mode'], op['size'], op['inodes']))

    def texts(self):
        """A file of /dev, whose flags it has, that has no name there any more."""
        for op in self.of_kind('text'):
            if self.host.kind(op['target']) != 'file':
                continue
            self.calls.write_file('dev/.text', op['text'], 'O_WRONLY | O_CREAT | O_EXCL', f'0{op["mode"]:o}')
            self.calls.bind('dev/.text', relative(op['target']))
            self.calls.add('unlinkat', 'AT_FDCWD', pointer('dev/.text'), 0)


def map_own_ids(calls, uid_map, gid_map):
    calls.write_file('/proc/self/setgroups', 'deny')
    calls.write_file('/proc/self/uid_map', uid_map)
    calls.write_file('/proc/self/gid_map', gid_map)


def switch_root(calls):
    calls.add('pivot_root', pointer('.'), pointer('.'))
    calls.add('umount2', pointer('.'), 'MNT_DETACH')


def confine(plan, host, calls, seccomp):
    calls.add('sethostname', pointer(plan['hostname']), len(plan['hostname']))
    if plan['namespaces'] & NAMESPACE_NET:
        calls.add('socket', 'AF_INET', 'SOCK_DGRAM', 0)
        calls.add('ioctl', FIRST_FD, 'SIOCSIFFLAGS', '(long)&(struct ifreq){.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING}')
        calls.close()
    calls.add('keyctl', 'KEYCTL_JOIN_SESSION_KEYRING', 0, may_fail=EDQUOT)  # with many sandboxes at once
    for cap in range(host.cap_last + 1):
        if not plan['caps'] >> cap & 1:
            calls.add('prctl', 'PR_CAPBSET_DROP', cap)
    low, high = plan['caps'] & 0xffffffff, plan['caps'] >> 32
    calls.add('capset', '(long)&(struct __user_cap_header_struct){_LINUX_CAPABILITY_VERSION_3, 0}',
              f'(long)(struct __user_cap_data_struct[2]){{{{{low}u, {low}u, 0}}, {{{high}u, {high}u, 0}}}}')
    calls.add('prctl', 'PR_SET_NO_NEW_PRIVS', 1)
    calls.add('prctl', 'PR_SET_DUMPABLE', 0)
    if seccomp:
        calls.add('seccomp', 'SECCOMP_SET_MODE_FILTER', 0, '(long)&filter')


def landlock(plan, host, calls):
    """Of a root that can be written to; the message queues lie on a mount of the kernel's own."""
    if plan['landlock'] == 'off' or host.landlock < 2:
        return
    file = LANDLOCK_FILE | (LANDLOCK_TRUNCATE if host.landlock >= 3 else 0) | (LANDLOCK_IOCTL if host.landlock >= 5 else 0)
    every = file | LANDLOCK_TREE
    calls.add('landlock_create_ruleset', f'(long)(unsigned long long[2]){{{every}}}', 16 if host.landlock >= 4 else 8, 0)

    def allow(fd, rights, may_fail=0):
        attr = f'(long)&(struct landlock_path_beneath_attr){{.allowed_access = {rights}, .parent_fd = {fd}}}'
        calls.add('landlock_add_rule', FIRST_FD, 'LANDLOCK_RULE_PATH_BENEATH', attr, 0, may_fail=may_fail)

    for place in ['/'] + [op['target'] for op in plan['ops'] if op['kind'] == 'mqueue']:
        calls.open(place, 'O_PATH')
        allow(FIRST_FD + 1, every)
        calls.close(FIRST_FD + 1)
    for fd in range(3):
        allow(fd, file, may_fail=EBADFD)
    calls.add('landlock_restrict_self', FIRST_FD, 0)
    calls.close()


def namespaces(plan):
    wanted = ['ns', 'uts', 'ipc', 'user', 'pid']
    wanted += ['net'] * bool(plan['namespaces'] & NAMESPACE_NET) + ['cgroup'] * bool(plan['namespaces'] & NAMESPACE_CGROUP)
    return sum(CLONE_NEW[name] for name in wanted)


INCLUDES = ('fcntl.h', 'linux/capability.h', 'linux/filter.h', 'linux/if.h', 'linux/keyctl.h', 'linux/landlock.h', 'linux/mount.h',
            'linux/prctl.h', 'linux/seccomp.h', 'linux/sockios.h', 'asm/unistd.h', 'stddef.h', 'sys/socket.h', 'sys/stat.h')


def strings(name, values):
    return f'const char *const {name}[] = {{{", ".join(text(v) for v in values)}, NULL}};\n'


def source(plan, host, uid_map, gid_map, mapper=None, seccomp=None):
    """seccomp: the instructions of the filter as C, or None; mapper: who writes the maps, or None where the process may itself."""
    inside, command = Calls(), Calls()
    inside.add('umask', '022')
    inside.add('prctl', 'PR_SET_PDEATHSIG', 9)
    inside.add('setsid')
    if mapper is None:
        map_own_ids(inside, uid_map, gid_map)
    if not plan['allow_userns']:
        inside.write_file('/proc/sys/user/max_user_namespaces', '0')
    Mounts(plan, host, inside).all()
    switch_root(inside)
    confine(plan, host, inside, seccomp)
    landlock(plan, host, command)
    command.add('chdir', pointer(plan['cwd']))
    parts = [f'#include <{name}>\n' for name in INCLUDES] + ['#include "tests/bench/floor.h"\n#define MNT_DETACH 2\n']
    if seccomp:
        parts.append(f'static struct sock_filter code[] = {{\n{seccomp}}};\n'
                     'static struct sock_fprog filter = {sizeof(code) / sizeof(code[0]), code};\n')
    parts += [inside.array('floor_inside'), command.array('floor_command'),
              f'const unsigned long floor_namespaces = {namespaces(plan)};\n',
              strings('floor_argv', plan['argv']), strings('floor_env', plan['env']),
              f'const char *const floor_mapper = {text(mapper) if mapper else "NULL"};\n']
    for name, value in (('uid', uid_map), ('gid', gid_map)):
        parts.append(f'const struct floor_text floor_{name}_map = {{{text(value)}, {len(value)}}};\n')
    return ''.join(parts)
