"""G4: a deny line names a group that does not exist just now

Broke: doas: a name that cannot be resolved does not match, so that the deny is lost while the directory service is down.
Trick: wait until the name service does not answer.
Croft: a name that is in no local file refuses the whole policy; NSS is not asked.
Idmap: the same code.
Gate: the same code.
Covered by: test_policy_parse.c:a_name_is_looked_up_and_a_number_is_not, test_policy_load.c:a_user_database_that_cannot_be_read_is_no_missing_name
"""
import grp
import os

from attacks.attack import GateAttack, SELF, OK
from croft_test import EXIT_CROFT, USER


class Gone(GateAttack):
    rules = None
    LINES = 'deny group crofttestgone volume /usr/share/**\nallow everyone volume /usr/share/** ro\nallow everyone ids subordinate\n'

    def test_control_who_passes_it_over_allows(self):
        def naive(line):
            try:
                return grp.getgrnam(line.split()[2]).gr_gid in os.getgroups()
            except KeyError:
                return False
        self.assertFalse(any(naive(line) for line in self.LINES.splitlines() if line.startswith('deny')))

    def test_the_whole_file_is_refused(self):
        words = ('-v', '/usr/share:/mnt:ro', 'host', '--', 'true')
        for installation in (None, *self.installations()):
            start = (lambda: self.gate(*words)) if installation else lambda: self.croft(USER, 'run', *SELF, *words)
            for line in ('group', 'user'):
                with self.policy(OK + self.LINES.replace('group', line)):
                    self.assertRefused(start(), EXIT_CROFT, r"^croft: .*policy\.conf:5:1[12]: no (group|user) 'crofttestgone'")
            with self.policy(OK + self.LINES), self.group('crofttestgone', USER):
                self.assertRefused(start(), EXIT_CROFT, r'policy\.conf:5 denies it')
            with self.policy(OK + self.LINES), self.group('crofttestgone'):
                self.assertRan(start())
