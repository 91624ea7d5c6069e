"""F3: mounts travel between the host and the sandbox

Broke: podman and buildah (CVE-2024-9407).
Trick: a volume whose propagation is shared: a mount made inside appears on the host.
Croft: all mounts are private before anything is opened.
Gate: the same.
Covered by: test_run_table.test_no_mount_hears_of_the_host_s_mounts, test_run_table.test_mounts_made_inside_stay_inside,
    test_gate.test_it_sees_its_own_processes_its_name_and_nothing_mounted_but_the_table
"""
import os
import subprocess

import test_gate_ids
from attacks.attack import Attack, GateAttack, SELF
from croft_test import USER, mounts


class Propagation(Attack):
    def test_mounts_do_not_travel_in_either_direction(self):
        data = self.home_dir()
        os.mkdir(data + '/later')
        os.mkdir(data + '/inside')
        before = mounts()
        p = self.popen_as(USER, [self.croft_path, 'run', '--cap-add', 'SYS_ADMIN', *SELF, '-v', data + ':/mnt', 'host', '--', 'bash', '-c',
                                 'mount -t tmpfs t /mnt/inside || exit 3; >/mnt/inside/f; echo ready; read x; ls -A /mnt/later; '
                                 'grep -c /mnt/later /proc/self/mountinfo'], stdin=subprocess.PIPE)
        self.assertEqual(p.stdout.readline(), b'ready\n')
        self.assertEqual(mounts(), before)
        self.assertEqual(os.listdir(data + '/inside'), [])
        with self.mounted(data + '/later', '-t', 'tmpfs', 'croft-test'):
            self.write(data + '/later/f', 'x')
            out, err = p.communicate(b'go\n', timeout=20)
            self.assertEqual(out, b'0\n', err)


class PropagationAndTheGate(GateAttack):
    rules = test_gate_ids.IDS + 'allow everyone capability SYS_ADMIN\n'

    def test_nor_with_the_gate(self):
        data = self.home_dir()
        for name in ('later', 'inside'):
            os.makedirs(f'{data}/{name}')
        before = mounts()
        for name in self.installations():
            more = () if name == 'plain' else ('--cap-add', 'SYS_ADMIN')
            script = ('' if name == 'plain' else 'mount -t tmpfs t /mnt/inside || exit 3; ') + 'echo ready; read x; grep -c /mnt/later /proc/self/mountinfo'
            p = self.started([self.croft_path, 'run', '--gate', *more, '-v', data + ':/mnt', 'host', '--', 'bash', '-c', script], stdin=subprocess.PIPE)
            self.assertEqual(mounts(), before)
            with self.mounted(data + '/later', '-t', 'tmpfs', 'croft-test'):
                self.assertEqual(p.communicate(b'go\n', timeout=20)[0], b'0\n')

    def test_control_a_shared_mount_is_seen_in_both_directions(self):
        data = self.home_dir()
        os.mkdir(data + '/inside')
        subprocess.run(['unshare', '-m', '--propagation', 'unchanged', 'mount', '-t', 'tmpfs', 'none', data + '/inside'], check=True)
        seen = [line for line in mounts() if data + '/inside' in line]
        subprocess.run(['umount', data + '/inside'], check=True)
        self.assertEqual(len(seen), 1)
