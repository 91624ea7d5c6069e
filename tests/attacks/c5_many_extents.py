"""C5: a map of more than five extents is sorted wrongly

Broke: the kernel (CVE-2018-18955).
Trick: ids of the host are reached as if they were mapped.
Idmap: what is written is compared with what the ranges say, and with owners of files made inside.
Gate: the same code.
Covered by: test_idmap.test_C5_six_and_more_extents_map_what_they_say
"""
import os
import pwd

from attacks.attack import Attack
from croft_test import USER


class Extents(Attack):
    def test_control_a_map_that_says_something_else_is_seen(self):
        """The check of the covering test, on maps of seven extents, one of which is moved by one."""
        me, (first, _) = pwd.getpwnam(USER), self.own_range()
        for moved in (0, 1):
            folder = self.make_dir(USER, 0o777)
            os.chmod(folder, 0o777)
            extents = [f'{1 + 10 * i} {first + 100 * i + (moved if i == 4 else 0)} 10' for i in range(6)]
            self.mapped(f'import os\nos.setresuid(45, 45, 45)\nopen({folder + "/f"!r}, "w").close()', '\n'.join([f'0 {me.pw_uid} 1', *extents]), f'0 {me.pw_gid} 1')
            self.assertEqual(os.stat(folder + '/f').st_uid, first + 404 + moved)
