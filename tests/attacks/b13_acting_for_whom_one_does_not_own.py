"""B13: the helper acts on what its caller does not own, and tells whether files are there

Broke: LXC's lxc-user-nic (CVE-2017-5985, CVE-2018-6556, CVE-2022-47952, CVE-2026-39402).
Trick: a path or a number of the caller's is opened as root; messages differ for what is there and what is not; its database is searched by prefix.
Idmap: gets a descriptor, never a path or a number; a line of its files is the caller's by the whole name.
Gate: opens each path as the caller, and has one answer for what he cannot reach.
Covered by: test_idmap.test_R8_each_wrong_target_has_its_own_message, test_idmap.test_R8_the_target_of_another_user_is_refused,
    test_idmap.test_R8_a_namespace_that_another_user_made_is_refused, test_idmap.test_R14_odd_files_that_are_fine,
    test_gate.test_what_is_there_and_forbidden_looks_as_what_is_not_there, test_subid.c
"""
from attacks.attack import GateAttack
from croft_test import EXIT_CROFT, USER


class ActingForOthers(GateAttack):
    def test_control_a_helper_that_opens_as_root_tells(self):
        weak, said = self.weak_helper('cap_dac_read_search+ep'), []
        secret = self.make_dir('root', 0o700)
        self.write(secret + '/there', '')
        for name in ('there', 'missing'):
            said.append(self.run_as(USER, [weak, '-IS', '-c', f'import os\ntry: os.stat("{secret}/{name}"); print("denied")\nexcept OSError as e: print(e.strerror)']).out)
        self.assertEqual(said, ['denied\n', 'No such file or directory\n'])

    def test_both_are_one_answer_of_each_program(self):
        secret = self.make_dir('root', 0o700)
        self.write(secret + '/there', '')
        self.write(self.sysconfdir + '/croft/policy.d/all.conf', 'version 1\nallow everyone volume /** ro\nallow everyone root /**\n')
        for _ in self.installations():
            for words in (('-v', secret + '/{}:/mnt:ro', 'host'), ('--read-only', secret + '/{}')):
                answers = []
                for name in ('there', 'missing'):
                    r = self.gate(*(w.format(name) for w in words), '--', 'true')
                    self.assertRefused(r, EXIT_CROFT, 'Permission denied')
                    answers.append(r.err.replace(name, 'X'))
                self.assertEqual(answers[0], answers[1])
