"""D5: the error tells whether a file of root's is there

Broke: sudo's sudoedit (CVE-2021-23239), LXC (CVE-2022-47952).
Trick: /root/there and /root/missing give two messages.
Croft: opens as the caller, who may not look there: one message.
Gate: the same.
Covered by: test_run_refusals.test_root_only_names_tell_nobody_whether_they_exist, test_gate.test_what_is_there_and_forbidden_looks_as_what_is_not_there
"""
from attacks.attack import Attack, SELF
from croft_test import USER


class Existence(Attack):
    def test_what_cannot_be_reached_is_not_told_apart(self):
        secret = self.make_dir('root', 0o700)
        self.write(secret + '/there', '')
        said = {name: self.refused('Permission denied', *SELF, '-v', f'{secret}/{name}:/mnt:ro', 'host', '--', 'true').err
                for name in ('there', 'missing')}
        self.assertEqual(said['there'].replace('there', 'X'), said['missing'].replace('missing', 'X'))

    def test_control_who_opens_as_root_tells(self):
        secret = self.make_dir('root', 0o700)
        self.write(secret + '/there', '')
        script = 'import os, sys\ntry: os.stat(sys.argv[1]); print("it is denied")\nexcept OSError as e: print(e.strerror)'
        weak = self.weak_helper('cap_dac_read_search+ep')
        said = [self.run_as(USER, [weak, '-IS', '-c', script, f'{secret}/{name}']).out for name in ('there', 'missing')]
        self.assertEqual(said, ['it is denied\n', 'No such file or directory\n'])
