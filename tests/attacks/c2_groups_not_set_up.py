"""C2: supplementary groups are dropped on the way in, and with them what they are denied

Broke: podman and buildah (CVE-2022-2989, CVE-2022-2990), moby (CVE-2022-36109).
Trick: the process of a container runs without the groups of its user.
Croft: the groups go along, and with them what they are denied.
Gate: the same, with volumes whose owners are exchanged, too.
Covered by: test_run_leaks.test_what_a_group_is_denied_stays_denied, test_gate_ids.test_V6_what_a_group_is_denied_stays_denied,
    test_gate.test_the_command_is_the_caller_with_nothing_to_gain
"""
import os

from attacks.attack import Attack
from croft_test import USER


class Groups(Attack):
    def test_control_a_tool_that_forgets_them_reads_the_file(self):
        path = self.write(self.make_dir('root') + '/f', 'denied to the group', 'root', 0o604)
        with self.group('crofttestblocked', USER) as gid:
            os.chown(path, 0, gid)
            for groups, status in (('--init-groups', 1), ('--clear-groups', 0)):
                r = self.run_as('root', ['setpriv', '--reuid', USER, '--regid', USER, groups, 'cat', path], cwd='/')
                self.assertEqual(r.status, status, r)
