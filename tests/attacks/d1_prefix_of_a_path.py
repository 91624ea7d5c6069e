"""D1: paths or names are compared by their beginning

Broke: Apptainer (CVE-2026-48785), SingularityCE (CVE-2026-47215), util-linux (CVE-2021-3995), LXC (CVE-2026-39402), Shifter.
Trick: what is allowed for /scratch is asked for /scratch2; /scratch/bob/../alice; the user bob is the beginning of bobby.
Croft: the decision is on the path of the opened object, component by component.
Gate: the same code.
Covered by: test_policy_match.c:a_pattern_covers_by_components, test_policy_match.c:every_short_pattern_agrees_with_the_naive_matcher,
    test_policy_match.c:only_clean_absolute_paths_are_clean, test_run_refusals.test_paths_rights_and_what_lies_below
"""
import os

from attacks.attack import GateAttack, SELF, OK
from croft_test import EXIT_CROFT, USER


class Prefix(GateAttack):
    def setUp(self):
        super().setUp()
        self.base = self.home_dir()
        for name in ('scratch', 'scratch2', 'scratch/bob', 'scratch/bobby', 'scratch/alice', 'scratch/x', 'scratch.old', 'scratc'):
            os.mkdir(f'{self.base}/{name}')
            self.give(f'{self.base}/{name}', USER)
        self.write(self.sysconfdir + '/croft/policy.conf', OK + f'allow everyone volume {self.base}/scratch/bob/** rw\nallow everyone volume {self.base}/scratch/x ro\n'
                   'allow everyone ids subordinate\n')
        self.table = {'scratch/bob': True, 'scratch/./bob': True, '/scratch//bob': True, 'scratch2/../scratch/bob/': True, 'scratch/bob/../alice': False, 'scratch/bobby': False,
                      'scratch2': False, 'scratch.old': False, 'scratc': False, 'scratch': False, 'scratch/bob/..': False, 'scratch/bob/../bobby/.': False}

    def test_control_a_comparison_of_beginnings_lets_them_pass(self):
        passed = {name for name in self.table if f'{self.base}/{name}'.startswith(self.base + '/scratch/bob')}
        self.assertEqual(passed & {n for n, allowed in self.table.items() if not allowed}, {'scratch/bobby', 'scratch/bob/../alice', 'scratch/bob/..', 'scratch/bob/../bobby/.'})

    def test_allowed_is_what_is_the_same_or_below_by_components(self):
        def check(start):
            for name, allowed in self.table.items():
                r = start('-v', f'{self.base}/{name}:/mnt', 'host', '--', 'true')
                with self.subTest(name):
                    if allowed:
                        self.assertRan(r)
                    else:
                        self.assertRefused(r, EXIT_CROFT, '^croft: volume .*: denied for ')
        check(lambda *words: self.croft(USER, 'run', *SELF, *words))
        for _ in self.installations():
            check(self.gate)
