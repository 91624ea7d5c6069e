"""The unit tests hold for everybody who may run them."""
import glob
import os

from croft_test import CroftTest, USER


class UnitTests(CroftTest):
    time_limit = 400  # half a minute where nothing else runs

    def check(self, user, *before):
        logs = self.make_dir(user)
        programs = sorted(glob.glob(self.prefix + '/unit/test_*'))
        self.assertGreater(len(programs), 5)
        r = self.run_as(user, [*before, 'sh', 'tests/run-unit', logs, *programs], cwd=self.prefix, timeout=360)
        self.assertRan(r)
        self.assertRegex(r.out, r'\n[1-9][0-9]* passed, 0 failed\n$')

    def test_as_an_ordinary_user(self):
        self.check(USER)

    def test_as_root(self):
        self.check('root')

    def test_as_root_of_a_user_namespace(self):
        self.check(USER, 'unshare', '--user', '--map-root-user')

    def test_as_root_of_a_user_namespace_of_root(self):
        self.check('root', 'unshare', '--user', '--map-root-user')

    def test_a_failing_program_is_noticed(self):
        logs = self.make_dir()
        for script, why in (('exit 0', 'no plan'), ('echo 1..2; echo ok 1 - x', 'a test is missing'),
                            ('echo 1..1; echo ok 1 - x; exit 1', 'status'), ('echo 1..1; echo not ok 1 - x', 'not ok')):
            with self.subTest(why):
                program = self.write(os.path.join(self.make_dir(), 'test_x'), '#!/bin/sh\n' + script, mode=0o755)
                r = self.run_as('root', ['sh', self.prefix + '/tests/run-unit', logs, program])
                self.assertEqual(r.status, 1, r)
                self.assertRegex(r.out, ', 1 failed\n$')
