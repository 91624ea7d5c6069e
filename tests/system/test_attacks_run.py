"""How such tools were broken, tried on croft run: a test for each known attack, named by its row of the list.

Rows that have files of their own: E1, E2, E7 in test_hostile_root.py, I1 in test_terminal.py; C in test_idmap.py.
"""
import contextlib
import hashlib
import os
import pwd
import re
import shutil
import socket
import stat
import subprocess
import time

from croft_test import EXIT_CROFT, USER, USER2, mounts
from run_case import MAPS, RunTest, landlock_abi

SELF = ('--map', 'self')
OK = 'version 1\nallow everyone root /**\nallow everyone root host\nallow everyone network none\n'
MAGIC = r'^croft: .*it leads through too many links, or through a link of /proc$'


def digest(path):
    with open(path, 'rb') as f:
        return hashlib.sha256(f.read()).hexdigest()


class Attack(RunTest):
    def home(self):
        return pwd.getpwnam(USER).pw_dir

    def text(self, folder, name, text):
        return self.write(f'{folder}/{name}', text, USER)

    @contextlib.contextmanager
    def mounted(self, point, *args):
        """A mount of root's on the host while the block runs."""
        subprocess.run(['mount', *args, point], check=True)
        try:
            yield
        finally:
            subprocess.run(['umount', point], check=True)


class A(Attack):
    """What the caller passes in."""

    def test_a2_no_descriptor_but_0_1_2_goes_in_and_no_directory_comes_from_one(self):
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

    def test_a2_the_working_directory_of_the_command_is_inside(self):
        p = self.popen_as(USER, [self.croft_path, 'run', *SELF, 'host', '--', 'sh', '-c', 'echo ready; exec sleep 60'])
        self.assertEqual(p.stdout.readline(), b'ready\n')
        for pid in subprocess.run(['pgrep', '-u', USER, '-x', 'sleep'], capture_output=True, text=True, check=True).stdout.split():
            self.assertNotIn('unreachable', os.readlink(f'/proc/{pid}/cwd'))
        p.kill()

    def test_a3_a_directory_as_standard_descriptor_is_refused(self):
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

    def test_a11_the_umask_of_the_caller_changes_no_mode(self):
        seen = {}
        for state in ('name', 'umask0', 'umask777'):
            root = self.build_root('sh', 'stat')
            data = self.home_dir()
            self.text(data, 'f', 'x')
            r = self.run_as(USER, [self.probes + '/nasty', state, self.croft_path, 'run', *SELF, '-v', f'{data}:/new/a/b',
                                   '-v', f'{data}/f:/new/file', root, '--', '/bin/sh', '-c',
                                   'umask; >/made; stat -c "%a %n" /new /new/a /new/file /made /dev /dev/pts /dev/shm /tmp /run /etc/hosts'])
            self.assertRan(r)
            seen[state] = r.out
            self.assertEqual(stat.S_IMODE(os.stat(root + '/new/a').st_mode), 0o755)
            self.assertEqual(stat.S_IMODE(os.stat(root + '/made').st_mode), 0o644)
        self.assertEqual(seen['umask0'], seen['name'])
        self.assertEqual(seen['umask777'], seen['name'])
        self.assertIn('1777 /tmp\n', seen['name'])

    def test_a12_a_working_directory_that_is_gone_or_closed_does_not_matter(self):
        r = self.run_as(USER, [self.probes + '/nasty', 'cwdgone', self.croft_path, 'run', *SELF, 'host', '--', 'pwd'], timeout=10)
        self.assertRan(r)
        self.assertEqual(r.out, '/root\n')
        closed = self.make_dir('root', 0o700)  # entered with root's rights
        self.assertRan(self.croft(USER, 'run', *SELF, 'host', '--', 'true', cwd=closed, timeout=10))
        self.assertRefused(self.croft(USER, 'run', *SELF, './root', '--', 'true', cwd=closed, timeout=10), EXIT_CROFT,
                           r'^croft: root \./root: Permission denied$')

    def test_a20_values_of_options_are_never_read_again(self):
        marker = self.home_dir() + '/marker'
        for value in (f';touch {marker}', f'$(touch {marker})', f'`touch {marker}`', '--', '-x', '--read-only', '%s%n', f'|touch {marker}'):
            with self.subTest(value=value):
                self.assertEqual(self.sandbox(*SELF, '-e', 'A=' + value, 'host', '--', 'printenv', 'A'), value + '\n')
                self.assertEqual(self.sandbox(*SELF, 'host', '--', 'printf', '%s', value), value)
                for option in ('--hostname', '--name', '--user', '--volume', '--mount', '--tmpfs', '--conf', '--env-file', '--workdir',
                               '--map', '--network', '--cap-add', '--cap-drop', '--stop-timeout', '--preserve-fd', '--ephemeral-size'):
                    r = self.croft(USER, 'run', *SELF, option, value, 'host', '--', 'true')
                    self.assertRefused(r, EXIT_CROFT, r'\Acroft: .+\n(croft: hint: .+\n)?\Z')
                self.assertFalse(os.path.lexists(marker))
        r = self.croft(USER, 'run', *SELF, 'host', '--', '--read-only')
        self.assertRefused(r, 127, '^croft: run --read-only: not found in the sandbox$')


