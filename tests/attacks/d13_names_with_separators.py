"""D13: names with commas, colons and blanks are read as options

Broke: fusermount (CVE-2018-10906, CVE-2009-3297, CVE-2011-0541, CVE-2011-0543).
Trick: a directory named "a,suid" in an option string, "a:b" in the layers of an overlay.
Croft: each option of a file system is a call of its own; mounts have descriptors, not names.
Gate: mounts what has no such options.
Covered by: test_run_refusals.test_user_text_in_messages_is_quoted
"""
import os
import subprocess

from attacks.attack import Attack, GateAttack, SELF
from croft_test import EXIT_CROFT, USER


class Separators(Attack):
    def test_odd_names_are_just_names(self):
        base = self.home_dir().encode()
        names = (b'com,ma', b'back\\slash', b'quo"te', b"apo'strophe", b'spa ce', b'new\nline', b'\xff\xfe not UTF-8', b'-v', b'--', b'%s%n',
                 b'$(id)', b';id', b'\\040', b'lowerdir=x', b'tab\t', b'\x01\x1b[31m', b'*?[', 'ümläut'.encode(), b'src=x,dst=', b'col:on')
        for name in names:
            path = base + b'/' + name
            os.mkdir(path)
            with open(path + b'/f', 'wb') as f:
                f.write(name)
            ways = [('--mount', b'type=bind,"src=' + path.replace(b'"', b'""') + b'",dst=/mnt,ro'),
                    ('--mount', b'"dst=/tmp/' + name.replace(b'"', b'""') + b'",type=bind,"src=' + path.replace(b'"', b'""') + b'"')]
            if b':' not in name:
                ways += [('-v', path + b':/mnt:ro'), ('-v', path + b':/tmp/' + name)]
            for option, value in ways:
                with self.subTest(name=name, option=option, value=value):
                    where = b'/mnt' if b'/mnt' in value else b'/tmp/' + name
                    self.assertEqual(self.sandbox(*SELF, option, value, 'host', '--', 'cat', where + b'/f').encode('utf-8', 'surrogateescape'),
                                     name)
            r = self.croft(USER, 'run', *SELF, '--mount', b'type=bind,"src=' + path.replace(b'"', b'""') + b'x",dst=/mnt', 'host', '--', 'true')
            self.assertRefused(r, EXIT_CROFT, r'\Acroft: volume .*: No such file or directory\n\Z')
            self.assertNotIn('\x1b', r.err)

    def test_a_path_as_long_as_the_kernel_takes(self):
        base = self.home_dir()
        path, here = base, os.open('.', os.O_RDONLY)
        self.addCleanup(os.close, here)
        os.chdir(base)
        while len(path) < 4095:
            name = 'n' * min(200, 4095 - len(path) - 1)
            if not name:
                break
            os.mkdir(name)
            os.chdir(name)
            path += '/' + name
        with open('f', 'w', encoding='ascii') as f:
            f.write('deep\n')
        os.fchdir(here)
        self.addCleanup(subprocess.run, ['rm', '-rf', base], check=True)
        self.assertIn(len(path), (4094, 4095))
        self.assertEqual(self.sandbox(*SELF, '-v', path + ':/mnt:ro', 'host', '--', 'cat', '/mnt/f'), 'deep\n')
        self.refused('too long', *SELF, '-v', path + 'xx:/mnt:ro', 'host', '--', 'true')


class SeparatorsAndTheGate(GateAttack):
    def test_the_gate_takes_them_as_names(self):
        base = self.home_dir()
        for _ in self.installations():
            for name in ('com,ma', 'back\\slash', 'new\nline', '-v', '%s%n', '$(id)', 'lowerdir=x', 'spa ce', '\\040', 'ro,suid'):
                path = f'{base}/{name}'
                os.makedirs(path, exist_ok=True)
                self.text(path, 'f', name)
                self.assertEqual(self.inside('cat /mnt/f', '-v', path + ':/mnt:ro'), name)
                self.assertEqual(self.inside('cat "/tmp/$N/f"', '-e', 'N=' + name, '-v', f'{path}:/tmp/{name}:ro'), name)

    def test_control_a_list_with_colons_is_taken_apart(self):
        base = self.home_dir()
        for name in ('a', 'b', 'a:' + base.lstrip('/').split('/')[0], 'point'):
            os.mkdir(f'{base}/{name}')
        self.text(base + '/a', 'f', 'of another directory')
        os.makedirs(f'{base}/a:{base}/b')
        r = self.shell_in_own_namespace('mount -t overlay -o "lowerdir=$1" o "$2" && cat "$2/f"', f'{base}/a:{base}/b', base + '/point')
        self.assertEqual(r.out, 'of another directory', r)
