"""D6: a FUSE file system of the caller's own

Broke: setuid programs that take the caller's file-system uid alone: the kernel lets into a user's FUSE mount only who is he in every id.
Trick: none; the job does not start.
Croft: is the caller.
Gate: has all ids of the caller before it opens a path, in both installations.
Covered by: test_gate.test_a_volume_is_the_callers_outside
"""
import pwd

from attacks.attack import PYTHON, CAPGET
from attacks.fuse import FuseAttack
from croft_test import EXIT_CROFT, USER, USER2


class Fuse(FuseAttack):
    def setUp(self):
        super().setUp()
        self.point, _ = self.serve()

    def test_control_root_with_the_callers_file_system_uid_is_kept_out(self):
        self.assertEqual(self.run_as(USER, ['cat', self.point + '/f']).out, 'through fuse\n')
        me = pwd.getpwnam(USER)
        script = CAPGET + f'libc.setfsgid({me.pw_gid}); libc.setfsuid({me.pw_uid})\ntry: print(open(sys.argv[1]).read())\nexcept OSError as e: print(e.strerror)'
        self.assertEqual(self.run_as('root', [PYTHON, '-IS', '-c', script, self.point + '/f']).out, 'Permission denied\n')

    def test_it_is_a_volume_of_the_callers(self):
        words = ('-v', self.point + ':/mnt:ro', 'host', '--', 'cat', '/mnt/f')
        for which in ('self', 'subordinate'):
            self.assertEqual(self.croft(USER, 'run', '--map', which, *words).out, 'through fuse\n')
        for _ in self.installations():
            r = self.gate(*words)
            self.assertEqual(r.out, 'through fuse\n', r)
            self.assertRefused(self.gate(*words, user=USER2), EXIT_CROFT, 'denied|Permission')
