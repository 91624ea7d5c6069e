"""A9: long and many arguments, a huge environment

Broke: sudo (CVE-2021-3156), firejail (#4633).
Trick: an argument that is copied or un-escaped overruns a buffer; many of them move the stack.
Croft: every input has a limit with a name; beyond it is a refusal.
Idmap: three short words; anything else is a usage error.
Gate: two short words and a plan of at most 8 MiB.
Covered by: test_idmap.test_A8_A9_argument_lists_of_the_wrong_length, test_gate.test_A8_A9_arguments, test_gate_ids.test_A8_A9_arguments,
    test_gate.test_cut_short_and_too_long, test_life.test_states_that_make_no_difference, test_run_refusals.test_too_many_are_refused
"""
from attacks.attack import GateAttack, SELF
from croft_test import USER


class LongArguments(GateAttack):
    def test_control_a_program_with_a_buffer_is_ended_by_it(self):
        self.assertEqual(self.run_as(USER, [self.probes + '/naive', 'copy', 'short']).out, 'short\n')
        r = self.run_as(USER, [self.probes + '/naive', 'copy', 'A' * 100000])
        self.assertLess(r.returncode, 0, r)

    def test_every_place_of_a_word_takes_a_long_one(self):
        long = 'A' * 100000
        for words in ((long,), ('run', long), ('run', '--' + long), ('run', '-v', long, 'host'), ('run', '-v', f'/{long}:/x', 'host'), ('run', '-e', long, 'host', '--', 'true'),
                      ('run', '-u', long, 'host'), ('run', '--hostname', long, 'host'), ('run', '--mount', 'type=bind,src=/,dst=/' + long, 'host'), ('policy', 'explain', 'volume', '/' + long),
                      ('plan', '-w', '/' + long, 'host'), ('run', *SELF, 'host', '--', long)):
            r = self.croft(USER, *words)
            self.assertGreaterEqual(r.returncode, 0, (words[:2], r.returncode))
        for _ in self.installations():
            for state in ('argvlong', 'argvmany'):
                r = self.run_as(USER, [self.probes + '/nasty', state, self.gate_path, '3'])
                self.assertRefused(r, 2, '^croft-gate: ')
