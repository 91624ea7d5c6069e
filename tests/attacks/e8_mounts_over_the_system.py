"""E8: a mount over /etc is seen by set-user-id programs outside

Broke: firejail (CVE-2016-10117).
Trick: a tmpfs over /etc, /usr or /lib in a mount namespace that is the host's.
Croft: the mount namespace is new, and private before anything is mounted.
Gate: the same.
Covered by: test_run_table.test_nothing_goes_through_to_the_host, test_gate.test_it_sees_its_own_processes_its_name_and_nothing_mounted_but_the_table
"""
import os
import subprocess

from attacks.attack import Attack, GateAttack, SELF


class OverTheSystem(Attack):
    def test_a_tmpfs_over_the_system_is_in_this_sandbox_only(self):
        before = os.listdir('/etc')
        root = self.build_root('sh', 'ls')
        self.assertEqual(self.sandbox(*SELF, '--tmpfs', '/etc', root, '--', '/bin/sh', '-c', 'echo /etc/*'), '/etc/*\n')
        self.assertEqual(os.listdir('/etc'), before)


class OverTheSystemAndTheGate(GateAttack):
    def test_nor_is_one_of_the_gates(self):
        before, root = os.listdir('/etc'), self.build_root('sh', 'ls')
        for _ in self.installations():
            self.assertEqual(self.inside('echo /etc/*', '--tmpfs', '/etc:size=1M', root=root), '/etc/*\n')
            self.assertEqual(os.listdir('/etc'), before)

    def test_control_one_that_is_shared_is_seen(self):
        folder = self.make_dir('root')
        self.write(folder + '/f', '')
        subprocess.run(['unshare', '-m', '--propagation', 'unchanged', 'mount', '-t', 'tmpfs', 'none', folder], check=True)
        seen = os.listdir(folder)
        subprocess.run(['umount', folder], check=True)
        self.assertEqual((seen, os.listdir(folder)), ([], ['f']))
