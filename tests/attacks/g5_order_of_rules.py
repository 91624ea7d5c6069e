"""G5: the order of the lines decides

Broke: sudo, doas and pf (the last line that matches), polkit (the first), and whoever gets the order of drop-in files wrong.
Trick: a file that is read after the one that denies.
Croft: order-free: a deny wins, and grants do not add up.
Idmap: the same code.
Gate: the same code.
Covered by: test_policy_decide.c:the_order_of_rules_never_matters, test_policy_decide.c:every_small_policy_agrees_with_the_naive_decision,
    test_policy_decide.c:a_deny_line_more_never_allows_more_and_an_allow_line_more_never_less
"""
import itertools

from attacks.attack import GateAttack, SELF, OK
from croft_test import EXIT_CROFT, USER


class Order(GateAttack):
    rules = None
    LINES = ('allow everyone volume /usr/** ro', 'deny everyone volume /usr/share/**', 'allow everyone volume /usr/share/** ro')

    @staticmethod
    def naive(lines, path, pick):
        matching = [line for line in lines if path.startswith(line.split()[3].rstrip('*'))]
        return matching[pick].startswith('allow')

    def test_control_first_and_last_match_change_their_answer(self):
        for pick in (0, -1):
            self.assertEqual({self.naive(lines, '/usr/share/', pick) for lines in itertools.permutations(self.LINES)}, {True, False})

    def test_no_order_allows_it(self):
        words = ('-v', '/usr/share:/mnt:ro', 'host', '--', 'true')
        for lines in itertools.permutations(self.LINES):
            with self.policy(OK + 'allow everyone ids subordinate\n', {f'{i}.conf': f'version 1\n{line}\n' for i, line in enumerate(lines)}):
                self.assertRefused(self.croft(USER, 'run', *SELF, *words), EXIT_CROFT, 'denies it')
                self.assertRan(self.croft(USER, 'run', *SELF, '-v', '/usr/lib:/mnt:ro', 'host', '--', 'true'))
                for _ in self.installations():
                    self.assertRefused(self.gate(*words), EXIT_CROFT, 'denies it')
