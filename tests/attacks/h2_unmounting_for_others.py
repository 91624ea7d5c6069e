"""H2: a user unmounts what is another's

Broke: util-linux (CVE-2021-3995, CVE-2021-3996).
Trick: umount as a set-user-id program, which compares names and numbers by their beginning.
Croft: there is no such program.
Gate: unmounts nothing of the host.
Covered by: test_gate.test_nothing_can_be_mounted_or_unmounted_inside
"""
import os
import shutil
import stat

from attacks.attack import Attack


class Unmounting(Attack):
    def test_nothing_but_the_map_helper_is_privileged(self):
        """Of what make install puts there; other tests have copies of their own beside it."""
        found = []
        for top in ('bin', 'libexec', 'share', 'etc', 'var'):
            for folder, _dirs, files in os.walk(f'{self.prefix}/{top}'):
                for path in (f'{folder}/{name}' for name in files):
                    caps = 'security.capability' in os.listxattr(path, follow_symlinks=False)
                    if caps or os.lstat(path).st_mode & (stat.S_ISUID | stat.S_ISGID) and stat.S_ISREG(os.lstat(path).st_mode):
                        found.append(path)
        self.assertEqual(found, [self.idmap_path])

    def test_control_a_privileged_program_is_seen(self):
        path = self.prefix + '/bin/other'
        shutil.copy('/usr/bin/id', path)
        self.addCleanup(os.unlink, path)
        os.chmod(path, 0o4755)
        with self.assertRaisesRegex(AssertionError, 'bin/other'):
            self.test_nothing_but_the_map_helper_is_privileged()
