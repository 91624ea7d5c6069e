"""croft root import: what is unpacked (compared with tar), what is refused or made harmless, what is left behind."""
import contextlib
import glob
import os
import pwd
import random
import signal
import stat
import subprocess
import time

import hostile_archives as make
from croft_test import USER, USER_NO_SUB, CroftTest, snapshot_tree, sub_ranges


class ImportTest(CroftTest):
    user = USER

    def setUp(self):
        self.dir = self.make_dir(self.user)
        self.env = {'XDG_DATA_HOME': self.dir + '/data'}
        self.roots = self.dir + '/data/croft/roots'
        self.tar = self.dir + '/root.tar'
        self.addCleanup(self.remove_roots)

    def remove_roots(self):
        for name in self.listed():
            if name[0] != '.':
                self.croft(self.user, 'root', 'rm', name, env=self.env)

    def listed(self):
        """Everything below the named roots, hidden or not."""
        with contextlib.suppress(FileNotFoundError):
            return sorted(os.listdir(self.roots))
        return []

    def make_outside(self):
        """A folder that what is hostile tries to reach."""
        self.outside = self.dir + '/data/outside'
        os.makedirs(self.outside)
        self.write(self.outside + '/kept', 'kept', USER)
        for path in (self.dir + '/data', self.outside):
            self.give(path, USER)

    def archive(self, members, path=None, **options):
        return make.archive(path or self.tar, members, **options)

    def root_import(self, *args, **kwargs):
        return self.croft(self.user, 'root', 'import', *(args or (self.tar, 'it')), env=self.env, **kwargs)

    def assertImported(self, *args, **kwargs):
        r = self.root_import(*args, **kwargs)
        self.assertRan(r)
        return r

    def assertImportRefused(self, message, *args, status=125, **kwargs):
        r = self.root_import(*args, **kwargs)
        self.assertRefused(r, status, message)
        self.assertEqual(self.listed(), [])
        return r

    def outside_id(self, inside, file='/etc/subuid'):
        """The id on the host of one inside, in the map of a root."""
        own = pwd.getpwnam(self.user)
        return (own.pw_uid if 'uid' in file else own.pw_gid) if inside == 0 else sub_ranges(self.user, file)[0][0] + inside - 1


SMALL = [make.dir_('.'), make.dir_('bin'), make.dir_('etc'), make.file('etc/motd', 'hello\n'), make.link('sh', 'bin/sh')]


