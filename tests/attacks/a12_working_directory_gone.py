"""A12: the working directory is gone, closed, or on a file system that does not answer

Broke: programs that call getcwd(3) while they are privileged (no number).
Trick: rmdir of the directory that the program is started in.
Croft: needs it for relative paths alone, and says so.
Idmap: never looks at it.
Gate: as croft.
Covered by: test_idmap.test_A1_A12_states_that_must_not_matter, test_gate.test_A1_A12_states_that_must_not_matter, test_gate_ids.test_A1_A12_states_that_must_not_matter
"""
from attacks.attack import Attack, SELF, PYTHON
from croft_test import EXIT_CROFT, USER


class WorkingDirectory(Attack):
    def test_a_working_directory_that_is_gone_or_closed_does_not_matter(self):
        r = self.run_as(USER, [self.probes + '/nasty', 'cwdgone', self.croft_path, 'run', *SELF, 'host', '--', 'pwd'], timeout=10)
        self.assertRan(r)
        self.assertEqual(r.out, '/root\n')
        closed = self.make_dir('root', 0o700)  # entered with root's rights
        self.assertRan(self.croft(USER, 'run', *SELF, 'host', '--', 'true', cwd=closed, timeout=10))
        self.assertRefused(self.croft(USER, 'run', *SELF, './root', '--', 'true', cwd=closed, timeout=10), EXIT_CROFT,
                           r'^croft: root \./root: Permission denied$')

    def test_control_who_asks_for_it_fails(self):
        r = self.run_as(USER, [self.probes + '/nasty', 'cwdgone', PYTHON, '-IS', '-c', 'import os; print(os.getcwd())'])
        self.assertRefused(r, 1, 'FileNotFoundError')
