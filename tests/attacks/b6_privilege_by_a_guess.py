"""B6: whether privileges are still there is guessed, and one combination of options keeps them

Broke: bubblewrap (CVE-2020-5291: with --userns2 it looked at the effective uid alone).
Trick: some option leads past the place where privileges are given up.
Croft: ids, capabilities and no_new_privs are what they should be with every combination.
Gate: the same; it reads them back, and tries to have its capability again.
Covered by: test_run_leaks.test_the_sets_are_exactly_what_was_asked_for, test_gate.test_the_command_is_the_caller_with_nothing_to_gain,
    test_gate_ids.test_it_has_no_capability_unless_the_policy_says_so, test_caps.c
"""
import itertools

import test_gate_ids
from attacks.attack import GateAttack
from croft_test import USER
from run_case import MAPS, fields_of


class Combinations(GateAttack):
    DEFAULT = 0x405fb | 1 << 31
    SETS = ('CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb')
    rules = None

    def wrong(self, text, most, bounding=0):
        """What a status has that it should not."""
        status = fields_of(text)
        found = [f'{name} {status[name]}' for name in self.SETS if int(status[name], 16) & ~{'CapInh': 0, 'CapAmb': 0, 'CapBnd': bounding}.get(name, most)]
        return found + [f'{name} {status[name]}' for name, value in (('NoNewPrivs', '1'), ('Seccomp', '2')) if status[name] != value]

    def test_control_a_namespace_that_keeps_them_is_seen(self):
        r = self.run_as(USER, ['unshare', '-r', 'cat', '/proc/self/status'])
        self.assertEqual([w.split()[0] for w in self.wrong(r.out, 0)], ['CapPrm', 'CapEff', 'CapBnd', 'NoNewPrivs', 'Seccomp'])

    def test_with_every_combination(self):
        one = ((), ('--no-init',), ('--read-only',), ('--network', 'host'), ('--cap-drop', 'ALL'), ('--unmask',), ('--allow-userns',))
        for which, user, options in itertools.product(MAPS, ((), ('-u', '1000:1000')), one):
            with self.subTest((which, user, options)):
                r = self.croft(USER, 'run', '--map', which, *user, *options, 'host', '--', 'cat', '/proc/self/status')
                self.assertRan(r)
                most = 0 if '--cap-drop' in options else self.DEFAULT
                self.assertEqual(self.wrong(r.out, 0 if user else most, most), [])

    def test_with_every_combination_of_the_gates(self):
        with self.policy(test_gate_ids.IDS + 'allow everyone userns\nallow everyone proc unmasked\n'):
            for name in self.installations():
                one = [(), ('--no-init',), ('--network', 'host'), ('--unmask',), ('--map', 'none'), ('--read-only',)]
                if name != 'plain':
                    one += [('--map', 'self'), ('-u', '1000:1000'), ('--allow-userns',), ('--map', 'self', '-u', '1000')]
                for options in one:
                    r = self.gate(*options, 'host', '--', 'cat', '/proc/self/status')
                    with self.subTest(options):
                        self.assertRan(r)
                        # without a user namespace the bounding set stays: no_new_privs stands for it
                        bounding = (1 << 64) - 1 if name == 'plain' or 'none' in options else 0
                        self.assertEqual(self.wrong(r.out, 0, bounding), [])
