"""D11: the name or the home of a user leads a placeholder of the policy out of its tree

Broke: sudo (a name with a slash, 1.9.15); every expansion of %u and %h by text.
Trick: a user named a/../b, a home that is / or relative.
Croft: a name that is no component, and a home that is no clean path below /, stand for nothing: the line allows nothing, and denies everything it might.
Gate: the same code, with /etc/passwd alone.
Covered by: test_policy_match.c:what_is_not_known_covers_nothing_when_allowing_and_anything_when_denying, test_policy_match.c:only_clean_absolute_paths_are_clean
"""
import contextlib
import fnmatch
import os
import pwd
import subprocess

from attacks.attack import GateAttack, SELF, OK
from croft_test import EXIT_CROFT, USER


class Placeholders(GateAttack):
    rules = OK + 'allow everyone volume %h/** ro\nallow everyone ids subordinate\n'

    @contextlib.contextmanager
    def home_is(self, path):
        """The user's entry in /etc/passwd has this home while the block runs, in this mount namespace alone."""
        me = pwd.getpwnam(USER)
        with open('/etc/passwd', encoding='utf-8') as f:
            text = f.read()
        fake = self.write(self.make_dir('root') + '/passwd', text.replace(f':{me.pw_dir}:', f':{path}:'))
        subprocess.run(['mount', '--bind', fake, '/etc/passwd'], check=True)
        try:
            yield
        finally:
            subprocess.run(['umount', '/etc/passwd'], check=True)

    def test_control_an_expansion_by_text_allows_everything(self):
        for home in ('/', '/home/..', '//'):
            self.assertTrue(fnmatch.fnmatch('/etc', os.path.normpath('%h/**'.replace('%h', home)).replace('//', '/')), home)

    def test_a_home_that_is_no_folder_below_the_root_allows_nothing(self):
        mine = self.home_dir()
        words = ('-v', '/usr/share:/mnt:ro', 'host', '--', 'true')
        self.assertRan(self.croft(USER, 'run', *SELF, '-v', mine + ':/mnt:ro', 'host', '--', 'true'))
        for home in ('/', '//', '/home/../', '/home/..', '.', 'home', '', '/./'):
            with self.home_is(home):
                for start in (lambda *w: self.croft(USER, 'run', *SELF, *w, cwd='/'), lambda *w: self.gate(*w, cwd='/')):
                    with self.subTest(home):
                        self.assertRefused(start(*words), EXIT_CROFT, '^croft: volume /usr/share:/mnt: denied')
        for _ in self.installations():
            with self.home_is('/'):
                self.assertRefused(self.gate(*words, cwd='/'), EXIT_CROFT, '^croft: volume /usr/share:/mnt: denied')
