"""G7: the same request by another way in is not looked at

Broke: Incus (CVE-2026-62940, CVE-2026-62941, CVE-2026-48751, CVE-2026-55621, CVE-2026-55622, CVE-2026-62867).
Trick: copy, restore, rename, another spelling of the option, a request that comes from a file.
Croft: every way ends in one plan, and the plan is what is decided.
Gate: takes a plan, and nothing else.
Covered by: test_gate.test_another_source_of_the_same_length_is_refused_by_the_policy, test_gate_ids.test_another_source_of_the_same_length_is_refused_by_the_policy,
    test_run_table.test_every_spelling_of_mount_is_understood
"""
import os

from attacks.attack import GateAttack, SELF, OK
from croft_test import EXIT_CROFT, USER


class OtherWays(GateAttack):
    rules = OK + 'allow everyone volume %h/** rw\nallow everyone ids subordinate\ndeny everyone volume /etc/**\n'
    WAYS = (('-v', '/etc:/mnt:ro'), ('-v/etc:/mnt:ro',), ('--volume', '/etc:/mnt:ro'), ('--volume=/etc:/mnt:ro',), ('--mount', 'type=bind,src=/etc,dst=/mnt,ro'),
            ('--mount=type=bind,source=/etc,target=/mnt,readonly',), ('--mount', '"type=bind","src=/etc","dst=/mnt",ro'), ('-v', '/usr/../etc:/mnt:ro'))

    def test_control_a_filter_of_words_misses_some(self):
        self.assertTrue([way for way in self.WAYS if '/etc:' not in ' '.join(way)])

    def test_each_has_the_same_answer(self):
        home = self.home_dir()
        os.symlink('/etc', home + '/link')
        ways = (*self.WAYS, ('-v', home + '/link:/mnt:ro'))
        for way in ways:
            for verb in ('run', 'plan'):
                r = self.croft(USER, verb, *SELF, *way, 'host', '--', 'true')
                self.assertRefused(r, EXIT_CROFT, r'^croft: volume .*:/mnt: denied for \w+: .*policy\.conf:7 denies it')
            for _ in self.installations():
                self.assertRefused(self.gate(*way, 'host', '--', 'true'), EXIT_CROFT, r'^croft: volume .*:/mnt: denied for \w+: .*policy\.conf:7 denies it')
        r = self.croft(USER, 'policy', 'explain', 'volume', '/etc:ro')
        self.assertEqual(r.status, 1)
        self.assertRegex(r.out, 'policy.conf:7')
