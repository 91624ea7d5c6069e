"""Fail the Nth system call, for every N: tests/faults/sweep.py. `make faults` tries all, this file a part."""
import contextlib
import os
import re
import socket
import sys
import threading

from croft_test import Stage, USER, files_of, mounts
from net_case import tun_for_all
from run_case import COVERED, RunTest
from test_gate import GateTest
from test_gate_ids import IDS, IdsTest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, TOP + '/tests/faults')
from injected import injected  # noqa: E402
from sweep import COMMAND, GOES_ON_GATE, GOES_ON_IDMAP, Sweep, is_static, role  # noqa: E402

STRIDE = int(os.environ.get('STRIDE') or 37)  # a prime: it meets every call and every error in the end
# Whose failure was once not noticed, ended without a word or was waited for: at each place.
ALWAYS = ('write EIO', 'poll EINTR', 'recvmsg ENOMEM', 'recvmsg EAGAIN', 'close_range ENOMEM', 'fchmod EPERM', 'open_tree ENOENT', 'openat ENOENT')


@contextlib.contextmanager
def log_daemon():
    """Where the host has none, one that reads and forgets: else a start does not get beyond the socket."""
    if os.path.lexists('/dev/log'):
        yield
        return
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.bind('/dev/log')
    os.chmod('/dev/log', 0o666)

    def forget():
        while s.recv(4096):
            pass
    reader = threading.Thread(target=forget)
    reader.start()
    try:
        yield
    finally:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
            end.sendto(b'', '/dev/log')
        reader.join()
        os.unlink('/dev/log')
        s.close()


