"""G6: only the explicit bad value is refused, and the default when nothing is said is the bad one

Broke: Incus (CVE-2026-62313).
Trick: leave the option out.
Croft: the decision is on the plan that is carried out, in which every value stands.
Gate: the same: it has nothing but the plan.
Covered by: test_run_refusals.test_network_and_ids, test_gate_ids.test_the_gate_itself_asks_for_each_word
"""
import pwd

from attacks.attack import GateAttack
from croft_test import EXIT_CROFT, USER


class Omitted(GateAttack):
    rules = None
    WORDS = ('root host', 'network none', 'ids subordinate')

    def test_control_a_filter_of_the_words_sees_nothing_and_the_plan_has_them(self):
        words = ('plan', '--json', 'host', 'true')
        self.assertFalse({'--network', '--map', 'none', 'subordinate'} & set(words))
        with self.policy('version 1\n' + ''.join(f'allow everyone {w}\n' for w in self.WORDS)):
            text = self.croft(USER, *words).out
        self.assertRegex(text, r'"network": ?"none"')
        self.assertRegex(text, r'"map": ?"subordinate"')

    def test_each_default_needs_its_line(self):
        every = 'version 1\n' + ''.join(f'allow everyone {w}\n' for w in self.WORDS)
        with self.policy(every):
            self.assertRan(self.croft(USER, 'run', '--map', 'subordinate', 'host', '--', 'true'))
        for word in self.WORDS:
            with self.policy(every.replace(f'allow everyone {word}\n', '')):
                self.assertRefused(self.croft(USER, 'run', '--map', 'subordinate', 'host', '--', 'true'), EXIT_CROFT, f'^croft: {word}: denied')
                for name in self.installations():
                    r = self.gate('host', '--', 'id', '-u')
                    if word == 'ids subordinate':  # without a map the user is as he is
                        self.assertEqual(r.out, f'{pwd.getpwnam(USER).pw_uid}\n', r)
                    else:
                        self.assertRefused(r, EXIT_CROFT, f'^croft: {word}: denied')
