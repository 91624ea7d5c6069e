"""A4: limits of resources that make a call fail half way

Broke: util-linux (CVE-2011-1676, CVE-2011-1677: a mount table damaged under RLIMIT_FSIZE); newuidmap is ended by SIGXFSZ when its message goes to a file.
Trick: limits and the signals that they bring are inherited by a privileged program.
Croft: works, or says which limit is too small, and leaves nothing.
Idmap: raises soft limits, ignores XFSZ, and checks every call; what a limit makes impossible maps nothing.
Gate: relies on no limit; what fails is a refusal.
Covered by: test_life.test_no_file_may_grow, test_life.test_few_open_files, test_life.test_little_address_space, test_life.test_states_in_which_it_cannot_work,
    test_idmap.test_A4_limits_that_do_not_suffice_are_said, test_idmap.test_A4_without_any_descriptor_nothing_is_written,
    test_gate.test_A13_A4_states_in_which_it_must_not_work, test_gate_ids.test_A13_A4_states_in_which_it_must_not_work
"""
import signal

from attacks.attack import GateAttack
from croft_test import USER


class Limits(GateAttack):
    def test_control_a_program_that_writes_a_message_is_ended_by_the_limit(self):
        file = self.text(self.home_dir(), 'log', '')
        r = self.run_as(USER, [self.probes + '/nasty', 'fsize', '/usr/bin/bash', '-c', f'echo usage >>{file}; echo went on'])
        self.assertEqual(r.returncode, -signal.SIGXFSZ, r)

    def test_a_message_to_a_file_that_may_not_grow_ends_no_helper(self):
        file = self.text(self.home_dir(), 'log', '')
        with open(file, 'w', encoding='ascii') as f:
            for words in (('x', 'y', 'z'), (), ('3000', '0', '0')):
                r = self.run_as(USER, [self.probes + '/nasty', 'fsize', self.idmap_path, *words], stderr=f)
                self.assertIn(r.returncode, (1, 2), r)
            for _ in self.installations():
                for words in (('x', 'y'), (), ('300', '301')):
                    r = self.run_as(USER, [self.probes + '/nasty', 'fsize', self.gate_path, *words], stderr=f)
                    self.assertIn(r.returncode, (1, 2), r)
