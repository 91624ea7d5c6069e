"""The harness tests itself: each check is shown to fail when it should."""
import os
import pwd
import signal
import subprocess
import time

from unittest import mock

from attacks import registry
from croft_test import (CroftTest, EXIT_CROFT, Stage, USER, USER2, USER_NO_SUB, kill_processes_of, mounts, processes_of,
                        remove_tree, snapshot_tree, sub_ranges)


def status_fields(text):
    return dict(line.split(':', 1) for line in text.splitlines())


class Sanitizers(CroftTest):
    def test_a_complaint_fails_whatever_the_test_expects(self):
        for text in ('==1==ERROR: AddressSanitizer: heap-use-after-free', 'a.c:1:2: runtime error: signed integer overflow'):
            argv = ['sh', '-c', 'echo "$1" >&2', 'sh', text]
            self.assertRan(self.run_as(USER, argv))
            with mock.patch.object(Stage, 'variables', ('SANFLAGS=-fsanitize=address',)):
                self.assertRaisesRegex(AssertionError, 'a sanitizer complains', self.run_as, USER, argv)


class Users(CroftTest):
    def test_a_user_has_no_capability_and_only_his_ids(self):
        for user in (USER, USER2, USER_NO_SUB):
            with self.subTest(user):
                r = self.run_as(user, ['cat', '/proc/self/status'])
                self.assertRan(r)
                fields = status_fields(r.out)
                entry = pwd.getpwnam(user)
                for name in ('CapInh', 'CapPrm', 'CapEff', 'CapAmb'):
                    self.assertEqual(int(fields[name], 16), 0, name)
                self.assertNotEqual(int(fields['CapBnd'], 16), 0, 'the helper could not get its capabilities')
                self.assertEqual(fields['Uid'].split(), [str(entry.pw_uid)] * 4)
                self.assertEqual(fields['Gid'].split(), [str(entry.pw_gid)] * 4)
                self.assertEqual(fields['Groups'].split(), [str(entry.pw_gid)])
                self.assertEqual(fields['NoNewPrivs'].strip(), '0')

    def test_capabilities_are_gone_before_the_first_exec(self):
        r = self.run_as(USER, ['true'], preexec_fn=lambda: os.setuid(os.getuid()))
        self.assertRan(r)
        read, write = os.pipe()
        self.addCleanup(os.close, read)
        self.addCleanup(os.close, write)
        self.run_as(USER, ['true'], preexec_fn=lambda: os.write(write, open('/proc/self/status', 'rb').read()))
        fields = status_fields(os.read(read, 65536).decode())
        self.assertEqual(int(fields['CapPrm'], 16) | int(fields['CapEff'], 16), 0)

    def test_root_keeps_what_root_has(self):
        fields = status_fields(self.run_as('root', ['cat', '/proc/self/status']).out)
        self.assertNotEqual(int(fields['CapEff'], 16), 0)

    def test_a_user_cannot_do_what_root_can(self):
        r = self.run_as(USER, ['cat', '/etc/shadow'])
        self.assertRefused(r, 1, 'Permission denied')

    def test_subordinate_ranges_are_as_the_tests_expect(self):
        for file in ('/etc/subuid', '/etc/subgid'):
            self.assertEqual([count for _, count in sub_ranges(USER, file)], [65536])
            self.assertEqual(len(sub_ranges(USER2, file)), 1)
            self.assertEqual(sub_ranges(USER_NO_SUB, file), [])

    def test_a_group_lasts_as_long_as_its_block(self):
        with self.group('crofttestg', USER) as gid:
            self.assertIn(str(gid), self.run_as(USER, ['id', '-G']).out.split())
        self.assertNotIn(str(gid), self.run_as(USER, ['id', '-G']).out.split())


