"""H1: the root file systems of one user are open to others

Broke: moby (CVE-2021-41091), containerd (CVE-2021-41103), Singularity (CVE-2019-19724, CVE-2020-25039).
Trick: a set-user-id program of an image is run by another user of the host, secrets in it are read.
Croft: roots with a name are in a folder of mode 0700.
Gate: makes no root.
Covered by: test_root.test_a_name_is_kept_with_the_other_roots
"""
import os
import shutil
import stat

from attacks.attack import Attack, SELF
from croft_test import EXIT_CROFT, USER, USER2


class OtherUsersRoots(Attack):
    def test_roots_with_a_name_are_closed_to_other_users(self):
        self.assertRan(self.croft(USER, 'root', 'build', 'attacked', 'sh'))
        self.addCleanup(shutil.rmtree, self.home() + '/.local')
        roots = self.home() + '/.local/share/croft/roots'
        self.assertEqual(stat.S_IMODE(os.stat(roots).st_mode), 0o700)
        for path in (roots, roots + '/attacked', roots + '/attacked/bin/sh'):
            self.assertRefused(self.run_as(USER2, ['ls', '-L', path]), 2, 'Permission denied')
        r = self.croft(USER2, 'run', *SELF, roots + '/attacked', '--', '/bin/sh', '-c', ':')
        self.assertRefused(r, EXIT_CROFT, r'^croft: root .*: Permission denied')

    def test_control_a_folder_that_is_open_is_read(self):
        root = self.build_root('sh')
        self.assertRan(self.run_as(USER2, ['ls', '-L', root + '/bin/sh']))