class FaultsTest(RunTest):
    others = ()
    always = ALWAYS
    part = 1  # of a way that is much like another, check-system tries so many times less
    time_limit = 3600 if STRIDE == 1 else 240
    options = ()
    may_differ = [
        # `--landlock auto`: where the kernel has none, the sandbox does without (croft-run(1)).
        ('landlock_create_ruleset', None, 'landlock room'),
        # What is optional and not there: a file of the host, or one of /proc that is covered where the kernel has it.
        *((name, 'ENOENT', '/proc/self/mountinfo|tried write /etc/hosts|tried mkdir|readable|landlock room') for name in ('open', 'openat', 'readlink')),
        ('openat2', 'ENOENT', '/proc/self/mountinfo|tried write|readable'),
        # A file of croft's own below /etc, which the host's may have no place for.
        ('openat2', 'EACCES', r'/proc/self/mountinfo \S+ /etc/|tried write /etc/hosts'),
        # Terminals get the group 5 where there is one.
        ('mount', 'EINVAL', '/proc/self/mountinfo / /dev/pts '),
        # Which shells there are is asked of the root; who is not in /etc/passwd has no name there, no home and no group.
        ('openat2', 'ENOENT', r'environment (SHELL|HOME|USER)=|/proc/\w+/status Gid:'),
        # A home that is a directory of the host's system stays as it is.
        ('mkdirat', 'EROFS', 'directory '),
        ('fchownat', 'EROFS', 'directory '),
        # The name that ps(1) shows.
        ('prctl', None, '/proc/1/status Name'),
        # The home, which nobody asked for as the working directory: / where it cannot be entered.
        ('openat2', None, 'directory '),
        ('fchdir', None, 'directory '),
    ]

    @property
    def words(self):
        return '-v', self.probes + ':/mnt:ro', *self.options, 'host', '--', COMMAND, *COVERED

    def fault(self, fault):
        """One start, undisturbed (None) or with a fault (Call, errno)."""
        r = injected(self, USER, [self.croft_path, 'run', *self.words], fault, COMMAND)
        self.assertEqual(self._mounts, mounts(), fault)
        self.assertEqual(self._files, files_of(self._ids), fault)
        return r

    def assertComplete(self, sweep):
        """The positive control: the undisturbed start is what every other is compared with."""
        good, report = sweep.undisturbed, sweep.report
        self.assertEqual(good.status, 0, good)
        self.assertEqual(good.err, '')
        self.assertEqual(report[-1], 'complete')
        self.assertEqual([line.split()[1] for line in report if line.startswith('descriptor')], ['0', '1', '2'])
        for line in ('/proc/self/status NoNewPrivs:\t1', '/proc/self/status Seccomp:\t2', '/proc/self/status Seccomp_filters:\t2',
                     'tried mkdir /usr 30', 'tried tmp 0', 'tried keyctl 1', 'tried unshare user 1', 'tried umount 1',
                     'landlock room for 15 layers', *self.expected):
            self.assertIn(line, report)
        for name in ('mnt', 'pid', 'uts', 'ipc', 'net'):
            self.assertIn(f'namespace {name} new', report)

    def sweep(self):
        goes_on = {'croft-idmap': GOES_ON_IDMAP, 'croft-gate': GOES_ON_GATE} if is_static(self.idmap_path) else {}
        sweep = Sweep(self.fault, self.may_differ, others=self.others, goes_on=goes_on)
        self.assertComplete(sweep)
        self.assertEqual(sorted(set(map(role, (c.process for c in sweep.calls)))), sorted(self.roles))
        self.try_all(sweep, self.always)

    def try_all(self, sweep, always):
        if Stage.profiles or Stage.cases is not None:  # what is asked there is of the privileged programs: all of them
            sweep.calls = [c for c in sweep.calls if re.search(':croft-(gate|idmap)', c.process)]
            sweep.all(self, 1)
        else:
            sweep.all(self, STRIDE * self.part if STRIDE > 1 else 1, always)
        print(f'      {len(sweep.calls)} calls, ' + ', '.join(f'{n} {what}' for what, n in sorted(sweep.tally.items())))
        self.assertFalse(sweep.complaints, '\n'.join(sweep.complaints))
        # a call that is not made in every start is no reason to believe that all were tried
        self.assertLess(sweep.tally['not reached'], 2 + sweep.tally['pairs'] // 50)


class Self(FaultsTest):
    options = ('--map', 'self')
    expected = ('namespace user new',)
    roles = ('front end', 'child', 'grandchild')

    def test_every_call_that_fails_is_said_or_does_not_matter(self):
        self.sweep()


class Subordinate(Self):
    options = ('--map', 'subordinate')
    roles = Self.roles + ('croft-idmap',)


class NoInit(Self):
    """The command is the first process, and croft's child."""
    options = ('--map', 'self', '--no-init')
    part, always = 11, ()
    roles = ('front end', 'child')


class OnTerminal(Self):
    """Both ends of a terminal of the sandbox's own: one is handed out, the other copied."""
    options = ('--map', 'self', '-t')
    part, always = 11, ('fcntl EMFILE', 'setpgid EPERM')


class UserNetwork(Self):
    """What pasta does when a call of its own fails is its own affair; what croft does then is in test_network."""
    options = ('--map', 'self', '--network', 'user')
    part, always = 11, ('dup2 EMFILE',)
    others = ('passt',)

    def setUp(self):
        super().setUp()
        self.needs_package('passt')

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        tun_for_all(cls)


class Gate(FaultsTest, GateTest):
    rules = IDS + 'allow everyone volume /opt/** ro\n'
    options = ('--gate', '--map', 'none')
    expected = ('namespace user of the host',)
    roles = ('front end', 'child', 'grandchild', 'croft-gate')

    def test_every_call_that_fails_is_said_or_does_not_matter(self):
        with log_daemon():
            self.sweep()


class SetuidGate(Gate):
    with_setuid = True
    part, always = 11, ('prctl EBUSY',)


class GateIds(Gate, IdsTest):
    expected = ('namespace user new', 'bounding 0')
    roles = Gate.roles + ('descendant',)

    def setUp(self):
        super().setUp()
        self.options = ('--gate', '--map', 'subordinate', '-u', '1000', '-v', self.home_dir() + ':/srv:idmap')


class SetuidGateIds(GateIds):
    with_setuid = True
    part, always = 11, ()


class Refused(FaultsTest):
    """A root whose link leads a mount point into /proc: no call that fails lets it through."""
    options = ('--map', 'self')

    @property
    def words(self):
        return '-v', self.folder + ':/place/sys', *self.options, self.root, '--', '/bin/true'

    def setUp(self):
        super().setUp()
        self.folder, self.root = self.home_dir(), self.build_root('true')
        os.symlink('proc', self.root + '/place')

    def test_what_is_refused_stays_refused_whatever_fails(self):
        sweep = Sweep(self.fault, refused=True)
        self.assertEqual((sweep.undisturbed.status, sweep.undisturbed.out), (125, ''))
        self.assertIn('the mount point lies in /proc, /sys or /dev', sweep.undisturbed.err)
        self.try_all(sweep, ('openat2 EMFILE', 'openat2 EINTR'))


class RefusedByGate(Refused, GateTest):
    rules = IDS
    options = ('--gate', '--map', 'none')