class Unpack(ImportTest):
    def test_the_files_are_those_that_tar_unpacks(self):
        source = self.dir + '/source'
        os.makedirs(source + '/var/spool/deep')
        os.makedirs(source + '/shut', mode=0o500)
        self.write(source + '/shut/file', 'x' * 100000)
        self.write(source + '/with a name\nof two lines', 'y')
        os.symlink('/nowhere/at/all', source + '/var/link')
        os.link(source + '/shut/file', source + '/var/second name')
        os.chmod(source + '/var/spool', 0o1777)
        os.chown(source + '/var/spool/deep', 33, 8)
        os.chown(source + '/var/link', 5, 5, follow_symlinks=False)
        os.utime(source + '/var', ns=(1, 1500000000123456789))
        with open(source + '/sparse', 'wb') as f:
            f.truncate(64 << 20)
            f.seek(32 << 20)
            f.write(b'in the middle')
        want = {name: entry for name, entry in snapshot_tree(source).items()}
        for suffix, flag in (('tar', ''), ('tar.gz', '-z'), ('tar.xz', '-J'), ('tar.zst', '--zstd')):
            with self.subTest(suffix=suffix):
                path = f'{self.dir}/root.{suffix}'
                subprocess.run(['tar', '--format=pax', '-S', *flag.split(), '-cf', path, '-C', source, '.'], check=True)
                r = self.assertImported(path, 'it')
                self.assertRegex(r.err, r'^croft: it: 5 files, [0-9.]+ KiB in ')
                have = snapshot_tree(self.roots + '/it')
                self.assertEqual(have.keys(), want.keys())
                for name, (mode, uid, gid, *rest) in want.items():
                    if name == '.':  # made before its files
                        rest[2] = have[name][5]
                    self.assertEqual(have[name], (mode, self.outside_id(uid), self.outside_id(gid, '/etc/subgid'), *rest), name)
                self.assertLess(os.stat(self.roots + '/it/sparse').st_blocks * 512, 1 << 20)
                self.assertRan(self.croft(self.user, 'root', 'rm', 'it', env=self.env))
                self.assertEqual(self.listed(), [])

    def test_the_sandbox_runs_what_was_imported(self):
        self.assertRan(self.croft(self.user, 'root', 'build', self.dir + '/built', 'bash', 'cat', 'stat', 'touch'))
        self.write(self.dir + '/built/srv/owned', 'x', self.user)
        subprocess.run(['tar', '--owner=0', '--group=0', '-cf', self.tar, '-C', self.dir + '/built', '.'], check=True)
        subprocess.run(['tar', '--owner=33', '--group=33', '--append', '-f', self.tar, '-C', self.dir + '/built', './srv/owned'],
                       check=True)
        self.assertImported()
        for options in ([], ['--ephemeral'], ['--read-only']):
            r = self.croft(self.user, 'run', *options, 'it', 'bash', '-c',
                           'stat -c %u:%g /srv/owned /; touch /srv/new && echo writable', env=self.env)
            writable = '' if '--read-only' in options else 'writable\n'
            self.assertEqual(r.out, '33:33\n0:0\n' + writable, r)
        self.assertTrue(os.path.exists(self.roots + '/it/srv/new'))

    def test_standard_input_is_an_archive(self):
        self.archive(SMALL)
        with open(self.tar, 'rb') as f:
            self.assertImported('-', 'it', input=f.read())
        self.assertEqual(os.readlink(self.roots + '/it/sh'), 'bin/sh')

    def test_what_would_be_privilege_on_the_host_is_dropped(self):
        capability = 'SCHILY.xattr.security.capability'
        self.archive([make.file('su', 'x', mode=0o6755), make.dir_('box', mode=0o6775),
                      make.file('ping', 'x', mode=0o755, pax_headers={
                          capability: '\x01\x00\x00\x02\x00\x20', 'SCHILY.xattr.user.kept': 'yes',
                          'SCHILY.xattr.trusted.gone': 'x'})])
        self.assertImported()
        it = self.roots + '/it'
        self.assertEqual([stat.S_IMODE(os.stat(f'{it}/{name}').st_mode) for name in ('su', 'box', 'ping')],
                         [0o755, 0o2775, 0o755])
        self.assertEqual(os.listxattr(it + '/ping'), ['user.kept'])

    def test_devices_are_left_out_and_those_elsewhere_counted(self):
        self.archive(SMALL + [make.node('dev/null'), make.node('./dev/zero'), make.node('/dev/full'),
                              make.node('sda', make.tarfile.BLKTYPE), make.member('fifo', make.tarfile.FIFOTYPE)])
        r = self.assertImported()
        self.assertIn('croft: 2 devices, FIFOs and sockets outside dev/ were left out\n', r.err)
        self.assertEqual(sorted(os.listdir(self.roots + '/it')), ['bin', 'etc', 'sh'])

    def test_alone_everything_is_mine(self):
        self.user = USER_NO_SUB
        self.setUp()
        self.archive([make.file('a', 'x', uid=4000000, gid=33), make.dir_('b', uid=33)])
        self.assertImportRefused(r'(?s)has no line in /etc/subuid.*hint: .*--map self')
        self.assertImported('--map', 'self', self.tar, 'it')
        own = pwd.getpwnam(self.user).pw_uid
        self.assertEqual([os.stat(f'{self.roots}/it/{name}').st_uid for name in ('', 'a', 'b')], [own] * 3)

    def test_progress_is_a_line_on_a_terminal(self):
        self.archive(SMALL)
        t = self.terminal(self.user, [self.croft_path, 'root', 'import', self.tar, 'it'], env=self.env)
        self.assertEqual(t.wait(), 0, t.seen)
        self.assertRegex(t.seen, r'\r0 files, 0 bytes  \.\S*.*\r\x1b\[Kcroft: it: 2 files, ')
        self.assertEqual(self.assertImported('-q', self.tar, 'quiet').err, '')
        self.assertIn('etc/motd\n', self.assertImported('-v', self.tar, 'loud').err)


