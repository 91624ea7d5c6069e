"""The unit tests hold for everybody who may run them."""
import glob
import os

from croft_test import CroftTest, USER


# Pure, and long: what they say does not depend on who runs them, and `make check` has run them.
PURE = {'test_all_ids', 'test_all_policies', 'test_environment', 'test_filter', 'test_plan', 'test_policy_decide', 'test_seccomp_profile'}


class UnitTests(CroftTest):
    time_limit = 400  # a few seconds where nothing else runs

    def check(self, user, *before):
        logs = self.make_dir(user)
        every = {os.path.basename(path): path for path in glob.glob(self.prefix + '/unit/test_*')}
        self.assertLessEqual(PURE, every.keys())
        programs = [path for name, path in sorted(every.items()) if name not in PURE]
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
