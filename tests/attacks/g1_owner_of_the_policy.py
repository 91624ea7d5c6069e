"""G1: a policy that somebody else may write, a link, a FIFO

Broke: Apptainer and Sarus look at the path again after they opened it, Apptainer at no mode, firejail at nothing.
Trick: the file, or a folder above it, is the attacker's; a FIFO holds the program for ever.
Croft: the opened file must be a regular one of root's, which nobody else may write, in folders of root's; it refuses everything else.
Idmap: the same code.
Gate: the same code.
Covered by: test_policy_load.c:an_owner_other_than_root_refuses_everything, test_policy_load.c:a_mode_that_lets_others_write_refuses_everything,
    test_policy_load.c:what_is_not_a_regular_file_refuses_everything, test_policy_load.c:a_link_or_a_file_in_place_of_a_directory_refuses_everything,
    test_idmap.test_R15_a_policy_that_is_not_roots_own_or_does_not_parse_refuses_everything, test_gate.test_R15_a_policy_that_others_may_write_refuses_everything,
    test_gate_ids.test_R15_a_policy_that_others_may_write_refuses_everything
"""
import os
import pwd

from attacks.attack import GateAttack, SELF
from croft_test import EXIT_CROFT, USER


class PolicyFile(GateAttack):
    def changes(self):
        """(what is done to the policy, its undoing) as functions of the path."""
        folder, uid = self.sysconfdir + '/croft', pwd.getpwnam(USER).pw_uid
        path = folder + '/policy.conf'

        def replaced(make):
            os.rename(path, path + '.kept')
            make()

        def back():
            if os.path.isdir(path) and not os.path.islink(path):
                os.rmdir(path)
            else:
                os.unlink(path)
            os.rename(path + '.kept', path)
        yield lambda: os.chmod(path, 0o666), lambda: os.chmod(path, 0o644)
        yield lambda: os.chmod(path, 0o664), lambda: os.chmod(path, 0o644)
        yield lambda: os.chown(path, uid, 0), lambda: os.chown(path, 0, 0)
        yield lambda: os.chmod(folder, 0o777), lambda: os.chmod(folder, 0o755)
        yield lambda: os.chown(folder, uid, 0), lambda: os.chown(folder, 0, 0)
        yield lambda: replaced(lambda: os.mkfifo(path)), back
        yield lambda: replaced(lambda: os.mkdir(path)), back
        yield lambda: replaced(lambda: os.symlink(path + '.kept', path)), back

    def test_control_a_program_that_only_reads_believes_it(self):
        path = self.sysconfdir + '/croft/policy.conf'
        os.chmod(path, 0o666)
        self.assertRan(self.run_as(USER, ['sh', '-c', f'echo "# added" >>{path}']))
        self.assertIn('# added', self.run_as(USER, ['cat', path]).out)
        os.chmod(path, 0o644)

    def test_each_refuses_everything(self):
        def check(start):
            self.assertRan(start())
            for i, (do, undo) in enumerate(self.changes()):
                do()
                try:
                    with self.subTest(change=i):
                        self.assertRefused(start(), EXIT_CROFT, '^croft: .*croft')
                finally:
                    undo()
            self.assertRan(start())
        check(lambda: self.croft(USER, 'run', *SELF, 'host', '--', 'true', timeout=10))
        for _ in self.installations():
            check(lambda: self.gate('host', '--', 'true', timeout=10))