class B(Attack):
    """Races, what the payload inherits, programs that are overwritten."""

    LOOK = ('for i in range(30):\n'
            '  for pid in [p for p in os.listdir("/proc") if p.isdigit() and int(p) != os.getpid()]:\n'
            '    for name in ("root", "cwd", "mem", "environ", "exe", "fd", "maps", "ns/mnt", "ns/user"):\n'
            '      path = f"/proc/{pid}/{name}"\n'
            '      try:\n'
            '        if name == "fd": print("READ", path, os.listdir(path))\n'
            '        elif name in ("root", "cwd"): print("READ", path, os.listdir(path + "/"))\n'
            '        else: os.close(os.open(path, os.O_RDWR if name in ("mem", "exe") else os.O_RDONLY)); print("READ", path)\n'
            '      except OSError: pass\n')

    def test_b3_init_cannot_be_looked_into_from_the_first_moment(self):
        for options in ((), SELF, ('--cap-add', 'ALL'), ('-t', *SELF)):
            for _ in range(3):
                out = self.python('import os\n' + self.LOOK + 'print("end")', *options)
                self.assertEqual(out.strip(), 'end', options)

    def test_b3_the_probe_sees_a_process_that_is_no_init(self):
        """The positive control."""
        out = self.python('import os, subprocess\np = subprocess.Popen(["sleep", "5"])\n' + self.LOOK + 'p.kill()', *SELF)
        for name in ('root', 'cwd', 'mem', 'environ', 'fd'):
            self.assertRegex(out, rf'READ /proc/\d+/{name}\b')

    def test_b7_no_capability_is_inheritable_or_ambient(self):
        for options in ((), *(('--map', m) for m in MAPS), ('--no-init',), ('--cap-add', 'SYS_ADMIN'), ('--cap-drop', 'ALL')):
            with self.subTest(options=options):
                status = self.status_inside(*options)
                self.assertEqual((status['CapInh'], status['CapAmb']), ('0' * 16, '0' * 16))
                self.assertEqual(status['CapPrm'], status['CapBnd'])
                self.assertEqual(status['NoNewPrivs'], '1')

    def test_b18_the_launcher_cannot_be_overwritten_from_inside(self):
        mine = self.home_dir() + '/croft'
        shutil.copy(self.croft_path, mine)
        self.give(mine, USER)
        before = digest(mine), digest(self.croft_path), digest(self.idmap_path)
        script = ('import os\n'
                  'for i in range(200):\n'
                  '  for pid in [p for p in os.listdir("/proc") if p.isdigit()]:\n'
                  '    try:\n'
                  '      fd = os.open(f"/proc/{pid}/exe", os.O_PATH)\n'
                  '      w = os.open(f"/proc/self/fd/{fd}", os.O_RDWR | os.O_TRUNC); os.write(w, b"owned"); print("WROTE", pid)\n'
                  '    except OSError: pass\n'
                  '    finally:\n'
                  '      try: os.close(fd)\n'
                  '      except (OSError, NameError): pass\n')
        for options in (SELF, (), ('--no-init',), ('--cap-add', 'ALL'), ('-u', '1')):
            r = self.run_as(USER, [mine, 'run', *options, 'host', '--', 'python3', '-IS', '-c', script])
            self.assertRan(r)
            self.assertEqual(r.out, '', options)
        self.assertEqual((digest(mine), digest(self.croft_path), digest(self.idmap_path)), before)


