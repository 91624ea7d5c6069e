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
        """As an older kernel starts it: `noargs` takes the empty word away again."""
        r = self.run_as(USER, [self.probes + '/nasty', 'noargs', self.probes + '/naive'], env={'EVIL': 'x'}, keep_env=False)
        self.assertRan(r)
        self.assertEqual(r.out, 'EVIL=x\n')

    def test_each_program_says_how_it_is_called(self):
        programs = [(self.croft_path, EXIT_CROFT, 'croft: a verb is missing'),
                    (self.idmap_path, 2, 'croft-idmap: three arguments are needed'),
                    (self.libexec + '/croft-root', EXIT_CROFT, 'croft: a directory and at least one command are needed')]
        programs += [(f'{self.libexec}/croft-{name}', status, '.*: usage: ') for name, status in (('seccomp', 1), ('scope', 1), ('subid', 2))]
        for program, status, message in programs:
            self.assertNoWord(program, status, message)
        for _ in self.installations():
            self.assertNoWord(self.gate_path, 2, 'croft-gate: .*two arguments are needed')

    def assertNoWord(self, program, status, message):
        for state in ('argc0', 'noargs'):
            r = self.run_as(USER, [self.probes + '/nasty', state, program], env={'EVIL': 'x'})
            self.assertRefused(r, status, f'^{message}')
