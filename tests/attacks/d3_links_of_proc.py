"""D3: a link of /proc as the source, or on the way to it

Broke: the same tools as D2; /proc/PID/root and cwd lead where no path of the policy is.
Trick: /proc/self/root, /proc/self/fd/7, a link to one of them inside an allowed directory.
Croft: no path is resolved through a link of /proc.
Gate: the same.
Covered by: test_run_refusals.test_a_link_does_not_lead_around_a_rule, test_vet.c
"""
import os

from attacks.attack import Attack, GateAttack, SELF
from croft_test import EXIT_CROFT, USER

MAGIC = r'^croft: .*it leads through too many links, or through a link of /proc$'


class MagicLinks(Attack):
    def test_links_of_proc_are_no_sources(self):
        folder = self.home_dir()
        pid = os.getpid()
        os.symlink('/proc/self/root', folder + '/link')
        os.symlink('/proc/self/cwd', folder + '/cwd')
        fd = os.open('/etc', os.O_RDONLY | os.O_DIRECTORY)
        self.addCleanup(os.close, fd)
        for source in ('/proc/self/root', '/proc/self/cwd', '/proc/self/fd/0', '/dev/stdin', '/proc/thread-self/root',
                       '/proc/self/root/etc', folder + '/link', folder + '/link/etc', folder + '/cwd', '/proc/self/exe'):
            for mode in (':ro', ''):
                with self.subTest(source=source, mode=mode):
                    r = self.croft(USER, 'run', *SELF, '-v', source + ':/mnt' + mode, 'host', '--', 'true', pass_fds=(fd,))
                    self.assertRefused(r, EXIT_CROFT, MAGIC)
        # closed before it is looked at
        r = self.croft(USER, 'run', *SELF, '-v', f'/proc/self/fd/{fd}:/mnt:ro', 'host', '--', 'true', pass_fds=(fd,))
        self.assertRefused(r, EXIT_CROFT, r'^croft: volume /proc/self/fd/\d+:/mnt: No such file or directory\n\Z')
        for source in (f'/proc/{pid}/root', f'/proc/{pid}/cwd'):
            self.refused('Permission denied|' + MAGIC, *SELF, '-v', source + ':/mnt:ro', 'host', '--', 'true')
        for root in ('/proc/self/root', folder + '/link', f'/proc/self/fd/{fd}'):
            self.assertRefused(self.croft(USER, 'run', *SELF, root, '--', 'true', pass_fds=(fd,)), EXIT_CROFT, r'\Acroft: root ')
        conf = self.home_dir()
        os.symlink('/proc/self/root/etc/hosts', conf + '/hosts')
        self.refused(r'\Acroft: ', *SELF, '--conf', conf, 'host', '--', 'true')


class MagicLinksAndTheGate(GateAttack):
    def test_nor_are_they_for_the_gate(self):
        folder = self.home_dir()
        os.symlink('/proc/self/root', folder + '/link')
        self.write(self.sysconfdir + '/croft/policy.d/all.conf', 'version 1\nallow everyone volume /** ro\nallow everyone root /**\n')
        for _ in self.installations():
            for source in ('/proc/self/root', '/proc/self/fd/0', '/proc/self/cwd', folder + '/link', folder + '/link/etc', '/proc/thread-self/root/etc'):
                self.refused(MAGIC, '-v', source + ':/mnt:ro', 'host', '--', 'true')
            self.refused('^croft: root ', '--read-only', folder + '/link', '--', 'true')

    def test_control_a_plain_bind_goes_through_them(self):
        folder = self.home_dir()
        os.symlink('/proc/self/root', folder + '/link')
        r = self.shell_in_own_namespace('mount --bind "$1" "$2" && ls "$2"', folder + '/link/etc', folder)
        self.assertIn('passwd', r.out.split())