class D2(Attack):
    """Check by name, use by name: the source is swapped between an allowed and a denied directory all the time."""

    SECONDS = 8

    SWAP = ('import ctypes, sys\n'
            'libc = ctypes.CDLL(None, use_errno=True)\n'
            'a, b = sys.argv[1].encode(), sys.argv[2].encode()\n'
            'while True:\n'
            '    for _ in range(1000):\n'
            '        if libc.renameat2(-100, a, -100, b, 2): sys.exit(1)\n')

    def race(self):
        base = self.home_dir()
        for name in ('allowed', 'denied'):
            os.makedirs(f'{base}/{name}/sub')
            for folder in (name, name + '/sub'):
                self.text(f'{base}/{folder}', 'name', name + '\n')
                self.give(f'{base}/{folder}', USER)
            os.symlink(name, f'{base}/to-{name}')
        swapper = self.popen_as(USER, ['python3', '-c', self.SWAP, base + '/to-allowed', base + '/to-denied'])
        return base, swapper

    def test_d2_a_swapped_source_never_shows_the_denied_one(self):
        base, swapper = self.race()
        policy = OK + f'allow everyone volume {base}/** ro\ndeny everyone volume {base}/denied/**\n'
        seen = {'allowed': 0, 'denied by policy': 0, 'caught between': 0}
        deadline = time.monotonic() + self.SECONDS
        sources = ('to-allowed', 'to-allowed/sub', 'to-allowed/name', 'to-allowed/../to-allowed/sub')
        tries = 0
        with self.policy(policy):
            while time.monotonic() < deadline:
                source = sources[tries % len(sources)]
                tries += 1
                show = '/mnt' if source.endswith('name') else '/mnt/name'
                r = self.croft(USER, 'run', *SELF, '-v', f'{base}/{source}:/mnt:ro', 'host', '--', 'cat', show)
                if r.status == 0:
                    self.assertEqual(r.out, 'allowed\n', f'after {tries} tries')
                    seen['allowed'] += 1
                else:
                    self.assertRefused(r, EXIT_CROFT, r'\Acroft: ')
                    between = 'became something else while the sandbox was started' in r.err
                    self.assertTrue(between or 'denied' in r.err, r)
                    seen['caught between' if between else 'denied by policy'] += 1
        self.assertIsNone(swapper.poll(), 'the swapper has ended')
        print(f'      D2: {tries} starts: {seen}', flush=True)
        self.assertGreater(min(seen.values()), 0, seen)

    def test_d2_a_naive_check_is_fooled(self):
        """The positive control: look at where the name leads, then open the name."""
        base, swapper = self.race()
        fooled = tries = 0
        while tries < 200000 and not fooled:
            tries += 1
            if os.path.realpath(base + '/to-allowed').endswith('/allowed'):
                with open(base + '/to-allowed/name', encoding='ascii') as f:
                    fooled += f.read() == 'denied\n'
        swapper.kill()
        self.assertTrue(fooled, f'not in {tries} tries')


