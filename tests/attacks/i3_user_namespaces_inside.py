"""I3: a user namespace made inside gives the capabilities back

Broke: what is built on "no capability inside" alone (no number); it also opens the kernel to whoever is inside.
Trick: unshare -Ur inside.
Croft: none can be made, unless --allow-userns asks for it and the policy allows it; the mounts are locked then.
Gate: the same, by the filter and, with ids, a limit of 0 that nobody inside lifts.
Covered by: test_run_leaks.test_no_user_namespace_can_be_made_inside, test_run_leaks.test_the_lid_on_user_namespaces_cannot_be_lifted,
    test_gate.test_no_user_namespace_inside, test_gate_ids.test_no_user_namespace_inside_unless_the_policy_says_so,
    test_gate_ids.test_the_lid_on_user_namespaces_cannot_be_lifted, test_confine.test_mounts_stay_locked_with_user_namespaces_inside
"""
from attacks.attack import Attack, SELF
from croft_test import USER


class NestedNamespaces(Attack):
    def test_no_user_namespace_gives_capabilities_back(self):
        for options in ((), SELF, ('--cap-add', 'SYS_ADMIN'), ('--cap-add', 'ALL', '--no-init'), ('-u', '1000')):
            with self.subTest(options=options):
                r = self.croft(USER, 'run', *options, 'host', '--', 'unshare', '-Ur', 'true')
                self.assertRefused(r, 1, r'unshare: unshare failed: (No space left on device|Operation not permitted)')

    def test_control_in_a_plain_namespace_one_can_be_made(self):
        self.assertRan(self.run_as(USER, ['unshare', '-Ur', 'unshare', '-Ur', 'grep', '-q', 'CapEff.*ff', '/proc/self/status']))
