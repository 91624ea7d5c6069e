"""A7: SIGCHLD is ignored, so that a child cannot be waited for

Broke: bubblewrap (#705), every program that starts another and takes ECHILD for its failure.
Trick: trap '' CHLD in the calling shell.
Croft: sets the signal back first, and gives the command the defaults.
Idmap: starts nothing, and sets it back all the same.
Gate: the same.
Covered by: test_life.test_states_that_make_no_difference, test_run_leaks.test_signals_have_their_defaults_and_none_is_blocked,
    test_idmap.test_A1_A12_states_that_must_not_matter, test_gate.test_A1_A12_states_that_must_not_matter, test_gate_ids.test_A1_A12_states_that_must_not_matter
"""
from attacks.attack import Attack, PYTHON
from croft_test import USER


class ChildrenIgnored(Attack):
    WAIT = ('import os, sys\nos.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)\nprint("waited")')

    def test_control_a_naive_parent_loses_its_child(self):
        self.assertEqual(self.run_as(USER, [self.probes + '/nasty', 'name', PYTHON, '-IS', '-c', self.WAIT]).out, 'waited\n')
        r = self.run_as(USER, [self.probes + '/nasty', 'chldign', PYTHON, '-IS', '-c', self.WAIT])
        self.assertRefused(r, 1, 'ChildProcessError')