class Commands(CroftTest):
    def test_status_output_and_errors_come_back(self):
        r = self.run_as(USER, ['sh', '-c', 'cat; echo error >&2; exit 7'], input='text')
        self.assertEqual((r.status, r.out, r.err), (7, 'text', 'error\n'))

    def test_death_by_signal_is_no_refusal(self):
        r = self.run_as(USER, ['sh', '-c', 'echo message >&2; kill -TERM $$'])
        self.assertEqual(r.status, 128 + signal.SIGTERM)
        with self.assertRaisesRegex(AssertionError, 'signal'):
            self.assertRefused(r, 128 + signal.SIGTERM, 'message')

    def test_a_refusal_needs_status_and_message(self):
        r = self.run_as(USER, ['sh', '-c', 'echo denied >&2; exit 125'])
        self.assertRefused(r, EXIT_CROFT, 'denied')
        for status, message in ((1, 'denied'), (125, 'allowed')):
            with self.assertRaises(AssertionError):
                self.assertRefused(r, status, message)

    def test_the_environment_is_controlled(self):
        os.environ['CROFT_TEST_SECRET'] = 'x'
        self.addCleanup(os.environ.pop, 'CROFT_TEST_SECRET')
        out = self.run_as(USER, ['env'], env={'A': 'b'}).out
        self.assertNotIn('SECRET', out)
        self.assertIn('A=b\n', out)
        self.assertEqual(self.run_as(USER, ['/usr/bin/env'], env={'A': 'b'}, keep_env=False).out, 'A=b\n')

    def test_a_command_that_hangs_is_killed_with_its_children(self):
        begin = time.monotonic()
        with self.assertRaisesRegex(AssertionError, 'more than 1 s'):
            self.run_as(USER, ['sh', '-c', 'setsid sleep 50 & sleep 50'], timeout=1)
        self.assertLess(time.monotonic() - begin, 20)
        self.assertEqual(self.leftovers(), [])

    def test_croft_is_installed_for_everybody(self):
        r = self.run_as(USER, ['stat', '-c', '%U %a', self.croft_path, self.prefix, os.path.dirname(self.prefix)])
        self.assertRan(r)
        self.assertEqual(r.out, 'root 755\nroot 755\nroot 755\n')


class Leftovers(CroftTest):
    def test_a_process_that_is_left_is_noticed(self):
        folder = self.make_dir(USER)
        self.assertRan(self.run_as(USER, [self.probes + '/hold', folder + '/there']))
        while not os.path.exists(folder + '/there'):
            time.sleep(0.01)
        left = self.leftovers(grace=0.2)
        self.assertEqual(len(left), 1)
        self.assertRegex(left[0], 'process [0-9]+: .*/hold')
        kill_processes_of(self._ids)
        self.assertEqual(self.leftovers(), [])

    def test_a_process_with_a_subordinate_id_is_noticed(self):
        start, _count = sub_ranges(USER, '/etc/subuid')[0]
        p = subprocess.Popen(['sleep', '50'], user=start + 1000)
        self.addCleanup(p.wait)
        self.addCleanup(p.kill)
        self.assertIn(p.pid, [pid for pid, _ in processes_of(self._ids)])

    def test_a_mount_that_is_left_is_noticed(self):
        folder = self.make_dir()
        subprocess.run(['mount', '-t', 'tmpfs', 'none', folder], check=True)
        try:
            self.assertRegex('\n'.join(self.leftovers(grace=0)), 'mount: .*' + folder)
        finally:
            subprocess.run(['umount', folder], check=True)
        self.assertEqual(self.leftovers(), [])

    def test_a_mount_in_a_namespace_that_forgot_to_cut_propagation_is_noticed(self):
        folder = self.make_dir()
        before = mounts()
        subprocess.run(['unshare', '--mount', '--propagation', 'unchanged', 'mount', '-t', 'tmpfs', 'none', folder],
                       check=True)
        try:
            self.assertNotEqual(mounts(), before)
        finally:
            subprocess.run(['umount', folder], check=True)

    def test_a_file_in_a_shared_folder_is_noticed(self):
        name = '/tmp/croft-test-leftover'
        self.assertRan(self.run_as(USER, ['touch', name]))
        try:
            self.assertEqual(self.leftovers(grace=0), ['file: ' + name])
        finally:
            os.unlink(name)


