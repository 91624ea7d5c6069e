"""A3: a directory as standard input, output or error

Broke: every tool that hands 0 to 2 on without a look at them (no number).
Trick: croft run -- cmd < /home/me: fchdir(0) and .. lead to the host's root, with all the rights of the user; a descriptor opened with O_PATH does as well.
Croft: refused before anything is made.
Gate: refused by the gate itself, whoever started it.
Covered by: test_run_leaks.test_a_directory_or_o_path_is_refused_in_each_place, test_gate.test_A3_a_directory_as_standard_input_is_refused,
    test_gate_ids.test_A3_a_directory_as_standard_input_is_refused
"""
import os

from attacks.attack import Attack, GateAttack, SELF, PYTHON
from croft_test import EXIT_CROFT, USER


class StandardDescriptor(Attack):
    def test_a_directory_as_standard_descriptor_is_refused(self):
        folder = self.home_dir()
        for how in (os.O_RDONLY | os.O_DIRECTORY, os.O_PATH, os.O_PATH | os.O_DIRECTORY):
            for name in ('stdin', 'stdout', 'stderr'):
                with self.subTest(how=how, name=name):
                    fd = os.open(folder, how)
                    r = self.croft(USER, 'run', *SELF, 'host', '--', 'true', **{name: fd})
                    os.close(fd)
                    self.assertEqual(r.status, EXIT_CROFT)
                    if name != 'stderr':
                        self.assertRegex(r.err, r'\Acroft: standard \w+ is a (directory|descriptor opened with O_PATH), which would lead '
                                                r'out of the sandbox\n\Z')
        r = self.run_as(USER, ['bash', '-c', f'{self.croft_path} run --map self host -- true < /home'])
        self.assertRefused(r, EXIT_CROFT, r'^croft: standard input is a directory')


class StandardDescriptorAndTheGate(GateAttack):
    ESCAPE = ('import os, sys\nos.chroot(sys.argv[1])\nos.chdir("/")\nos.fchdir(3)\nfor _ in range(30): os.chdir("..")\n'
              'print(open("." + sys.argv[2]).read())')

    def test_the_gate_refuses_it_too(self):
        folder = self.home_dir()
        for _ in self.installations():
            for how in (os.O_RDONLY | os.O_DIRECTORY, os.O_PATH):
                for name in ('stdin', 'stdout', 'stderr'):
                    fd = os.open(folder, how)
                    r = self.gate('host', '--', 'touch', '/tmp/x', **{name: fd})
                    os.close(fd)
                    self.assertEqual(r.status, EXIT_CROFT, r)
                    if name != 'stderr':
                        self.assertRegex(r.err, '^croft: standard .*would lead')

    def test_control_a_naive_tool_lets_it_lead_out(self):
        canary = self.text(self.home_dir(), 'canary', 'of the host')
        root = self.build_root('true')
        for how in (os.O_RDONLY | os.O_DIRECTORY, os.O_PATH):
            fd = os.open('/home', how)
            # the interpreter itself takes no directory as standard input
            r = self.run_as(USER, ['unshare', '-r', 'sh', '-c', 'exec "$@" 3<&0 </dev/null', 'sh', PYTHON, '-IS', '-c', self.ESCAPE, root, canary], stdin=fd)
            os.close(fd)
            self.assertEqual(r.out, 'of the host\n', r)
