"""C3: root inside makes a set-user-id file of root's on the host

Broke: Incus (CVE-2025-64507); the reason for its rule that shifted mounts need a source of their own.
Trick: a volume that can be written, with owners mapped to the host's root.
Croft: the owner outside is the caller or one of his subordinate ids.
Idmap: never maps id 0 of the host.
Gate: never maps id 0 of the host where something can be written; a shared root is read-only.
Covered by: test_run_roots.test_set_user_id_files_made_inside_are_never_root_s, test_gate_ids.test_files_of_the_hosts_root_are_nobodys,
    test_gate_ids.test_a_shared_root_has_its_owners_inside_and_is_read_only, test_gate_ids.test_V8_what_is_not_the_callers_is_refused,
    test_idmap.test_R4_R5_ranges_that_hold_the_caller_or_overlap_are_refused
"""
import os
import pwd
import stat

from attacks.attack import GateAttack, SELF
from croft_test import USER


class SetUserId(GateAttack):
    MAKE = 'cp /usr/bin/id /mnt/f && chmod 6755 /mnt/f; stat -c %u /mnt/f'

    def owner(self, path):
        st = os.stat(path)
        return st.st_uid, stat.S_IMODE(st.st_mode)

    def test_control_a_tool_of_roots_leaves_one(self):
        data = self.home_dir()
        self.assertRan(self.run_as('root', ['unshare', '-m', 'sh', '-c', 'mount --bind "$0" /mnt && ' + self.MAKE, data]))
        self.assertEqual(self.owner(data + '/f'), (0, 0o6755))

    def test_of_nobody_but_the_caller_and_his_ids(self):
        first, count = self.own_range()
        mine = {pwd.getpwnam(USER).pw_uid, *range(first, first + count)}
        for options in ((), ('-u', '1000'), SELF, ('--map', 'isolated'), ('--cap-add', 'ALL')):
            data = self.home_dir(mode=0o777)
            os.chmod(data, 0o777)
            self.croft(USER, 'run', *options, '-v', data + ':/mnt', 'host', '--', 'sh', '-c', self.MAKE, umask=0)
            self.assertIn(self.owner(data + '/f')[0], mine)
        for name in self.installations():
            for volume in (':/mnt',) if name == 'plain' else (':/mnt', ':/mnt:idmap'):
                data = self.home_dir()
                self.assertEqual(self.gate('-v', data + volume, 'host', '--', 'sh', '-c', self.MAKE).status, 0)
                self.assertIn(self.owner(data + '/f')[0], mine)
