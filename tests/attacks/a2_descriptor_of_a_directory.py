"""A2: a descriptor of a directory of the host leads out

Broke: runc (CVE-2024-21626, CVE-2016-9962), LXC (CVE-2016-8649).
Trick: a descriptor that the tool leaks, or that the caller left open, is entered as the working directory /proc/self/fd/7.
Croft: the command has 0, 1 and 2 alone; a working directory of /proc is refused, and it is looked up inside.
Gate: closes every descriptor but those of the plan, which may be no directory.
Covered by: test_run_leaks.test_only_0_1_and_2_are_open_inside, test_run_leaks.test_neither_has_init_any, test_run_leaks.test_the_working_directory_is_not_a_descriptor,
    test_gate.test_A1_A12_states_that_must_not_matter, test_gate_ids.test_A1_A12_states_that_must_not_matter,
    test_named.test_a_standard_descriptor_that_leads_out_is_refused
"""
import os
import subprocess

from attacks.attack import Attack, GateAttack, SELF
from croft_test import EXIT_CROFT, USER


class LeakedDescriptor(Attack):
    def test_no_descriptor_but_0_1_2_goes_in_and_no_directory_comes_from_one(self):
        out = self.run_as(USER, [self.probes + '/nasty', 'fds', self.croft_path, 'run', *SELF, 'host', '--', 'bash', '-c',
                                 'ls /proc/$$/fd; exit 0'])
        self.assertRan(out)
        self.assertEqual(out.out.split(), ['0', '1', '2'] + [w for w in out.out.split() if w == '255'])
        for n in range(0, 61):
            r = self.run_as(USER, [self.probes + '/nasty', 'fds', self.croft_path, 'run', *SELF, '--cwd', f'/proc/self/fd/{n}', 'host',
                                   '--', 'pwd'])
            self.assertRefused(r, EXIT_CROFT, r'\Acroft: enter the working directory /proc/self/fd/\d+: ')
        for path in ('/proc/self/cwd', '/proc/self/root', '/proc/1/root', '/proc/1/cwd', '/proc/self/root/usr'):
            self.refused(r'^croft: enter the working directory /proc/', *SELF, '-w', path, 'host', '--', 'pwd')

    def test_the_working_directory_of_the_command_is_inside(self):
        p = self.popen_as(USER, [self.croft_path, 'run', *SELF, 'host', '--', 'sh', '-c', 'echo ready; exec sleep 60'])
        self.assertEqual(p.stdout.readline(), b'ready\n')
        for pid in subprocess.run(['pgrep', '-u', USER, '-x', 'sleep'], capture_output=True, text=True, check=True).stdout.split():
            self.assertNotIn('unreachable', os.readlink(f'/proc/{pid}/cwd'))
        p.kill()


class LeakedDescriptorAndTheGate(GateAttack):
    def test_the_gate_hands_none_on(self):
        for _ in self.installations():
            r = self.run_as(USER, [self.probes + '/nasty', 'fds', self.croft_path, 'run', '--gate', 'host', '--', 'sh', '-c', 'ls /proc/$$/fd'])
            self.assertRan(r)
            self.assertEqual(r.out.split(), ['0', '1', '2'])
            for n in (3, 4, 7, 9):
                r = self.run_as(USER, [self.probes + '/nasty', 'fds', self.croft_path, 'run', '--gate', '-w', f'/proc/self/fd/{n}', 'host', '--', 'pwd'])
                self.assertRefused(r, EXIT_CROFT, r'\Acroft: enter the working directory /proc/self/fd/\d+: ')

    def test_nor_does_a_later_command_have_one(self):
        """croft exec with descriptors left open, and with each of /proc/self/fd as its working directory."""
        env = {'XDG_RUNTIME_DIR': self.home_dir(mode=0o700)}
        secret = self.home_dir()
        self.text(secret, 'name', 'outside\n')
        fd = os.open(secret, os.O_RDONLY | os.O_DIRECTORY)
        self.addCleanup(os.close, fd)
        p = self.popen_as(USER, [self.croft_path, 'run', *SELF, '--name', 'a', 'host', '--', 'sh', '-c', 'echo ready; exec sleep 300'], env=env)
        self.assertEqual(p.stdout.readline(), b'ready\n')
        r = self.croft(USER, 'exec', 'a', 'sh', '-c', 'ls -1 /proc/self/fd; cat /proc/self/fd/*/name /proc/[0-9]*/fd/*/name /proc/[0-9]*/cwd/name', env=env, pass_fds=(fd,))
        self.assertEqual(r.out, '0\n1\n2\n3\n', r)  # and that of ls
        for n in (*range(12), fd):
            for place in (f'/proc/self/fd/{n}', f'/proc/1/fd/{n}', '/proc/1/cwd', '/proc/1/root'):
                r = self.croft(USER, 'exec', '-w', place, 'a', 'cat', 'name', env=env, pass_fds=(fd,))
                self.assertRefused(r, EXIT_CROFT, f'enter the working directory {place}: ')

    def test_control_a_naive_tool_hands_them_on_and_enters_one(self):
        r = self.run_as(USER, [self.probes + '/nasty', 'fds', '/usr/bin/sh', '-c', 'ls /proc/$$/fd'])
        self.assertGreater(len(r.out.split()), 100)
        root = self.build_root('true')
        r = self.root_in_own_namespace('import os, sys\nfd = os.open("/", os.O_RDONLY)\nos.chroot(sys.argv[1])\nos.chdir("/")\n'
                                       'print(os.listdir(fd) == os.listdir("/"))\nos.fchdir(fd)\nprint(os.path.exists("etc/debian_version"))', root)
        self.assertEqual(r.out, 'False\nTrue\n')
