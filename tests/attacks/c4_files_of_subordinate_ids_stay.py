"""C4: files of subordinate ids stay outside the volumes

Broke: nobody by a number; systemd-nsresourced guards against it with a module of the kernel.
Trick: a set-user-id file of an id that is somebody else's tomorrow, on a disk that many share.
Croft: what it can write outside are volumes alone, nosuid inside; what stays in them is the caller's business.
Gate: the same.
Covered by: test_run_roots.test_set_user_id_files_made_inside_are_never_root_s, test_gate_ids.test_what_root_inside_makes_in_a_volume_is_the_callers
"""
import os
import pwd

from attacks.attack import GateAttack
from croft_test import USER


class LeftFiles(GateAttack):
    LEAVE = ('import os\nfor place in ("/tmp", "/var/tmp", "/dev/shm", "/run", "/run/lock", "/opt", "/home"):\n    try:\n        path = place + "/crofttest-left"\n'
             '        open(path, "w").close(); os.chown(path, 7, 7); os.chmod(path, 0o6755)\n    except OSError: pass\n')

    def test_control_a_namespace_over_the_hosts_files_leaves_some(self):
        me, (first, count) = pwd.getpwnam(USER), self.own_range()
        self.mapped('import os\nos.setuid(0)\n' + self.LEAVE, f'0 {me.pw_uid} 1\n1 {first} {count}', f'0 {me.pw_gid} 1\n1 {self.own_range("/etc/subgid")[0]} {count}')
        left = [line for line in self.leftovers(0) if line.startswith('file: ')]
        self.assertIn('file: /tmp/crofttest-left', left)
        for line in left:
            os.unlink(line[len('file: '):])

    def test_nothing_is_left(self):
        """leftovers() of every test looks for files of the users' ids."""
        for options in ((), ('--cap-add', 'ALL'), ('--read-only',)):
            self.assertRan(self.croft(USER, 'run', *options, 'host', '--', 'python3', '-IS', '-c', self.LEAVE))
            self.assertEqual(self.leftovers(1), [])
        for _ in self.installations():
            self.assertRan(self.gate('host', '--', 'python3', '-IS', '-c', self.LEAVE))
            self.assertEqual(self.leftovers(1), [])