class D(Attack):
    """Sources of volumes."""

    def test_d3_links_of_proc_are_no_sources(self):
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

    def test_d5_what_cannot_be_reached_is_not_told_apart(self):
        secret = self.make_dir('root', 0o700)
        self.write(secret + '/there', '')
        said = {name: self.refused('Permission denied', *SELF, '-v', f'{secret}/{name}:/mnt:ro', 'host', '--', 'true').err
                for name in ('there', 'missing')}
        self.assertEqual(said['there'].replace('there', 'X'), said['missing'].replace('missing', 'X'))

    def test_d7_what_is_hidden_below_a_mount_stays_hidden(self):
        data = self.home_dir()
        os.mkdir(data + '/covered')
        self.write(data + '/covered/secret', 'hidden\n')
        with self.mounted(data + '/covered', '-t', 'tmpfs', 'croft-test'):
            self.write(data + '/covered/new', 'shown\n')
            r = self.croft(USER, 'run', *SELF, '-v', data + ':/mnt:ro', 'host', '--', 'true')
            refused = r.status != 0
            with self.policy(OK + f'allow everyone volume {data}/** rw submounts\n'):
                for options in (SELF, ('--cap-add', 'ALL', *SELF)):
                    out = self.shell('ls -A /mnt/covered; umount /mnt/covered 2>/dev/null; umount -l /mnt/covered 2>/dev/null; '
                                     'ls -A /mnt/covered; cat /mnt/covered/secret 2>/dev/null; true',
                                     *options, '-v', data + ':/mnt')
                    self.assertEqual(out, 'new\nnew\n')
        if refused:
            self.assertRefused(r, EXIT_CROFT, r'^croft: volume .*denied for .*mount')

    def test_d8_what_is_mounted_below_has_the_flags_of_the_volume(self):
        data = self.home_dir()
        os.mkdir(data + '/sub')
        with self.mounted(data + '/sub', '-t', 'tmpfs', 'croft-test'):
            os.chmod(data + '/sub', 0o777)
            shutil.copy('/usr/bin/id', data + '/sub/id')
            os.chmod(data + '/sub/id', 0o4755)
            with self.policy(OK + f'allow everyone volume {data}/** rw submounts\n'):
                out = self.shell('echo x >/mnt/sub/f; /mnt/sub/id -u; cat /proc/self/mountinfo; exit 0', *SELF, '-v',
                                 data + ':/mnt:ro,noexec', stderr=subprocess.STDOUT)
                self.assertIn('/mnt/sub/f: Read-only file system', out)
                self.assertIn('/mnt/sub/id: Permission denied', out)
                self.assertRegex(out, r' /mnt/sub ro,nosuid,nodev,noexec')
                out = self.shell('echo x >/mnt/sub/f; cat /proc/self/mountinfo', *SELF, '-v', data + ':/mnt')
                self.assertRegex(out, r' /mnt/sub rw,nosuid,nodev')
            self.assertEqual(sorted(os.listdir(data + '/sub')), ['f', 'id'])

    def test_d10_a_socket_answers_through_a_read_only_volume_and_is_no_volume_itself(self):
        """Documented in croft(1): a read-only mount keeps nobody from talking to a socket in it."""
        data = self.home_dir()
        server = socket.socket(socket.AF_UNIX)
        self.addCleanup(server.close)
        server.bind(data + '/s')
        os.chmod(data + '/s', 0o666)
        server.listen()
        out = self.python('import socket\ns = socket.socket(socket.AF_UNIX); s.connect("/mnt/s"); print("connected")', *SELF,
                          '-v', data + ':/mnt:ro')
        self.assertEqual(out, 'connected\n')
        self.refused(r'^croft: volume .*/s:/mnt: denied for \w+: .*no socket or FIFO\n', *SELF, '-v', f'{data}/s:/mnt:ro', 'host', '--', 'true')
        os.mkfifo(data + '/p')
        self.refused(r'^croft: volume .*/p:/mnt: denied for \w+: .*no socket or FIFO\n', *SELF, '-v', f'{data}/p:/mnt:ro', 'host', '--', 'true',
                     timeout=10)
        with self.policy(OK + f'allow everyone volume {data}/s ro sockets\n'):
            self.assertRan(self.croft(USER, 'run', *SELF, '-v', f'{data}/s:/tmp/s:ro', 'host', '--', 'test', '-S', '/tmp/s'))
        self.refused(r'denied for', *SELF, '-v', '/run:/mnt:ro', 'host', '--', 'true')
        with open(os.path.dirname(os.path.abspath(__file__)) + '/../../man/croft.1', encoding='utf-8') as f:
            self.assertIn('Read-only does not stop anybody from talking to a socket or a FIFO in a volume', f.read())

    def test_d13_odd_names_are_just_names(self):
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

    def test_d13_a_path_as_long_as_the_kernel_takes(self):
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


