"""A8: argc is 0

Broke: polkit's pkexec (CVE-2021-4034).
Trick: execve(2) with an empty list: argv[1] is the first word of the environment, and is written to. Since Linux 5.18 the kernel puts an empty word there.
Croft: a usage error; its own environment is not touched.
Idmap: refuses any number of arguments but three.
Gate: refuses any number of arguments but two.
Covered by: test_idmap.test_A8_A9_argument_lists_of_the_wrong_length, test_gate.test_A8_A9_arguments, test_gate_ids.test_A8_A9_arguments
"""
from attacks.attack import GateAttack, PYTHON
from croft_test import EXIT_CROFT, USER


class NoArguments(GateAttack):
    SHOW = 'print(open("/proc/self/cmdline", "rb").read())'

    def test_control_the_list_is_empty_but_for_what_the_kernel_puts_there(self):
        r = self.run_as(USER, [self.probes + '/nasty', 'argc0', PYTHON], input=self.SHOW)
        self.assertRan(r)
        self.assertIn(r.out, ("b'\\x00'\n", "b''\n"))

    def test_control_a_program_that_begins_with_its_first_argument_reads_the_environment(self):
        """As an older kernel gives it: main(0, ...), with the list and the environment behind each other."""
        r = self.run_as(USER, [self.probes + '/naive', 'argc0'], env={'EVIL': 'x'}, keep_env=False)
        self.assertEqual(r.out, 'EVIL=x\n')

    def test_each_program_says_how_it_is_called(self):
        for program, status, message in ((self.croft_path, EXIT_CROFT, 'croft: '), (self.idmap_path, 2, 'croft-idmap: three arguments are needed')):
            r = self.run_as(USER, [self.probes + '/nasty', 'argc0', program])
            self.assertRefused(r, status, f'^{message}')
        for _ in self.installations():
            r = self.run_as(USER, [self.probes + '/nasty', 'argc0', self.gate_path])
            self.assertRefused(r, 2, '^croft-gate: .*two arguments are needed')
