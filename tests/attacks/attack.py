"""What the cases share: victims that let themselves be broken, so that each case is seen to see its attack."""
import contextlib
import hashlib
import os
import pwd
import shutil
import subprocess

import test_gate
import test_gate_ids
from croft_test import USER, sub_ranges
from run_case import RunTest

SELF = ('--map', 'self')
OK = 'version 1\nallow everyone root /**\nallow everyone root host\nallow everyone network none\n'
PYTHON = os.path.realpath('/usr/bin/python3')  # the one that users may run
CAPGET = ('import ctypes, os, sys\nlibc = ctypes.CDLL(None, use_errno=True)\n'
          'def caps(): return [l.split()[1] for l in open("/proc/self/status") if l.startswith("CapPrm")][0]\n')


def digest(path):
    with open(path, 'rb') as f:
        return hashlib.sha256(f.read()).hexdigest()


class Attack(RunTest):
    def home(self):
        return pwd.getpwnam(USER).pw_dir

    def text(self, folder, name, text):
        return self.write(f'{folder}/{name}', text, USER)

    @contextlib.contextmanager
    def mounted(self, point, *args):
        """A mount of root's on the host while the block runs."""
        subprocess.run(['mount', *args, point], check=True)
        try:
            yield
        finally:
            subprocess.run(['umount', point], check=True)

    def weak_helper(self, caps='cap_setuid,cap_setgid+ep'):
        """An interpreter with file capabilities: a privileged program that guards itself against nothing."""
        path = self.make_dir('root') + '/weak'
        shutil.copy(PYTHON, path)
        os.chmod(path, 0o755)
        subprocess.run(['setcap', caps, path], check=True)
        return path

    def root_in_own_namespace(self, script, *args, options='-rm', **kwargs):
        """Runs a script of python as root of a plain user namespace of the user's: what a naive tool is there."""
        return self.run_as(USER, ['unshare', options, PYTHON, '-IS', '-c', script, *args], **kwargs)

    def shell_in_own_namespace(self, script, *args, **kwargs):
        return self.run_as(USER, ['unshare', '-rm', 'sh', '-c', script, 'sh', *args], **kwargs)

    def mapped(self, script, uid_map, gid_map, setgroups='allow', user=USER):
        """Runs a script of python as the user in a user namespace whose maps root has written as they are given."""
        # who is root by the maps has his capabilities from the next program on
        p = self.popen_as(user, ['unshare', '-U', 'sh', '-c', 'echo up; read x; exec "$@"', 'sh', PYTHON, '-IS', '-c', script], stdin=subprocess.PIPE)
        self.assertEqual(p.stdout.readline(), b'up\n')
        for name, value in (('setgroups', setgroups), ('gid_map', gid_map), ('uid_map', uid_map)):
            with open(f'/proc/{p.pid}/{name}', 'w', encoding='utf-8') as f:
                f.write(value)
        out, err = p.communicate(b'go\n', timeout=20)
        self.assertEqual(p.returncode, 0, err)
        return out.decode()

    def own_range(self, file='/etc/subuid'):
        return sub_ranges(USER, file)[0]

    def started(self, argv, user=USER, word=b'ready\n', **kwargs):
        """A process that has said its word."""
        p = self.popen_as(user, argv, **kwargs)
        self.assertEqual(p.stdout.readline(), word, p.stderr.read() if p.poll() else '')
        return p

    def trace(self, calls, *argv, **kwargs):
        """What a command of the user's does, as strace of root's sees it: a user may not look into a process that hides its memory."""
        path = self.home_dir() + '/trace'
        r = self.run_as('root', ['strace', '-u', USER, '-f', '-o', path, '-e', 'trace=' + calls, *argv], **kwargs)
        self.assertRan(r)
        with open(path, encoding='utf-8', errors='replace') as f:
            return f.read().splitlines()


class GateAttack(test_gate.GateTest, Attack):
    """Against croft-gate in each of its installations. test_gate has what a case of its own needs."""
    INSTALLATIONS = (('plain', False, test_gate.CAPS), ('ids', False, test_gate_ids.ALL), ('setuid root', True, None))
    rules = test_gate_ids.IDS

    def installations(self):
        for name, setuid, caps in self.INSTALLATIONS:
            self.with_setuid = setuid
            self.put_gate(setuid, caps)
            with self.subTest(name):
                yield name

    def holders(self):
        return test_gate.Killed.holders()