class E(Attack):
    """Destinations and generated files; E1, E2 and E7 are in test_hostile_root.py."""

    def test_e3_devices_come_from_the_host_and_are_what_they_are_called(self):
        with open('/proc/sys/kernel/core_pattern', encoding='utf-8') as f:
            before = f.read()
        root = self.build_root('sh', 'stat', 'cat')
        shutil.rmtree(root + '/dev')
        os.mkdir(root + '/dev')
        for name in ('null', 'zero', 'console', 'ptmx', 'tty', 'random'):
            os.symlink('/proc/sys/kernel/core_pattern', f'{root}/dev/{name}')
        os.mkdir(root + '/dev/pts')
        os.symlink('/proc/sys/kernel/core_pattern', root + '/dev/pts/0')
        for options in (('-t', *SELF), ('-t',), ('-t', '--ephemeral')):
            r = self.croft(USER, 'run', *options, root, '--', '/bin/sh', '-c',
                           'stat -c "%F %t:%T %n" /dev/null /dev/zero /dev/tty /dev/console; '
                           'echo owned >/dev/console; echo owned >/proc/sys/kernel/core_pattern')
            self.assertIn(r.status, (1, 2), r)
            out = r.out
            for device in ('1:3 /dev/null', '1:5 /dev/zero', '5:0 /dev/tty'):
                self.assertIn('character special file ' + device, out)
            self.assertRegex(out, r'character special file 88:0 /dev/console')
            with open('/proc/sys/kernel/core_pattern', encoding='utf-8') as f:
                self.assertEqual(f.read(), before)

    def test_e5_files_of_ones_own_over_etc_make_nobody_root(self):
        fake = self.home_dir()
        self.text(fake, 'passwd', 'root::0:0::/:/bin/sh\nme::1000:1000::/:/bin/sh\n')
        self.text(fake, 'shadow', 'root::1::::::\nme::1::::::\n')
        r = self.croft(USER, 'run', '-u', '1000', '-v', fake + '/passwd:/etc/passwd:ro', '-v', fake + '/shadow:/etc/shadow:ro', 'host', '--',
                       'bash', '-c', 'su root -c "id -u" </dev/null; unshare -r true; grep -E "^(NoNewPrivs|CapEff)" /proc/self/status')
        self.assertNotRegex(r.out, r'^0$')
        self.assertIn('NoNewPrivs:\t1', r.out)
        self.assertIn('CapEff:\t0000000000000000', r.out)

    def test_e6_the_hosts_resolv_conf_is_not_written_through_a_link(self):
        before = digest('/etc/resolv.conf'), os.stat('/etc/resolv.conf').st_mtime_ns
        root = self.build_root('sh', 'cat')
        for name in ('resolv.conf', 'hosts', 'hostname'):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(f'{root}/etc/{name}')
            os.symlink('../../../../../../../../../etc/' + name, f'{root}/etc/{name}')
        r = self.croft(USER, 'run', *SELF, root, '--', '/bin/sh', '-c', 'echo owned >/etc/resolv.conf')
        self.assertIn(r.status, (1, 2, EXIT_CROFT))
        self.assertEqual((digest('/etc/resolv.conf'), os.stat('/etc/resolv.conf').st_mtime_ns), before)

    def test_e8_a_tmpfs_over_the_system_is_in_this_sandbox_only(self):
        before = os.listdir('/etc')
        root = self.build_root('sh', 'ls')
        self.assertEqual(self.sandbox(*SELF, '--tmpfs', '/etc', root, '--', '/bin/sh', '-c', 'echo /etc/*'), '/etc/*\n')
        self.assertEqual(os.listdir('/etc'), before)

    def test_e9_tmp_is_sticky(self):
        for mode in ('', '--read-only', '--ephemeral'):
            out = self.shell('stat -c "%a %F" /tmp /dev/shm', *SELF, *([mode] if mode else []))
            self.assertEqual(out, '1777 directory\n1777 directory\n')


