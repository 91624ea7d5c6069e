"""What the tests of `croft run` share: sandboxes looked at from inside."""
import ctypes
import os
import pwd
import re
import tempfile

from croft_test import USER, CroftTest, remove_tree

HOST_MIRROR = ('/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32', '/etc')
# Of /proc and /sys: covered, or made read-only, where they are there.
COVERED = ('/proc/acpi', '/proc/asound', '/proc/interrupts', '/proc/kcore', '/proc/keys', '/proc/latency_stats', '/proc/sched_debug',
           '/proc/scsi', '/proc/timer_list', '/proc/timer_stats', '/sys/firmware', '/sys/devices/virtual/powercap')
READ_ONLY = ('/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger')
KERNEL_MOUNTS = {'/', '/proc', '/sys', '/dev', '/dev/null', '/dev/zero', '/dev/full', '/dev/random', '/dev/urandom',
                 '/dev/tty', '/dev/pts', '/dev/shm', '/dev/mqueue', '/tmp', '/run'} | {p for p in COVERED + READ_ONLY if os.path.exists(p)}
MAPS = ('self', 'subordinate', 'auto', 'isolated')


def landlock_abi():
    """As croft asks: landlock_create_ruleset(2) with LANDLOCK_CREATE_RULESET_VERSION."""
    return max(0, ctypes.CDLL(None, use_errno=True).syscall(444, 0, 0, 1))


class Mount:
    """A line of mountinfo, proc(5)."""

    def __init__(self, line):
        fields, _, rest = line.partition(' - ')
        fields, rest = fields.split(' '), rest.split(' ')
        self.device, self.root, self.point = fields[2], fields[3], unescape(fields[4])
        self.flags, self.tags = set(fields[5].split(',')), fields[6:]
        self.type, self.options = rest[0], set(rest[2].split(','))

    def __repr__(self):
        return f'{self.point}: {self.type} {sorted(self.flags)} {sorted(self.options)}'


def unescape(text):
    return re.sub(r'\\([0-7]{3})', lambda m: chr(int(m.group(1), 8)), text)


def fields_of(text):
    """The lines "name: value" of /proc/PID/status."""
    return {name: value.strip() for name, _, value in (line.partition(':') for line in text.splitlines())}


class RunTest(CroftTest):
    def home_dir(self, user=USER, mode=0o755):
        """A fresh folder in the user's home, where the built-in policy lets him write through a volume."""
        path = tempfile.mkdtemp(dir=pwd.getpwnam(user).pw_dir)
        self.addCleanup(remove_tree, path)
        self.give(path, user)
        os.chmod(path, mode)
        return path

    def build_root(self, *commands, user=USER):
        """A root in the user's home, made by croft itself."""
        root = self.home_dir(user) + '/root'
        self.assertRan(self.croft(user, 'root', 'build', root, *commands))
        return root

    def sandbox(self, *words, user=USER, **kwargs):
        """croft run WORDS, which must end with 0; what it printed on standard output."""
        r = self.croft(user, 'run', *words, **kwargs)
        self.assertRan(r)
        return r.out

    def shell(self, script, *options, root='host', **kwargs):
        return self.sandbox(*options, root, '--', 'bash', '-c', script, **kwargs)

    def python(self, script, *options, **kwargs):
        """Runs a script in the root `host`, whose /usr has the interpreter these tests run with."""
        return self.sandbox(*options, 'host', '--', 'python3', '-IS', '-c', script, **kwargs)

    def mounts_inside(self, *options, root='host', **kwargs):
        """{mount point: Mount}, the topmost of each."""
        out = self.sandbox(*options, root, '--', 'cat', '/proc/self/mountinfo', **kwargs)
        return {m.point: m for m in map(Mount, out.splitlines())}

    def status_inside(self, *options, root='host', **kwargs):
        return fields_of(self.sandbox(*options, root, '--', 'cat', '/proc/self/status', **kwargs))

    def with_all_keys(self, argv):
        """argv of a user who has as many keys as he may have: its Result, the first that is no 0.

        The kernel gives the keys of what has ended back some time later, perhaps when the last was just made.
        """
        for _ in range(50):
            r = self.run_as(USER, [self.probes + '/keyring', 'full', *argv])
            if r.status:
                break
        return r

    def refused(self, message, *words, user=USER, status=125, **kwargs):
        """croft run WORDS, which must be refused with this message."""
        r = self.croft(user, 'run', *words, **kwargs)
        self.assertRefused(r, status, message)
        self.assertRegex(r.err, r'\Acroft: ', r)
        return r
