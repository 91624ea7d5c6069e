"""deny lines with `mask`: what lies above may be had, and the denied place is covered."""
import os
import pwd
import subprocess
import time

from croft_test import USER, processes_of, remove_tree, test_ids
from run_case import RunTest
from test_gate import OPEN, GateTest
from test_gate_ids import ALL, IDS


class MaskTest(RunTest):
    """A folder of the user's with a directory and a file that are not to be seen, and one that is."""
    base = OPEN + 'allow everyone ids subordinate\n'

    def setUp(self):
        super().setUp()
        self.data = self.home_dir()
        for name in ('open/seen', 'keys/id', 'deep/er/secret', 'token'):
            path = f'{self.data}/{name}'
            os.makedirs(os.path.dirname(path), exist_ok=True)
            self.write(path, 'the ' + os.path.basename(name) + '\n')
        subprocess.run(['chown', '-R', f'{USER}:', self.data], check=True)

    def masks(self, *places, more=''):
        lines = ''.join(f'deny everyone volume {self.data}/{p.removesuffix("/**")}/** mask\n' for p in places)
        return self.policy(self.base + lines + more)

    def look(self, script, *options, **kwargs):
        return self.shell(script, *options, '-v', self.data + ':/mnt', **kwargs)

    def test_without_the_word_nothing_above_can_be_had(self):
        with self.policy(self.base + f'deny everyone volume {self.data}/keys/**\n'):
            self.refused(f'^croft: volume {self.data}:/mnt: denied for {USER}: {self.data} is above {self.data}/keys/\\*\\*, which ',
                         '-v', self.data + ':/mnt', 'host', '--', 'true')

    def test_a_directory_and_a_file_are_empty_inside_and_all_else_is_as_it_was(self):
        with self.masks('keys/**', 'token', 'deep/er'):
            self.assertEqual(self.look('ls -A /mnt /mnt/keys /mnt/deep/er; cat /mnt/token /mnt/open/seen'),
                             '/mnt:\ndeep\nkeys\nopen\ntoken\n\n/mnt/deep/er:\n\n/mnt/keys:\nthe seen\n')
            self.assertEqual(self.look('echo new >/mnt/open/new; cat /mnt/open/new'), 'new\n')

    def test_what_is_covered_is_not_written_and_not_uncovered(self):
        with self.masks('keys/**', 'token', 'deep/er/secret'):
            script = 'cd /mnt; ! touch keys/x; ! rmdir keys; ! mv keys k; ! rm token; ! mv token t; ! mv deep/er/secret s; ! mv deep d; cat deep/er/secret; mv open o'
            self.assertEqual(self.look('(' + script + ') 2>/dev/null'), '')
        self.assertEqual(self.read('keys/id') + self.read('token') + self.read('deep/er/secret'), 'the id\nthe token\nthe secret\n')
        self.assertEqual(sorted(os.listdir(self.data)), ['deep', 'keys', 'o', 'token'])

    def read(self, name):
        with open(f'{self.data}/{name}', encoding='utf-8') as f:
            return f.read()

    def test_sys_admin_does_not_lift_it(self):
        with self.masks('keys/**', 'token', more='allow everyone capability default\nallow everyone capability SYS_ADMIN\nallow everyone userns\n'):
            script = 'umount /mnt/keys 2>/dev/null; umount -l /mnt/token 2>/dev/null; mkdir /tmp/x; mount --bind /mnt /tmp/x 2>/dev/null; ls -A /mnt/keys /tmp/x/keys 2>/dev/null; cat /mnt/token'
            self.assertNotIn('the', self.look(script, '--cap-add', 'SYS_ADMIN'))
            self.assertNotIn('id', self.look(script, '--cap-add', 'SYS_ADMIN'))
            inner = "unshare --user --map-root-user --mount sh -c 'umount /mnt/keys; ls -A /mnt/keys; cat /mnt/token' 2>/dev/null; true"
            self.assertEqual(self.look(inner, '--allow-userns'), '')

    def test_what_is_denied_stays_denied_when_it_is_asked_for_itself(self):
        with self.masks('keys/**', 'token'):
            os.makedirs(self.data + '/keys/in')
            for asked in ('keys', 'keys/id', 'keys/in', 'token'):
                self.refused('denies it: deny everyone volume .* mask\n', '-v', f'{self.data}/{asked}:/mnt', 'host', '--', 'true')

    def test_one_line_without_the_word_refuses_all_the_same(self):
        with self.masks('keys/**', more=f'deny everyone volume {self.data}/keys/id\n'):
            self.refused('is above', '-v', self.data + ':/mnt', 'host', '--', 'true')

    def test_places_in_one_another_are_covered_by_the_outer_one(self):
        with self.masks('deep/er/secret', 'deep/**', 'deep/er'):
            self.assertEqual(self.look('ls -A /mnt/deep'), '')

    def test_what_is_not_there_cannot_be_covered(self):
        with self.masks('gone/**') as file:
            self.refused(f'^croft: volume {self.data}:/mnt: mask of {file}:[0-9]+: {self.data}/gone is not there to be covered\n'
                         f'croft: hint: make it, empty; or ask for less than {self.data}\n$', '-v', self.data + ':/mnt', 'host', '--', 'true')
            os.mkdir(self.data + '/gone')
            self.assertEqual(self.look('ls /mnt/gone'), '')

    def test_a_link_in_its_place_or_on_the_way_is_refused(self):
        os.symlink('open', self.data + '/link')
        for place in ('link', 'link/seen'):
            with self.masks(place):
                self.refused(f'cover {place}: it is a symbolic link, or one is on the way to it\n', '-v', self.data + ':/mnt', 'host', '--', 'true')

    def test_each_caller_has_his_own_place(self):
        home = pwd.getpwnam(USER).pw_dir
        with self.policy(self.base + f'allow everyone volume /home/** rw\ndeny everyone volume %h/{os.path.basename(self.data)}/keys/** mask\n'):
            self.assertEqual(self.shell(f'ls -A /h/{os.path.basename(self.data)}/keys', '-v', home + ':/h'), '')

    def test_a_root_too(self):
        root = self.build_root('sh', 'ls', 'cat', 'touch')
        os.makedirs(root + '/etc/keys')
        self.write(root + '/etc/keys/id', 'the id\n')
        self.write(root + '/etc/token', 'the token\n')
        subprocess.run(['chown', '-R', f'{USER}:', root], check=True)
        with self.policy(self.base + f'deny everyone root {root}/etc/keys/** mask\ndeny everyone root {root}/etc/token/** mask\n'):
            for options in ((), ('--read-only',), *self.overlays):
                out = self.sandbox(*options, root, '--', '/bin/sh', '-c', 'ls /etc/keys; cat /etc/token; touch /etc/keys/x 2>/dev/null || echo no')
                self.assertEqual(out, 'no\n', options)

    overlays = (('--ephemeral',),)

    def test_the_plan_says_what_is_covered_and_explain_which_line(self):
        with self.masks('keys/**', 'token') as file:
            r = self.croft(USER, 'plan', '-v', self.data + ':/mnt', 'host')
            self.assertRan(r)
            self.assertRegex(r.out, f'volume     /mnt <- {self.data} \\(rw\\)   .*\n    covered  keys\n    covered  token\n')
            r = self.croft(USER, 'policy', 'explain', 'volume', self.data)
            self.assertRan(r)
            self.assertRegex(r.out, f'{file}:[0-9]+: deny everyone volume {self.data}/token/\\*\\* mask: has something below it covered\n')

    def test_mistakes_in_the_line(self):
        for line, message in (('deny everyone volume /a/*/b/** mask', '2:22: mask covers one place and what lies in it: expected a path without \\*, and /\\*\\* at its end'),
                              ('deny everyone volume /a mask', '2:22: mask covers one place and what lies in it'),
                              ('deny everyone volume /a rw mask', '2:25: what mask covers cannot be read either: expected no rw'),
                              ('allow everyone volume /a mask', '2:26: mask is for deny lines: expected the end of the line'),
                              ('deny everyone device /dev/x mask', "expected the end of the line, found 'mask'")):
            with self.subTest(line=line), self.policy('version 1\n' + line + '\n'):
                self.refused(message, 'host', '--', 'true')