class F(Attack):
    """Mount flags, locks, propagation, cgroups."""

    def test_f1_flags_are_set_before_a_mount_is_attached(self):
        data = self.home_dir()
        trace = data + '/trace'
        r = self.run_as('root', ['strace', '-u', USER, '-f', '-o', trace, '-e', 'trace=mount,mount_setattr,move_mount,open_tree,fsmount,execve',
                                 self.croft_path, 'run', *SELF, '-v', data + ':/mnt:ro', '-v', data + ':/srv', 'host', '--', 'true'])
        self.assertRan(r)
        with open(trace, encoding='utf-8', errors='replace') as f:
            lines = f.read().splitlines()
        self.assertFalse([line for line in lines if 'MS_REMOUNT' in line or 'MS_BIND' in line])
        ready = set()
        moved = 0
        for line in lines:
            made = re.search(r'fsmount\(.*MOUNT_ATTR_NOSUID\|MOUNT_ATTR_NODEV\|MOUNT_ATTR_NOEXEC\) = (\d+)', line)
            if made:
                ready.add(made.group(1))
            call = re.search(r'(mount_setattr|move_mount)\((\d+), "', line)
            if call and call.group(1) == 'mount_setattr':
                self.assertIn('AT_RECURSIVE', line)
                ready.add(call.group(2))
            elif call:
                self.assertIn(call.group(2), ready, line)
                moved += 1
        self.assertGreater(moved, 10)

    def test_f2_mounts_cannot_be_changed_from_inside(self):
        data = self.home_dir()
        script = ('mount -o remount,bind,rw /mnt; umount /mnt; umount -l /mnt; mount --move /mnt /srv; mount -o remount,rw /usr; '
                  'umount -l /etc/hosts; echo x >/mnt/f; echo x >/usr/f; exit 0')
        for options in (SELF, (), ('--cap-add', 'SYS_ADMIN', *SELF), ('--cap-add', 'ALL')):
            with self.subTest(options=options):
                r = self.croft(USER, 'run', *options, '-v', data + ':/mnt:ro', 'host', '--', 'bash', '-c', script)
                self.assertEqual(os.listdir(data), [])
                self.assertIn('/mnt/f: Read-only file system', r.err)
                self.assertIn('/usr/f: Read-only file system', r.err)

    def test_f3_mounts_do_not_travel_in_either_direction(self):
        data = self.home_dir()
        os.mkdir(data + '/later')
        os.mkdir(data + '/inside')
        before = mounts()
        p = self.popen_as(USER, [self.croft_path, 'run', '--cap-add', 'SYS_ADMIN', *SELF, '-v', data + ':/mnt', 'host', '--', 'bash', '-c',
                                 'mount -t tmpfs t /mnt/inside || exit 3; >/mnt/inside/f; echo ready; read x; ls -A /mnt/later; '
                                 'grep -c /mnt/later /proc/self/mountinfo'], stdin=subprocess.PIPE)
        self.assertEqual(p.stdout.readline(), b'ready\n')
        self.assertEqual(mounts(), before)
        self.assertEqual(os.listdir(data + '/inside'), [])
        with self.mounted(data + '/later', '-t', 'tmpfs', 'croft-test'):
            self.write(data + '/later/f', 'x')
            out, err = p.communicate(b'go\n', timeout=20)
            self.assertEqual(out, b'0\n', err)

    def test_f4_no_cgroup_can_be_joined_or_mounted(self):
        script = ('find /sys/fs/cgroup -name cgroup.procs -writable 2>/dev/null; find /sys/fs/cgroup -name release_agent 2>/dev/null; '
                  'mount -t cgroup2 c /tmp 2>/dev/null && echo mounted; mount -t cgroup -o memory c /tmp 2>/dev/null && echo mounted; '
                  'for f in $(find /sys/fs/cgroup -name cgroup.procs 2>/dev/null | head -n 20); do echo $$ 2>/dev/null >$f && echo joined $f; done; '
                  'true')
        for options in ((), SELF, ('--network', 'host'), ('--cap-add', 'SYS_ADMIN', '--network', 'host'), ('--cap-add', 'ALL')):
            with self.subTest(options=options):
                out = self.shell(f'exec 2>/dev/null; {script}', *options)
                self.assertEqual([line for line in out.splitlines() if 'release_agent' not in line], [])

    def test_f5_a_tmpfs_ends_at_its_limit(self):
        out = self.shell('head -c 2000000 /dev/zero >/mnt/f; stat -c %s /mnt/f; for i in $(seq 3000); do >/mnt/n$i || break; done; '
                         'ls /mnt | wc -l; exit 0', *SELF, '--tmpfs', '/mnt:size=1M', stderr=subprocess.STDOUT)
        self.assertIn('No space left on device', out)
        self.assertIn('\n1048576\n', '\n' + out)
        self.assertLess(int(out.split()[-1]), 2000)
        for place in ('/tmp', '/run', '/dev/shm', '/dev', '/'):
            out = self.shell(f'stat -f -c "%b %S %c" {place}', *SELF)
            blocks, size, inodes = map(int, out.split())
            self.assertLess(blocks * size, 4 << 30, place)
            self.assertTrue(0 < blocks and 0 < inodes <= 1 << 20, place)