class Removal(CroftTest):
    """A folder of a test may hold bind mounts of the host: its removal once went through them."""

    def setUp(self):
        self.host = self.make_dir()
        self.write(self.host + '/canary', 'sings')
        os.mkdir(self.host + '/dir')
        self.before = snapshot_tree(self.host)
        self.folder = self.make_dir()
        for name in ('one', 'with blank'):
            os.makedirs(f'{self.folder}/{name}', exist_ok=True)
            subprocess.run(['mount', '--bind', self.host, f'{self.folder}/{name}'], check=True)

    def test_what_is_mounted_in_a_folder_survives_its_removal(self):
        remove_tree(self.folder)
        self.assertFalse(os.path.lexists(self.folder))
        self.assertUnchanged(self.host, self.before)

    def test_also_when_the_mount_is_busy(self):
        p = subprocess.Popen(['sleep', '50'], cwd=self.folder + '/one')
        self.addCleanup(p.wait)
        self.addCleanup(p.kill)
        self.assertNotEqual(subprocess.run(['umount', self.folder + '/one'], stderr=subprocess.DEVNULL).returncode, 0)
        remove_tree(self.folder)
        self.assertFalse(os.path.lexists(self.folder))
        self.assertUnchanged(self.host, self.before)

    def test_nothing_is_removed_while_a_mount_cannot_be_detached(self):
        with mock.patch('subprocess.run'), self.assertRaisesRegex(RuntimeError, 'is mounted there'):
            remove_tree(self.folder)
        self.assertTrue(os.path.exists(self.folder + '/one/canary'))
        self.assertUnchanged(self.host, self.before)


class Depth(CroftTest):
    def test_a_tree_deeper_than_python_recurses_is_removed(self):
        folder = self.make_dir()
        here = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        for _ in range(3000):
            os.mkdir('d', dir_fd=here)
            below = os.open('d', os.O_RDONLY | os.O_DIRECTORY, dir_fd=here)
            os.close(here)
            here = below
        os.close(here)
        remove_tree(folder)
        self.assertFalse(os.path.lexists(folder))


class Trees(CroftTest):
    def test_every_change_of_a_tree_is_noticed(self):
        folder = self.make_dir()
        self.write(folder + '/file', 'old')
        os.mkdir(folder + '/dir')
        os.symlink('file', folder + '/link')

        def replace_link():
            os.unlink(folder + '/link')
            os.symlink('dir', folder + '/link')
        changes = {
            'content': lambda: self.write(folder + '/file', 'new'),
            'mode': lambda: os.chmod(folder + '/dir', 0o700),
            'owner': lambda: self.give(folder + '/file', USER),
            'time': lambda: os.utime(folder + '/file', (1, 1)),
            'link': replace_link,
            'hard link': lambda: os.link(folder + '/file', self.prefix + '/folders/other'),
            'new': lambda: self.write(folder + '/dir/new', ''),
            'gone': lambda: os.unlink(folder + '/file'),
        }
        self.addCleanup(os.unlink, self.prefix + '/folders/other')
        for name, change in changes.items():
            with self.subTest(name):
                before = snapshot_tree(folder)
                self.assertUnchanged(folder, before)
                change()
                with self.assertRaises(AssertionError):
                    self.assertUnchanged(folder, before)

    def test_a_policy_is_there_for_its_block_only(self):
        with self.policy('version 1\n', {'x.conf': 'version 1\n'}) as path:
            st = os.lstat(path)
            self.assertEqual((st.st_uid, st.st_mode & 0o7777), (0, 0o644))
            self.assertRan(self.run_as(USER, ['cat', path, self.sysconfdir + '/croft/policy.d/x.conf']))
        self.assertFalse(os.path.lexists(self.sysconfdir + '/croft'))


