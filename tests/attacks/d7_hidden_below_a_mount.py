"""D7: what an administrator has covered by a mount is uncovered

Broke: helpers that clone a mount without what is mounted below it (no number); the kernel refuses that to user namespaces alone.
Trick: a volume above the covered directory.
Croft: clones with everything below, which is locked; the policy's word submounts is needed.
Gate: the same, and what comes to be mounted later is refused.
Covered by: test_gate.test_a_mount_below_needs_its_word_and_keeps_the_flags, test_gate.test_D8_a_mount_below_that_comes_after_the_decision_is_refused
"""
import os

import test_gate_ids
from attacks.attack import Attack, GateAttack, SELF, OK
from croft_test import EXIT_CROFT, USER


class Covered(Attack):
    def test_what_is_hidden_below_a_mount_stays_hidden(self):
        data = self.home_dir()
        os.mkdir(data + '/covered')
        self.write(data + '/covered/secret', 'hidden\n')
        with self.mounted(data + '/covered', '-t', 'tmpfs', 'croft-test'):
            self.write(data + '/covered/new', 'shown\n')
            r = self.croft(USER, 'run', *SELF, '-v', data + ':/mnt:ro', 'host', '--', 'true')
            refused = r.status != 0
            with self.policy(OK + f'allow everyone volume {data}/** rw submounts\n'):
                for options in (SELF, ('--cap-add', 'ALL', *SELF)):
                    out = self.shell('ls -A /mnt/covered; umount /mnt/covered 2>/dev/null; umount -l /mnt/covered 2>/dev/null; '
                                     'ls -A /mnt/covered; cat /mnt/covered/secret 2>/dev/null; true',
                                     *options, '-v', data + ':/mnt')
                    self.assertEqual(out, 'new\nnew\n')
        if refused:
            self.assertRefused(r, EXIT_CROFT, r'^croft: volume .*denied for .*mount')


class CoveredAndTheGate(GateAttack):
    rules = test_gate_ids.IDS + 'allow everyone volume %h/** rw submounts\nallow everyone capability SYS_ADMIN\n'

    def test_the_gate_shows_what_covers_it(self):
        data = self.home_dir()
        os.mkdir(data + '/covered')
        self.write(data + '/covered/secret', 'hidden\n')
        with self.mounted(data + '/covered', '-t', 'tmpfs', 'croft-test'):
            for name in self.installations():
                options = () if name == 'plain' else ('--cap-add', 'SYS_ADMIN')
                out = self.inside('umount -l /mnt/covered 2>/dev/null; ls -A /mnt/covered', *options, '-v', data + ':/mnt')
                self.assertEqual(out, '')

    def test_control_a_bind_of_roots_without_what_is_below_uncovers_it(self):
        data = self.home_dir()
        os.mkdir(data + '/covered')
        self.write(data + '/covered/secret', 'hidden\n')
        with self.mounted(data + '/covered', '-t', 'tmpfs', 'croft-test'):
            r = self.run_as('root', ['unshare', '-m', 'sh', '-c', 'mount --bind "$0" /mnt && cat /mnt/covered/secret', data])
            self.assertEqual(r.out, 'hidden\n')
