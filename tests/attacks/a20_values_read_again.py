"""A20: the value of an option is read again, by a shell or as an option

Broke: firejail (CVE-2020-17367, CVE-2020-17368, CVE-2017-5207).
Trick: --output=';id' behind --, a value that begins with a dash, command substitution.
Croft: no shell, one parser, once; -- ends the options.
Idmap: its arguments are numbers; others are shown with control characters escaped.
Gate: the same.
Covered by: test_idmap.test_A20_arguments_are_shown_with_control_characters_escaped, test_run_refusals.test_user_text_in_messages_is_quoted
"""
import os

from attacks.attack import Attack, SELF
from croft_test import EXIT_CROFT, USER


class ReadAgain(Attack):
    def test_values_of_options_are_never_read_again(self):
        marker = self.home_dir() + '/marker'
        for value in (f';touch {marker}', f'$(touch {marker})', f'`touch {marker}`', '--', '-x', '--read-only', '%s%n', f'|touch {marker}'):
            with self.subTest(value=value):
                self.assertEqual(self.sandbox(*SELF, '-e', 'A=' + value, 'host', '--', 'printenv', 'A'), value + '\n')
                self.assertEqual(self.sandbox(*SELF, 'host', '--', 'printf', '%s', value), value)
                for option in ('--hostname', '--name', '--user', '--volume', '--mount', '--tmpfs', '--conf', '--env-file', '--workdir',
                               '--map', '--network', '--cap-add', '--cap-drop', '--stop-timeout', '--preserve-fd', '--ephemeral-size'):
                    r = self.croft(USER, 'run', *SELF, option, value, 'host', '--', 'true')
                    self.assertRefused(r, EXIT_CROFT, r'\Acroft: .+\n(croft: hint: .+\n)?\Z')
                self.assertFalse(os.path.lexists(marker))
        r = self.croft(USER, 'run', *SELF, 'host', '--', '--read-only')
        self.assertRefused(r, 127, '^croft: run --read-only: not found in the sandbox$')

    def test_control_a_tool_that_asks_a_shell_runs_them(self):
        for form in (';touch {}', '$(touch {})', '`touch {}`'):
            marker = self.home_dir() + '/marker'
            self.run_as(USER, ['sh', '-c', 'printf %s ' + form.format(marker)])
            self.assertTrue(os.path.exists(marker), form)
