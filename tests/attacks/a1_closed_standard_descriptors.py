"""A1: the caller closed the standard descriptors

Broke: privileged programs since the 1990s, among them many that print a message into the file that they had opened as descriptor 2.
Trick: the next file that is opened gets number 0, 1 or 2, and what is meant for the terminal goes into it, or the command inherits it.
Croft: the command finds /dev/null there.
Idmap: opens /dev/null until 0 to 2 are taken, before anything else is opened; what it says never lands in a map.
Gate: the same.
Covered by: test_life.test_states_that_make_no_difference, test_run_leaks.test_closed_ones_are_dev_null, test_idmap.test_A1_A12_states_that_must_not_matter,
    test_idmap.test_R11_R13_a_map_that_the_caller_opened_as_standard_error_gets_no_text, test_gate.test_A1_A12_states_that_must_not_matter,
    test_gate_ids.test_A1_A12_states_that_must_not_matter
"""
from attacks.attack import Attack, SELF, PYTHON
from croft_test import USER


class ClosedDescriptors(Attack):
    def test_control_a_program_that_only_opens_and_prints_writes_into_its_file(self):
        for state, fd in (('close1', 1), ('close2', 2)):
            file = self.text(self.home_dir(), 'map', '')
            script = f'import os; os.open({file!r}, os.O_RDWR); os.write({fd}, b"usage")'
            self.assertRan(self.run_as(USER, [self.probes + '/nasty', state, PYTHON, '-IS', '-c', script]))
            with open(file, encoding='ascii') as f:
                self.assertEqual(f.read(), 'usage')

    def test_a_volume_never_becomes_a_standard_descriptor(self):
        data = self.home_dir()
        for state in ('close0', 'close1', 'close2', 'closeall'):
            for options in (SELF, ()):
                r = self.run_as(USER, [self.probes + '/nasty', state, self.croft_path, 'run', *options, '-v', data + ':/mnt', 'host', '--', 'sh', '-c',
                                       'for n in 0 1 2; do readlink /proc/$$/fd/$n >>/mnt/seen; done'])
                self.assertRan(r)
        with open(data + '/seen', encoding='utf-8') as f:
            seen = f.read().split()
        self.assertEqual(len(seen), 24)
        self.assertEqual({w for w in seen if not w.startswith(('/dev/null', 'pipe:'))}, {'/mnt/seen'})  # the shell's own, of the redirection
        self.assertGreaterEqual(seen.count('/dev/null'), 8)
