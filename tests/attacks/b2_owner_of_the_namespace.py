"""B2: the owner of a user namespace has every capability in it

Broke: bubblewrap (pull request 114), and every boundary inside a namespace that its user owns.
Trick: setns(2) into it from outside, then mount -o remount,rw what was read-only.
Croft: the namespace is the caller's, so the rules on volumes are advice there, and SECURITY.md says so.
Gate: the namespace belongs to an id that nobody is; without ids there is none to enter.
Covered by: test_gate_ids.test_the_user_namespace_belongs_to_nobody, test_gate_ids.test_B1_B2_nobody_of_the_same_user_gets_in
"""
import os

from attacks.attack import GateAttack
from croft_test import USER


class Owner(GateAttack):
    def enter(self, pid, *command):
        return self.run_as(USER, ['nsenter', '-t', str(pid), '--user', '--preserve-credentials', '--mount', '--', *command])

    def test_control_the_owner_writes_what_is_read_only_inside(self):
        data = self.home_dir()
        p = self.started(['unshare', '-rm', 'sh', '-c', f'mount --bind {data} {data}; mount -o remount,bind,ro {data}; echo ready; exec sleep 60'])
        self.assertRefused(self.enter(p.pid, 'touch', data + '/f'), 1, 'Read-only file system')
        self.assertRan(self.enter(p.pid, 'mount', '-o', 'remount,bind,rw', data))
        self.assertRan(self.enter(p.pid, 'touch', data + '/f'))

    def test_of_the_gates_sandboxes_he_enters_none(self):
        data = self.home_dir()
        for _ in self.installations():
            p = self.started([self.croft_path, 'run', '--gate', '-v', data + ':/mnt:ro', 'host', '--', 'sh', '-c', 'echo ready; exec sleep 60'])
            for pid in self.sandbox_of(p):
                self.assertRefused(self.enter(pid, 'mount', '-o', 'remount,bind,rw', '/mnt'), 1, 'Permission denied|Operation not permitted|Invalid argument')
                r = self.run_as(USER, ['nsenter', '-t', str(pid), '--mount', '--', 'true'])
                self.assertRefused(r, 1, 'Permission denied|Operation not permitted')
            p.kill()
            p.wait(20)
        self.assertEqual(os.listdir(data), [])

    def sandbox_of(self, p):
        """The first process and the command."""
        with open(f'/proc/{p.pid}/task/{p.pid}/children', encoding='utf-8') as f:
            first = f.read().split()[0]
        with open(f'/proc/{first}/task/{first}/children', encoding='utf-8') as f:
            return first, f.read().split()[0]
