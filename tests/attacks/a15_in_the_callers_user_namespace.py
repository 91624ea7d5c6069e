"""A15: started in a user namespace of the caller's, where files look different

Broke: programs that read their configuration there and believe it (no number).
Trick: unshare -Urm, a policy of one's own mounted over the real one, then the privileged program.
Croft: is the caller's own program there, with the caller's rights; the helpers do not help.
Idmap: refuses any user namespace but the initial one.
Gate: the same.
Covered by: test_idmap.test_A15_R22_inside_a_user_namespace_it_says_so, test_gate.test_A15_in_a_user_namespace_of_the_callers_it_does_nothing,
    test_gate_ids.test_A15_in_a_user_namespace_of_the_callers_it_does_nothing, test_policy_load.c:a_user_namespace_that_does_not_map_root_cannot_verify_the_policy
"""
from attacks.attack import GateAttack
from croft_test import USER


class OwnNamespace(GateAttack):
    def setUp(self):
        super().setUp()
        self.fake = self.home_dir()
        self.text(self.fake, 'policy.conf', 'version 1\nallow everyone volume /**\n# fake\n')
        self.over = 'mount --bind "$1" "$2" && shift 2 && exec "$@"'

    def test_control_who_reads_the_file_reads_the_fake(self):
        folder = self.sysconfdir + '/croft'
        r = self.shell_in_own_namespace(self.over, self.fake, folder, 'cat', folder + '/policy.conf')
        self.assertIn('# fake', r.out)
        self.assertNotIn('# fake', self.run_as(USER, ['cat', folder + '/policy.conf']).out)

    def test_neither_helper_works_there(self):
        folder = self.sysconfdir + '/croft'
        r = self.shell_in_own_namespace(self.over, self.fake, folder, self.idmap_path, '3', '0', '0')
        self.assertRefused(r, 1, '^croft-idmap: this is a user namespace')
        for _ in self.installations():
            r = self.shell_in_own_namespace(self.over, self.fake, folder, self.gate_path, '3', '4')
            self.assertGreater(r.returncode, 0, r)
            self.assertRegex(r.err, '^croft-gate: .*(user namespace|root|privilege)')