class Hostile(ImportTest):
    def setUp(self):
        super().setUp()
        self.make_outside()

    def test_what_leads_out_is_refused(self):
        self.archive(SMALL)
        self.assertImported()  # a positive control
        self.remove_roots()
        for why, members, message in make.REFUSED:
            with self.subTest(why):
                self.archive(members(self.outside))
                before = snapshot_tree(self.outside)
                self.assertImportRefused(message)
                self.assertUnchanged(self.outside, before)

    def test_what_only_looks_like_it_is_harmless(self):
        for why, members in make.HARMLESS:
            with self.subTest(why):
                self.archive(members(self.outside))
                before = snapshot_tree(self.outside)
                self.assertImported()
                self.assertUnchanged(self.outside, before)
                self.assertRan(self.croft(self.user, 'root', 'rm', 'it', env=self.env))

    def test_what_is_no_archive_is_refused(self):
        self.archive(SMALL)
        with open(self.tar, 'rb') as f:
            whole = f.read()
        for why, content, message in (
                ('empty', b'', 'the archive is empty|read the archive: '),
                ('zeros', bytes(10240), 'the archive is empty'),
                ('text', b'hello\n' * 1000, 'read the archive: Unrecognized archive format'),
                ('cut', whole[:1700], 'read the archive: Truncated'),
                ('a zip', b'PK\3\4' + bytes(100), 'read the archive: '),
                ('cut gzip', subprocess.run(['gzip', '-c'], input=whole, stdout=-1, check=True).stdout[:90],
                 'read the archive: .*(truncated|Truncated)')):
            with self.subTest(why):
                self.write(self.tar, content, USER)
                self.assertImportRefused(message)

    def test_an_archive_without_end_ends(self):
        make.zeros(self.dir + '/bomb.gz', 64 << 20)
        self.assertLess(os.path.getsize(self.dir + '/bomb.gz'), 1 << 20)
        self.assertImportRefused(r'the archive unpacks to more than is allowed, at zeros\ncroft: hint: .*--max-size',
                                 '--max-size', '16M', self.dir + '/bomb.gz', 'it')
        self.assertImported('--max-size', '64M', self.dir + '/bomb.gz', 'it')

    def test_random_damage_never_leaves_anything_outside(self):
        self.archive(SMALL + [make.hard('etc/two', 'etc/motd'), make.link('etc/l', self.outside)])
        with open(self.tar, 'rb') as f:
            whole = f.read()
        before = snapshot_tree(self.outside)
        rand = random.Random(7)
        for i in range(20):
            damaged = bytearray(whole)
            for _ in range(rand.randrange(1, 12)):
                damaged[rand.randrange(len(damaged))] = rand.randrange(256)
            self.write(self.tar, bytes(damaged), USER)
            r = self.root_import(self.tar, f'it{i}')
            self.assertIn(r.returncode, (0, 125), r)
            self.assertUnchanged(self.outside, before)
            self.assertEqual([name for name in self.listed() if name[0] == '.'], [])