class H(Attack):
    """Other users."""

    def test_h1_roots_with_a_name_are_closed_to_other_users(self):
        self.assertRan(self.croft(USER, 'root', 'build', 'attacked', 'sh'))
        self.addCleanup(shutil.rmtree, self.home() + '/.local')
        roots = self.home() + '/.local/share/croft/roots'
        self.assertEqual(stat.S_IMODE(os.stat(roots).st_mode), 0o700)
        for path in (roots, roots + '/attacked', roots + '/attacked/bin/sh'):
            self.assertRefused(self.run_as(USER2, ['ls', '-L', path]), 2, 'Permission denied')
        r = self.croft(USER2, 'run', *SELF, roots + '/attacked', '--', '/bin/sh', '-c', ':')
        self.assertRefused(r, EXIT_CROFT, r'^croft: root .*: Permission denied')

    def test_h2_nothing_but_the_map_helper_is_privileged(self):
        found = []
        for folder, _dirs, files in os.walk(self.prefix):
            if 'folders' in folder:
                continue
            for name in files:
                path = f'{folder}/{name}'
                caps = 'security.capability' in os.listxattr(path, follow_symlinks=False)
                if caps or os.lstat(path).st_mode & (stat.S_ISUID | stat.S_ISGID) and stat.S_ISREG(os.lstat(path).st_mode):
                    found.append(path)
        self.assertEqual(found, [self.idmap_path])

    def test_h3_nobodys_lock_holds_anybody_up(self):
        with self.policy(OK + 'allow everyone ids subordinate\nallow everyone ids setgroups\n') as policy:
            files = [self.croft_path, policy, '/etc/passwd', '/etc/group', '/etc/subuid', '/etc/subgid', '/etc/resolv.conf', '/etc', '/dev/null']
            holder = self.popen_as(USER2, ['python3', '-c', 'import fcntl, sys, time\n'
                                           'held = [open(p, "rb") if not p == "/etc" else __import__("os").open(p, 0) for p in sys.argv[1:]]\n'
                                           'for f in held: fcntl.flock(f, fcntl.LOCK_EX)\n'
                                           'print("ready", flush=True); time.sleep(60)', *files])
            self.assertEqual(holder.stdout.readline(), b'ready\n')
            begin = time.monotonic()
            self.assertRan(self.croft(USER, 'run', 'host', '--', 'true', timeout=15))
            self.assertLess(time.monotonic() - begin, 5)
            holder.kill()

    def test_d12_nothing_is_taken_from_shared_folders(self):
        """Whatever croft opens outside lies in no folder that others may write."""
        trace = self.home_dir() + '/trace'
        r = self.run_as('root', ['strace', '-u', USER, '-f', '-o', trace, '-e', 'trace=%file', self.croft_path, 'run', *SELF, 'host', '--',
                                 '/bin/true'])
        self.assertRan(r)
        with open(trace, encoding='utf-8', errors='replace') as f:
            before_pivot = f.read().partition('pivot_root(')[0]
        # names below the new root are no names of the host, and what a link says is opened by nobody
        host = '\n'.join(line for line in before_pivot.splitlines() if 'RESOLVE_IN_ROOT' not in line and 'readlink(' not in line)
        self.assertIn('/etc/resolv.conf', host)
        self.assertNotRegex(host, r'"/(tmp|var/tmp|run|dev/shm)\b')


