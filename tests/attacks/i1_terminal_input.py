"""I1: characters are pushed into the caller's terminal

Broke: bubblewrap (CVE-2017-5226), firejail (CVE-2016-7545), snapd (CVE-2019-7303, CVE-2023-1523), flatpak (CVE-2023-28100), util-linux (CVE-2016-2779), doas (CVE-2023-28339).
Trick: ioctl TIOCSTI, or TIOCLINUX on a console; a filter that compares 64 bits lets TIOCSTI with a high bit pass, one without the 32-bit entry that one.
Croft: the command has a terminal of its own, and the calls are refused on 32 bits of the argument.
Gate: the same; the terminal must be of the new devpts.
Covered by: test_terminal.test_a_terminal_is_not_passed_on_as_another_descriptor, test_seccomp.test_nothing_can_be_typed_into_the_sandboxs_terminal_either,
    test_seccomp.test_refused_calls_answer_so_and_no_others, test_seccomp.test_32_bit_calls_are_as_if_they_were_not_there,
    test_gate.test_a_terminal_of_its_own
"""
import contextlib
import fcntl
import os
import pwd
import re
import select
import subprocess
import termios
import time

import test_gate_ids
import test_terminal
from attacks.attack import GateAttack, SELF
from croft_test import USER


class TerminalInput(GateAttack):
    rules = test_gate_ids.IDS + "allow everyone volume /opt/** ro\n"

    def probe_on(self, which, *words):
        """The probe inside, with the caller's terminal on some of 0-2 and elsewhere pipes. (text, input left)"""
        master, slave = os.openpty()
        self.addCleanup(os.close, master)
        self.addCleanup(os.close, slave)
        os.fchown(slave, pwd.getpwnam(USER).pw_uid, -1)
        modes = termios.tcgetattr(slave)
        outer = os.fstat(slave)
        args = {name: slave if i in which else subprocess.PIPE for i, name in enumerate(('stdin', 'stdout', 'stderr'))}
        p = self.popen_as(USER, [self.croft_path, 'run', *words, '-v', self.probes + ':/mnt:ro', 'host', '--',
                                 '/mnt/inject', '/dev/tty', '/dev/console', '/dev/pts/0'],
                          preexec_fn=lambda: fcntl.ioctl(slave, termios.TIOCSCTTY, 0), **args)
        text = ''
        deadline = time.monotonic() + 20
        while p.poll() is None and time.monotonic() < deadline:
            if select.select([master], [], [], 0.05)[0]:
                text += os.read(master, 65536).decode(errors='replace')
        while select.select([master], [], [], 0.1)[0]:
            text += os.read(master, 65536).decode(errors='replace')
        text += p.stdout.read().decode() if p.stdout else ''
        text += p.stderr.read().decode() if p.stderr else ''
        self.assertEqual(p.returncode, 0, text)
        left = test_terminal.waiting_input(slave)
        self.assertEqual(termios.tcgetattr(slave)[:3], modes[:3])
        return text, left, f'{outer.st_dev:x}:{outer.st_rdev:x}'

    @staticmethod
    def switched_off():
        with contextlib.suppress(FileNotFoundError), open('/proc/sys/dev/tty/legacy_tiocsti', encoding='ascii') as f:
            return f.read() == '0\n'
        return False

    def test_control_outside_the_probe_does_inject(self):
        t = self.terminal(USER, [self.probes + '/inject', '/dev/tty'])
        self.assertEqual(t.wait(), 0)
        if self.switched_off():  # then the kernel answers so to everybody who has not CAP_SYS_ADMIN
            self.assertIn('fd0 TIOCSTI Input/output error', t.seen)
            return
        self.assertIn('fd0 TIOCSTI ok', t.seen)
        self.assertIn('fd0 TIOCSTI-high ok', t.seen)
        self.assertIn('/dev/tty TIOCSTI ok', t.seen)
        self.assertIn('injectedinjected', test_terminal.waiting_input(t.slave))

    def check(self, *words):
        for which in ((0, 1, 2), (0, 1), (0, 2), (1, 2), (0,), (1,), (2,), ()):
            with self.subTest(terminals=which):
                text, left, outer = self.probe_on(which, *words)
                devices = re.findall(r'fd (\d) (\w+) (\w+:\w+)', text)
                self.assertEqual([d[0] for d in devices], ['0', '1', '2'], text)
                for fd, kind, number in devices:
                    self.assertEqual(kind, 'device' if int(fd) in which else 'other', text)
                    self.assertNotEqual(number, outer, text)
                self.assertEqual(left, '', text)
                if not which:
                    self.assertIn('/dev/tty open No such device or address', text)

    def test_nothing_inside_is_the_callers_terminal_nor_reaches_its_input(self):
        self.check(*SELF)

    def test_nor_in_a_sandbox_of_the_gates(self):
        for _ in self.installations():
            self.check('--gate')
