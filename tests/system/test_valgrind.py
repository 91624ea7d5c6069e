"""The privileged programs under valgrind's memcheck: `make valgrind`.

valgrind runs no program that has privilege by its file. So copies without are started as root with the caller's real uid, as the kernel starts
a program that is setuid root.
"""
import os
import pwd
import unittest

import test_gate
import test_idmap
from croft_test import USER, Stage

PYTHON = os.path.realpath('/usr/bin/python3')
# Debian's /usr/bin/valgrind is a shell script around it, and a shell gives an effective uid up that is not the real one.
VALGRIND = next((p for p in ('/usr/bin/valgrind.bin', '/usr/bin/valgrind') if os.path.exists(p)), None)
ERROR = 98  # what no program of croft's ends with
AS_SETUID = ('import os, sys; uid, gid = int(sys.argv[1]), int(sys.argv[2]); os.setgroups([gid]); os.setresgid(gid, gid, gid); '
             'os.setresuid(uid, 0, 0); os.execv(sys.argv[3], sys.argv[3:])')


def valgrind():
    me = pwd.getpwnam(USER)
    return [PYTHON, '-IS', '-c', AS_SETUID, str(me.pw_uid), str(me.pw_gid),
            VALGRIND, '-q', f'--error-exitcode={ERROR}', '--leak-check=no', '--vgdb=no', '--child-silent-after-fork=yes', '--']


class Memcheck:
    @staticmethod
    def stopped_at_openat2(text):
        """valgrind 3.19 does not know openat2(2), by which every file is opened: it comes that far, and says so."""
        return 'unhandled amd64-linux syscall: 437' in text or 'open /etc/passwd: Function not implemented' in text


class Idmap(Memcheck, test_idmap.IdmapTest):
    def run_idmap(self, *args):
        p = self.target()
        r = self.on_target(p.pid, *args, path=test_idmap.install(Stage.prefix + '/libexec/croft/croft-idmap', 'valgrind', None), user='root', before=valgrind())
        return r, self.maps_of(p.pid)

    def test_it_writes_the_maps(self):
        r, maps = self.run_idmap('0', '0')
        if not self.stopped_at_openat2(r.err):
            self.assertEqual((r.status, r.err), (0, ''), r)
            self.assertEqual(maps[:2], self.usual())

    def test_it_refuses(self):
        for args, status in ((('0', 'x'), 2), (('0',), 2), (('4294967295', '0'), 2)):
            r, maps = self.run_idmap(*args)
            self.assertRefused(r, status, r'\A(croft-idmap: .*\n)+\Z')
            self.assertEqual(maps[:2], ('', ''))


class Gate(Memcheck, test_gate.ByHand):
    """At the latest up to the clone3(2) that makes the sandbox, which valgrind does not know."""

    def under(self, plan):
        self.put_gate(caps=None)
        r, message, child = self.start(plan, user='root', prefix=valgrind())
        self.assertNotEqual(r.status, ERROR, r)
        self.assertNotIn('==', r.err)
        self.assertFalse(child)
        return message + r.err

    def test_it_decides(self):
        self.assertIn('Function not implemented', self.under(self.plan('-v', self.home_dir() + ':/mnt')))

    def test_it_refuses(self):
        plan = self.plan('-v', self.home_dir() + ':/mnt')
        said = self.under(plan.replace(b'/home/', b'/srvs/'))
        self.assertTrue(self.stopped_at_openat2(said) or 'no rule allows it' in said, said)
        for cut in range(0, len(plan), len(plan) // 7 or 1):
            self.assertRegex(self.under(plan[:cut]), 'plan')


def load_tests(_loader, tests, _pattern):
    """Where it is asked for."""
    return tests if os.environ.get('VALGRIND') else unittest.TestSuite()
