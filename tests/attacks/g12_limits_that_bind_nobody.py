"""G12: limits that are none where users may make user namespaces

Broke: Apptainer, whose own comment says so of its limits.
Trick: unshare -Urm, without the tool.
Croft: croft policy status says what the policy is worth on this host; require boundary starts nothing where it is less.
Gate: is the boundary, where user namespaces are off.
Covered by: test_policy_status.test_the_policy_is_advice_and_what_is_missing_has_its_command, test_policy_status.test_where_users_may_make_user_namespaces_nothing_starts,
    test_policy_status.test_the_status_is_1_where_the_host_gives_less, test_policy_level.c
"""
from attacks.attack import Attack, SELF, OK
from croft_test import EXIT_CROFT, USER


class Worth(Attack):
    def test_control_without_the_tool_nobody_asks(self):
        with self.policy(OK):
            self.refused('denied', *SELF, '-v', '/etc:/mnt:ro', 'host', '--', 'true')
            self.assertIn('passwd', self.shell_in_own_namespace('mount --bind /etc /mnt && ls /mnt').out)

    def test_a_policy_that_wants_more_than_the_host_gives_has_status_1(self):
        with self.policy(OK):
            self.assertRan(self.croft(USER, 'policy', 'status'))
        with self.policy(OK + 'require boundary\n'):
            self.assertEqual(self.croft(USER, 'policy', 'status').status, 1)
            self.assertEqual(self.croft(USER, 'run', *SELF, 'host', '--', 'true').status, EXIT_CROFT)
