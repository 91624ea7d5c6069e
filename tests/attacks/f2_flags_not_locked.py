"""F2: flags and mounts are not locked

Broke: every tool that mounts inside its user namespace and leaves CAP_SYS_ADMIN to the command (no number).
Trick: mount -o remount,bind,rw; umount of what covers something; the same from a user namespace inside.
Croft: the command is in a namespace below that of the mounts, where the kernel locks them; Landlock is a second wall.
Gate: the mounts are made before the user namespace, and so locked in it.
Covered by: test_run_leaks.test_with_sys_admin_the_mounts_stay_locked, test_confine.test_mounts_stay_locked_with_user_namespaces_inside,
    test_gate_ids.test_F2_mounts_are_locked_for_a_command_with_sys_admin, test_gate_ids.test_mounts_are_locked_in_a_user_namespace_inside,
    test_gate.test_nothing_can_be_mounted_or_unmounted_inside
"""
import os

from attacks.attack import Attack, SELF
from croft_test import USER


class Locked(Attack):
    def test_mounts_cannot_be_changed_from_inside(self):
        data = self.home_dir()
        script = ('mount -o remount,bind,rw /mnt; umount /mnt; umount -l /mnt; mount --move /mnt /srv; mount -o remount,rw /usr; '
                  'umount -l /etc/hosts; echo x >/mnt/f; echo x >/usr/f; exit 0')
        for options in (SELF, (), ('--cap-add', 'SYS_ADMIN', *SELF), ('--cap-add', 'ALL')):
            with self.subTest(options=options):
                r = self.croft(USER, 'run', *options, '-v', data + ':/mnt:ro', 'host', '--', 'bash', '-c', script)
                self.assertEqual(os.listdir(data), [])
                self.assertIn('/mnt/f: Read-only file system', r.err)
                self.assertIn('/usr/f: Read-only file system', r.err)

    def test_control_in_the_namespace_where_they_were_made_they_are_not(self):
        data = self.home_dir()
        r = self.shell_in_own_namespace('mount --bind "$1" /mnt && mount -o remount,bind,ro /mnt && ! touch /mnt/f && mount -o remount,bind,rw /mnt && touch /mnt/f && '
                                        'umount /mnt', data)
        self.assertRan(r)
        self.assertEqual(os.listdir(data), ['f'])
