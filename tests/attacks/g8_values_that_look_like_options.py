"""G8: a value that begins with a dash is taken for an option by the next program

Broke: flatpak (CVE-2024-32462), sudo (CVE-2023-22809).
Trick: a command named --bind=/:/x.
Croft: starts no program with a word of the request but the command itself.
Gate: gets two numbers; the request comes by descriptor.
Covered by: a20_values_read_again.test_values_of_options_are_never_read_again, d13_names_with_separators.test_odd_names_are_just_names
"""
import re

from attacks.attack import GateAttack, SELF
from croft_test import USER


class Dashes(GateAttack):
    VALUES = ('--bind=/:/x', '-v', '--', '-v/etc:/mnt', '--gate')

    def test_control_a_tool_that_hands_it_on_obeys(self):
        r = self.run_as(USER, ['sh', '-c', 'ls $1', 'sh', '--version'])
        self.assertRegex(r.out, r'\Als \(')

    def test_a_command_and_a_value_are_what_they_are(self):
        for value in self.VALUES:
            self.assertRefused(self.croft(USER, 'run', *SELF, 'host', '--', value), 127, re.escape(f'run {value}: not found in the sandbox'))
            self.assertEqual(self.croft(USER, 'run', *SELF, '-e', 'A=' + value, 'host', '--', 'printenv', 'A').out, value + '\n')
            for _ in self.installations():
                self.assertRefused(self.gate('host', '--', value), 127, re.escape(f'run {value}: not found in the sandbox'))
                self.assertEqual(self.inside('printenv A', '-e', 'A=' + value), value + '\n')