class Gate(GateTest, MaskTest):
    base = OPEN
    rules = None
    overlays = ()

    def setUp(self):
        MaskTest.setUp(self)
        GateTest.setUp(self)

    def croft(self, user, *words, **kwargs):
        if words[0] in ('run', 'plan'):
            words = (words[0], '--gate', *words[1:])
        return super().croft(user, *words, **kwargs)

    def sandbox(self, *words, **kwargs):
        return RunTest.sandbox(self, *words, **kwargs)

    def refused(self, message, *words, **kwargs):
        RunTest.refused(self, message, *words, **kwargs)

    def test_sys_admin_does_not_lift_it(self):
        """Nobody has it without ids."""


class GateWithIds(Gate):
    base = IDS

    def put_gate(self, setuid=False, caps=ALL):
        super().put_gate(setuid, caps)

    test_sys_admin_does_not_lift_it = MaskTest.test_sys_admin_does_not_lift_it

    def test_what_is_moved_while_it_is_decided_is_refused(self):
        """The gate waits before it asks a second time where the directory lies, and meanwhile it is moved away, out of the rule."""
        self.needs_package('strace')
        moved = self.data + '.moved'
        self.addCleanup(remove_tree, moved)
        with self.policy(IDS.replace('volume %h/** rw', f'volume {self.data}/** ro') + f'deny everyone volume {self.data}/keys/** mask\n'):
            run = ['run', '--gate', '-v', self.data + ':/mnt:ro', 'host', '--', 'cat', '/mnt/keys/id', '/mnt/open/seen']
            self.assertEqual(self.croft(USER, *run[:1], *run[2:]).out, 'the seen\n')
            self.refused('no rule allows it', '-v', f'{os.path.dirname(self.data)}:/x:ro', 'host', '--', 'true')
            p = subprocess.Popen(['strace', '-f', '-qq', '-o', '/dev/null', '-u', USER, '-e', 'trace=readlink', '-e', 'inject=readlink:delay_enter=1000000:when=2',
                                  self.croft_path, *run], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd='/')
            until = time.monotonic() + 20
            while not any(command.startswith('croft-gate ') for _, command in processes_of(test_ids())):
                self.assertLess(time.monotonic(), until)
                time.sleep(0.01)
            time.sleep(0.5)
            os.rename(self.data, moved)
            os.symlink(moved, self.data)
            out, err = p.communicate(timeout=30)
            os.unlink(self.data)
            os.rename(moved, self.data)
        self.assertNotIn('the id', out)
        self.assertEqual(p.returncode, 125, err)
        self.assertRegex(err, f'^croft: volume {self.data}:/mnt: it was moved while it was looked at\n')

    def test_no_moment_shows_what_is_covered(self):
        """While another process of the same user moves the place away and back, the file is never read inside."""
        place, aside = self.data + '/keys', self.data + '/aside'
        mover = self.popen_as(USER, ['bash', '-c', f'while :; do mv -T {place} {aside}; mv -T {aside} {place}; done 2>/dev/null'])
        try:
            with self.masks('keys/**'):
                ran, until = 0, time.monotonic() + 4
                while time.monotonic() < until or (ran <= 5 and time.monotonic() < until + 60):
                    r = self.croft(USER, 'run', '-v', self.data + ':/mnt', 'host', '--', 'cat', '/mnt/keys/id')
                    self.assertNotIn('the id', r.out, r)
                    ran += r.status == 1
                self.assertGreater(ran, 5)
        finally:
            mover.kill()
            mover.wait()
