"""D8: read-only and nosuid are set on the top mount alone

Broke: every tool that says mount -o remount,bind,ro (no number): that is not recursive, and a recursive bind brings /proc and network file systems along.
Trick: a mount below the volume is written.
Croft: flags are set on the whole detached tree, before it is attached.
Gate: the same; a kernel file system below is refused.
Covered by: test_run_table.test_a_volume_brings_what_is_mounted_below_it_with_the_same_flags, test_gate.test_a_mount_below_needs_its_word_and_keeps_the_flags,
    test_gate.test_a_kernel_file_system_below_is_never_part_of_a_volume, test_gate.test_D8_a_mount_below_that_comes_after_the_decision_is_refused, test_vet_mounts.c
"""
import os
import shutil
import subprocess

from attacks.attack import Attack, SELF, OK


class FlagsBelow(Attack):
    def test_what_is_mounted_below_has_the_flags_of_the_volume(self):
        data = self.home_dir()
        os.mkdir(data + '/sub')
        with self.mounted(data + '/sub', '-t', 'tmpfs', 'croft-test'):
            os.chmod(data + '/sub', 0o777)
            shutil.copy('/usr/bin/id', data + '/sub/id')
            os.chmod(data + '/sub/id', 0o4755)
            with self.policy(OK + f'allow everyone volume {data}/** rw submounts\n'):
                out = self.shell('echo x >/mnt/sub/f; /mnt/sub/id -u; cat /proc/self/mountinfo; exit 0', *SELF, '-v',
                                 data + ':/mnt:ro,noexec', stderr=subprocess.STDOUT)
                self.assertIn('/mnt/sub/f: Read-only file system', out)
                self.assertIn('/mnt/sub/id: Permission denied', out)
                self.assertRegex(out, r' /mnt/sub ro,nosuid,nodev,noexec')
                out = self.shell('echo x >/mnt/sub/f; cat /proc/self/mountinfo', *SELF, '-v', data + ':/mnt')
                self.assertRegex(out, r' /mnt/sub rw,nosuid,nodev')
            self.assertEqual(sorted(os.listdir(data + '/sub')), ['f', 'id'])

    def test_control_a_remount_leaves_what_is_below_writable(self):
        data = self.home_dir()
        os.mkdir(data + '/sub')
        with self.mounted(data + '/sub', '-t', 'tmpfs', '-o', 'mode=777', 'croft-test'):
            self.assertRan(self.shell_in_own_namespace('mount --rbind "$1" /mnt && mount -o remount,bind,ro /mnt && ! touch /mnt/f && touch /mnt/sub/f', data))
            self.assertEqual(os.listdir(data + '/sub'), ['f'])