class I(Attack):
    """The kernel's surface; I1 is in test_terminal.py."""

    def test_i3_no_user_namespace_gives_capabilities_back(self):
        for options in ((), SELF, ('--cap-add', 'SYS_ADMIN'), ('--cap-add', 'ALL', '--no-init'), ('-u', '1000')):
            with self.subTest(options=options):
                r = self.croft(USER, 'run', *options, 'host', '--', 'unshare', '-Ur', 'true')
                self.assertRefused(r, 1, r'unshare: unshare failed: (No space left on device|Operation not permitted)')

    def handed_in(self, *options):
        """What a sandbox reads below a directory that was handed to it over a socket of a volume."""
        data, secret = self.home_dir(), self.home_dir()
        self.text(secret, 'name', 'outside\n')
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(data + '/s')
            os.chmod(data + '/s', 0o666)
            server.listen()
            p = self.popen_as(USER, [self.croft_path, 'run', *SELF, *options, '-v', data + ':/mnt', 'host', '--', 'python3', '-IS', '-c',
                                     'import os, socket\ns = socket.socket(socket.AF_UNIX); s.connect("/mnt/s")\n'
                                     '_, fds, _, _ = socket.recv_fds(s, 1, 1)\ntry:\n'
                                     '    print(open(os.open("name", os.O_RDONLY, dir_fd=fds[0])).read(), end="")\n'
                                     'except PermissionError:\n    print("denied")'])
            server.settimeout(20)
            peer, _ = server.accept()
            with peer:
                fd = os.open(secret, os.O_RDONLY | os.O_DIRECTORY)
                socket.send_fds(peer, [b'x'], [fd])
                os.close(fd)
                return p.communicate(timeout=20)[0]

    def test_i4_whoever_works_together_outside_can_hand_a_directory_in(self):
        """Without Landlock no sandbox of the same user can close this; with it nothing below the directory is opened."""
        self.assertEqual(self.handed_in('--landlock', 'off'), b'outside\n')
        self.assertEqual(self.handed_in(), b'denied\n' if landlock_abi() >= 2 else b'outside\n')
