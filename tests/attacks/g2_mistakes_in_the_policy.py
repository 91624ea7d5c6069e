"""G2: a mistake in the policy opens it

Broke: firejail (no file: everything is allowed), Apptainer (an unknown or empty directive is passed over), sudo since 1.9.3 (skips the rest of a bad line).
Trick: an empty file, one that is cut in the middle of a word, a byte order mark, a NUL, an unknown word.
Croft: any mistake in any file refuses everything, with its place. Where no file is installed at all, the policy compiled in holds.
Idmap: the same code.
Gate: the same code; without a file it refuses everything.
Covered by: test_policy_load.c:a_mistake_in_any_file_refuses_everything, test_policy_parse.c:every_beginning_of_a_policy_is_refused_or_ends_in_a_whole_line,
    test_policy_parse.c:a_spoiled_policy_is_refused_with_its_place_or_means_what_it_says, test_run_refusals.test_a_broken_policy_refuses_everything_and_says_where,
    test_gate.test_without_a_policy_nothing_is_allowed, test_idmap.test_R15_a_policy_that_is_not_roots_own_or_does_not_parse_refuses_everything
"""
from attacks.attack import GateAttack, SELF, OK
from croft_test import EXIT_CROFT, USER


class Mistakes(GateAttack):
    rules = None
    GOOD = OK + 'allow everyone ids subordinate\nallow everyone volume /usr/share/** ro\n'
    BAD = {'empty': '', 'cut': GOOD[:-9], 'carriage return': GOOD.replace('\n', '\r\n'), 'byte order mark': '\ufeff' + GOOD, 'NUL': GOOD + '\0\n', 'an unknown word': GOOD + 'permit everyone root host\n',
           'ten megabytes': GOOD + '#' * 10_000_000 + '\n', 'version twice': GOOD + 'version 1\n', 'no version': GOOD.partition('\n')[2], 'version 2': GOOD.replace('version 1', 'version 2'),
           'deny with a typing error': GOOD + 'deny everyone volume /usr/share/secret/** rw extra\n', 'half a rule': GOOD + 'deny everyone\n'}

    def test_control_a_reader_that_skips_what_it_does_not_know_allows(self):
        for name in ('carriage return', 'NUL', 'an unknown word', 'deny with a typing error', 'half a rule', 'version twice'):
            lines = [line.strip() for line in self.BAD[name].splitlines()]
            self.assertIn('allow everyone root host', lines, name)

    def test_each_refuses_everything(self):
        words = ('-v', '/usr/share:/mnt:ro', 'host', '--', 'true')
        with self.policy(self.GOOD):
            self.assertRan(self.croft(USER, 'run', *SELF, *words))
        starts = [lambda: self.croft(USER, 'run', *SELF, *words)]
        for installation in (None, *self.installations()):
            for name, text in self.BAD.items():
                with self.subTest(name), self.policy(text):
                    r = self.gate(*words) if installation else starts[0]()
                    self.assertRefused(r, EXIT_CROFT, r'^croft: .*policy\.conf')
