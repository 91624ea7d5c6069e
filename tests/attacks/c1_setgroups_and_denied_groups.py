"""C1: setgroups(2) inside drops a group that is denied access

Broke: shadow's newgidmap (CVE-2018-7169), the kernel (CVE-2014-8989).
Trick: a file with mode 0604 of a group that the user is in: without the group it is read.
Croft: with the caller's own id alone setgroups is denied by the kernel's rule.
Idmap: denies setgroups where the gid map is not backed by a range, or the policy does not allow it.
Gate: the same code.
Covered by: test_idmap.test_R6_C1_a_gid_map_of_the_own_gid_alone_denies_setgroups, test_idmap.test_C1_setgroups_is_denied_where_the_policy_does_not_allow_it,
    test_run_leaks.test_no_map_without_a_grant_lets_groups_be_dropped, test_gate_ids.test_map_self_needs_no_subordinate_ids
"""
import os
import pwd

import test_gate_ids
from attacks.attack import GateAttack
from croft_test import USER


class DeniedGroup(GateAttack):
    DROP = 'import os\nos.setgroups([])\nprint(open({!r}).read())'

    def denied(self, gid):
        path = self.write(self.make_dir('root') + '/f', 'denied to the group', 'root', 0o604)
        os.chown(path, 0, gid)
        self.assertRefused(self.run_as(USER, ['cat', path]), 1, 'Permission denied')
        return path

    def test_control_a_map_that_allows_it_reads_the_file(self):
        me = pwd.getpwnam(USER)
        with self.group('crofttestblocked', USER) as gid:
            out = self.mapped(self.DROP.format(self.denied(gid)), f'0 {me.pw_uid} 1', f'0 {me.pw_gid} 1')
        self.assertEqual(out, 'denied to the group\n')

    def test_no_map_of_the_gates_reads_it(self):
        self.write(self.sysconfdir + '/croft/policy.d/opt.conf', 'version 1\nallow everyone volume /opt/** ro\n')
        self.write(self.sysconfdir + '/croft/policy.conf', test_gate_ids.OPEN + 'allow everyone ids subordinate\n')
        with self.group('crofttestblocked', USER) as gid:
            path = self.denied(gid)
            for name in self.installations():
                for which in ('none', 'self', 'subordinate')[:1 if name == 'plain' else 3]:
                    r = self.gate('--map', which, '-v', path + ':/tmp/f:ro', 'host', '--', 'python3', '-IS', '-c', self.DROP.format('/tmp/f'))
                    self.assertRefused(r, 1, 'Operation not permitted|Permission denied')
                    self.assertRefused(self.gate('--map', which, '-v', path + ':/tmp/f:ro', 'host', '--', 'cat', '/tmp/f'), 1, 'Permission denied')