class Terminals(CroftTest):
    def test_a_command_gets_a_terminal_that_controls_it(self):
        t = self.terminal(USER, ['sh', '-c', 'stty size </dev/tty; echo ready; read x; echo got $x; exit 3'], 33, 99)
        t.expect(r'33 99\r\n')
        t.expect('ready')
        t.send('word\n')
        t.expect('got word')
        self.assertEqual(t.wait(), 3)

    def test_interrupt_from_the_keyboard_arrives(self):
        t = self.terminal(USER, ['sh', '-c', 'trap "echo caught; exit 5" INT; echo ready; while :; do sleep 0.1; done'])
        t.expect('ready')
        t.send('\x03')
        t.expect('caught')
        self.assertEqual(t.wait(), 5)

    def test_a_new_size_is_told(self):
        t = self.terminal(USER, ['bash', '-c', 'trap "stty size" WINCH; echo ready; while :; do sleep 0.1; done'])
        t.expect('ready')
        t.resize(10, 20)
        t.expect('10 20')

    def test_raw_mode_is_seen(self):
        t = self.terminal(USER, ['sh', '-c', 'echo ready; read x; stty raw; echo raw; read x; exit 0'])
        t.expect('ready')
        before = t.attributes()
        t.send('\n')
        t.expect('raw')
        self.assertNotEqual(t.attributes()[3], before[3])

    def test_text_that_does_not_come_is_a_failure(self):
        t = self.terminal(USER, ['sh', '-c', 'echo one; sleep 50'])
        with self.assertRaisesRegex(AssertionError, 'one'):
            t.expect('two', timeout=0.5)
        t = self.terminal(USER, ['echo', 'one'])
        with self.assertRaisesRegex(AssertionError, 'one'):
            t.expect('two')


class AttackTable(CroftTest):
    TEXT = ('A1: a title\n\nBroke: somebody.\nTrick: this,\n    and that.\nCroft: refuses.\nCovered by: test_x.test_one, test_y.c:two\n\n'
            'A2: another\n\nBroke: nobody.\nTrick: none.\nNot applicable: no reason.\n')
    UNIT = 'test_units.UnitTests.test_as_an_ordinary_user'

    def result(self, **verdicts):
        case = registry.parse('a1_x', self.TEXT)[0]
        names = {'own': 'attacks.a1_x.A.test_a', 'one': 'test_x.B.test_one', 'unit': self.UNIT}
        return registry.result(case, {names[name]: word for name, word in verdicts.items()})

    def test_the_first_text_is_read(self):
        first, second = registry.parse('a1_x', self.TEXT)
        self.assertEqual((first.id, first.title, first.trick), ('A1', 'a title', 'this, and that.'))
        self.assertEqual(first.covered(), ['test_x.test_one', 'test_y.c:two'])
        self.assertEqual(second.answers(), [('not applicable', 'no reason.')])
        for bad in ('A1: a\n\nBroke: x\nBroke: y\n', 'A1: a\n\nsomething else\n'):
            with self.assertRaises(ValueError):
                registry.parse('a1_x', bad)

    def test_a_case_has_the_result_of_all_its_tests(self):
        self.assertEqual(self.result(own='ok', one='ok', unit='ok'), ('ok', 3))
        for missing in ('own', 'one', 'unit'):
            self.assertEqual(self.result(**{n: 'ok' for n in ('own', 'one', 'unit') if n != missing}), ('not run', 2))
            self.assertEqual(self.result(**{n: 'FAIL' if n == missing else 'ok' for n in ('own', 'one', 'unit')})[0], 'FAIL')

    def test_a_case_that_did_not_run_fails_a_whole_run(self):
        self.assertEqual(registry.table({}, whole=False), ([], 0))
        self.assertEqual(registry.table({}, whole=True)[1], len(registry.IDS))