class Atomic(ImportTest):
    def test_what_cannot_be_is_said(self):
        self.archive(SMALL)
        self.assertImported()
        for message, *args in (
                (r'root it is there already\ncroft: hint: .*croft root rm it', self.tar, 'it'),
                (r'open \S+/nosuch: No such file', self.dir + '/nosuch', 'other'),
                ('is a directory, not an archive', self.dir, 'other'),
                ('is a path, not the name of a root', self.tar, './other'),
                ("'host' is built in", self.tar, 'host'),
                ("cannot begin with '\\.'", self.tar, '.other'),
                ('root import: an operand is missing', self.tar),
                ('root import: too many operands', self.tar, 'other', 'more'),
                ('exclude each other', '-qv', self.tar, 'other'),
                ('0 is not a number of bytes', '--max-size', '0', self.tar, 'other')):
            with self.subTest(args=args):
                self.assertRefused(self.root_import(*args), 125, message)
                self.assertEqual(self.listed(), ['it'])

    def test_a_missing_program_is_said(self):
        self.archive(SMALL)
        away = self.libexec + '/croft-import.away'
        os.rename(self.libexec + '/croft-import', away)
        try:
            self.assertImportRefused(r"croft-import is not there, which 'croft root import' needs\ncroft: hint: ")
        finally:
            os.rename(away, self.libexec + '/croft-import')

    def test_a_full_disk_is_one_sentence(self):
        disk = self.dir + '/data'
        os.mkdir(disk)
        subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=1m,mode=777', 'croft-test', disk], check=True)
        try:
            self.archive([make.dir_('.'), make.file('big', bytes(4 << 20))])
            r = self.assertImportRefused('^croft: unpack big: No space left on device\n')
            self.assertEqual(r.err.count('\n'), 1, r)
        finally:
            subprocess.run(['umount', disk], check=True)

    @staticmethod
    def name_of(pid):
        with open(f'/proc/{pid}/comm', encoding='utf-8') as f:
            return f.read().strip()

    def import_of_a_pipe(self, name):
        # Not popen_as(), whose standard input is /dev/null.
        argv = [self.croft_path, 'root', 'import', '-', name]
        p = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             start_new_session=True, **self._popen_args(self.user, self.env, None))
        self.addCleanup(self._end, p)
        return p

    def hold(self, whom):
        """An import that stands in the middle of its archive, and the number of croft or croft-import."""
        self.archive(SMALL + [make.file('last', bytes(1 << 20))])
        with open(self.tar, 'rb') as f:
            begin = f.read(512 * 1024)
        p = self.import_of_a_pipe('it')
        p.stdin.write(begin)
        p.stdin.flush()
        deadline = time.monotonic() + 20
        while not glob.glob(self.roots + '/.it.import-*/root/last') and time.monotonic() < deadline:
            time.sleep(0.005)
        self.assertEqual([name[:11] for name in self.listed()], ['.it.import-'])
        pid = p.pid
        while whom != self.name_of(pid):
            with open(f'/proc/{pid}/task/{pid}/children', encoding='ascii') as f:
                pid = int(f.read())
        return p, pid

    def held(self, sig, whom):
        p, pid = self.hold(whom)
        os.kill(pid, sig)
        status = p.wait(20)
        p.stdin.close()
        return status, p.stderr.read().decode()

    def test_what_unpacks_has_little(self):
        """No environment but TERM, no descriptor of the caller's, a filter of system calls, four capabilities."""
        p, pid = self.hold('croft-import')
        with open(f'/proc/{pid}/status', encoding='ascii') as f:
            status = dict(line.split(':\t', 1) for line in f.read().splitlines())
        self.assertEqual([status[name] for name in ('Seccomp', 'NoNewPrivs', 'CapBnd', 'CapEff')],
                         ['2', '1', '000000000000001b', '000000000000001b'])
        self.assertEqual(os.getsid(pid), pid, 'it has the session of croft, and so its terminal')
        with open(f'/proc/{pid}/environ', 'rb') as f:
            self.assertEqual([x.split(b'=')[0] for x in f.read().split(b'\0') if x], [b'TERM'] if 'TERM' in os.environ else [])
        links = [os.readlink(f'/proc/{pid}/fd/{fd}') for fd in os.listdir(f'/proc/{pid}/fd')]
        own = [link for link in links if '/.it.import-' in link or link in ('/', '/last')]
        self.assertEqual(sorted(set(links) - set(own))[0], '/dev/null')
        self.assertLessEqual(len(links) - len(own), 3, links)  # the archive, standard output and error
        p.stdin.close()
        self.assertEqual(p.wait(20), 125)

    def test_a_signal_leaves_nothing(self):
        for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            status, said = self.held(sig, 'croft')
            self.assertEqual((status, said), (-sig, ''))
            self.assertEqual(self.listed(), [])

    def test_the_unpacking_program_killed_is_a_sentence(self):
        status, said = self.held(signal.SIGKILL, 'croft-import')
        self.assertEqual(status, 125)
        self.assertRegex(said, r'^croft: \S+/croft-import was ended by signal 9\n$')
        self.assertEqual(self.listed(), [])

    def test_croft_killed_leaves_what_the_next_removes(self):
        for clean in ('import', 'rm'):
            status, _ = self.held(signal.SIGKILL, 'croft')
            self.assertEqual(status, -signal.SIGKILL)
            self.assertEqual(self.croft(self.user, 'root', 'list', env=self.env).out, '')
            self.assertEqual([name[:11] for name in self.listed()], ['.it.import-'])
            self.archive(SMALL, self.dir + '/small.tar')
            if clean == 'rm':
                self.assertRan(self.croft(self.user, 'root', 'rm', '--force', 'it', env=self.env))
            else:
                self.assertImported(self.dir + '/small.tar', 'it')
                self.assertEqual(self.listed(), ['it'])
                self.remove_roots()
            self.assertEqual(self.listed(), [])

    def test_an_import_that_goes_on_is_left_alone(self):
        self.archive(SMALL)
        with open(self.tar, 'rb') as f:
            whole = f.read()
        p = self.import_of_a_pipe('slow')
        p.stdin.write(whole[:600])
        p.stdin.flush()
        deadline = time.monotonic() + 20
        while not glob.glob(self.roots + '/.slow.import-*/root') and time.monotonic() < deadline:
            time.sleep(0.005)
        self.assertImported()
        self.assertRan(self.croft(self.user, 'root', 'rm', 'it', env=self.env))
        p.stdin.write(whole[600:])
        p.stdin.close()
        self.assertEqual(p.wait(20), 0)
        self.assertEqual(self.listed(), ['slow'])
