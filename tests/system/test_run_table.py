"""What a sandbox sees: every row of the table, from inside and from outside."""
import contextlib
import itertools
import os
import pwd
import re
import socket
import stat
import subprocess

from croft_test import EXIT_NOT_EXEC, EXIT_NOT_FOUND, USER, sub_ranges
from run_case import HOST_MIRROR, KERNEL_MOUNTS, RunTest


class Proc(RunTest):
    PIDS = 'for p in /proc/[0-9]*; do read -r c <$p/comm && echo "${p#/proc/} $c"; done'

    def test_only_the_sandbox_is_seen(self):
        outside = self.popen_as(USER, ['sleep', '61'])
        self.assertTrue(os.path.exists(f'/proc/{outside.pid}'))
        seen = self.shell(self.PIDS).splitlines()
        self.assertEqual(seen[0], '1 croft-init')
        self.assertEqual([line.split()[1] for line in seen], ['croft-init', 'bash'])
        self.assertNotIn('sleep', self.shell('cat /proc/[0-9]*/comm'))

    def test_without_init_the_command_is_pid_1(self):
        self.assertEqual(self.shell('echo $$', '--no-init'), '1\n')
        self.assertEqual(self.shell(self.PIDS, '--no-init'), '1 bash\n')
        self.assertNotEqual(self.shell('echo $$', '--no-init', '--init'), '1\n')

    def test_init_reaps_what_nobody_waits_for(self):
        script = ('import os, time\n'
                  'if os.fork() == 0:\n'
                  '    os._exit(0 if os.fork() else 0 if time.sleep(0.1) else 0)\n'
                  'os.wait()\n'
                  'time.sleep(0.4)\n'
                  'pids = [p for p in os.listdir("/proc") if p.isdigit()]\n'
                  'print(sum("State:\\tZ" in open(f"/proc/{p}/status").read() for p in pids))')
        self.assertEqual(self.python(script, '--no-init'), '1\n', 'the test makes no orphan')
        self.assertEqual(self.python(script), '0\n')

    def test_it_is_a_new_procfs_without_set_user_id_or_devices(self):
        mount = self.mounts_inside()['/proc']
        self.assertEqual((mount.type, mount.root), ('proc', '/'))
        self.assertLessEqual({'nosuid', 'nodev', 'noexec', 'rw'}, mount.flags)
        self.assertEqual(mount.tags, [], 'the mount would be seen outside')

    def test_the_kernel_of_the_host_cannot_be_changed_through_it(self):
        before = open('/proc/sys/kernel/core_pattern', encoding='utf-8').read()
        for name in ('kernel/core_pattern', 'vm/overcommit_memory'):
            r = self.croft(USER, 'run', 'host', '--', 'sh', '-c', f'echo 1 >/proc/sys/{name}')
            self.assertNotEqual(r.status, 0, r)
            self.assertRegex(r.err, 'Permission denied|Read-only')
        self.assertEqual(open('/proc/sys/kernel/core_pattern', encoding='utf-8').read(), before)


class Sys(RunTest):
    def test_a_network_of_its_own_has_its_own_sysfs(self):
        mount = self.mounts_inside()['/sys']
        self.assertEqual((mount.type, mount.root), ('sysfs', '/'))
        self.assertLessEqual({'nosuid', 'nodev', 'noexec'}, mount.flags)
        self.assertEqual(self.shell('ls /sys/class/net'), 'lo\n')

    def test_with_the_host_s_network_the_host_s_sysfs_is_read_only(self):
        mounts = self.mounts_inside('--network', 'host')
        self.assertEqual(mounts['/sys'].type, 'sysfs')
        for point, mount in mounts.items():
            if point == '/sys' or point.startswith('/sys/'):
                self.assertLessEqual({'ro', 'nosuid', 'nodev', 'noexec'}, mount.flags, mount)
        self.assertEqual(sorted(self.shell('ls /sys/class/net', '--network', 'host').split()),
                         sorted(os.listdir('/sys/class/net')))

    def test_loopback_works_inside_and_does_not_reach_the_host(self):
        connect = 'import socket; socket.create_connection(("127.0.0.1", %d), 5)'
        self.python('import socket; s = socket.create_server(("127.0.0.1", 0)); '
                    'socket.create_connection(s.getsockname(), 5)')
        with socket.create_server(('127.0.0.1', 0)) as server:
            script = connect % server.getsockname()[1]
            self.python(script, '--network', 'host')
            r = self.croft(USER, 'run', 'host', '--', 'python3', '-IS', '-c', script)
            self.assertRefused(r, 1, 'ConnectionRefusedError')

    def test_abstract_sockets_of_the_host_are_out_of_reach(self):
        name = '\0croft-test-%d' % os.getpid()
        script = f'import socket; socket.socket(socket.AF_UNIX).connect({name!r})'
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(name)
            server.listen()
            self.python(script, '--network', 'host')
            r = self.croft(USER, 'run', 'host', '--', 'python3', '-IS', '-c', script)
            self.assertRefused(r, 1, 'ConnectionRefusedError')


class Tmpfs(RunTest):
    OWN = {'/tmp': (0o1777, 1 << 30), '/run': (0o755, 64 << 20), '/dev/shm': (0o1777, 256 << 20)}

    def test_they_have_mode_size_and_flags(self):
        mounts = self.mounts_inside()
        script = ('import os\nfor p in %r:\n s, v = os.stat(p), os.statvfs(p)\n'
                  ' print(p, oct(s.st_mode & 0o7777), v.f_blocks * v.f_frsize, v.f_files, s.st_uid, len(os.listdir(p)))')
        for line in self.python(script % list(self.OWN)).splitlines():
            point, mode, size, inodes, owner, entries = line.split()
            with self.subTest(point):
                self.assertEqual((int(mode, 8), int(size)), self.OWN[point])
                self.assertEqual((int(owner), int(entries)), (0, 0))
                self.assertGreater(int(inodes), 1000)
                self.assertLess(int(inodes), 1 << 20)
                self.assertEqual((mounts[point].type, mounts[point].tags), ('tmpfs', []))
                self.assertLessEqual({'nosuid', 'nodev', 'rw'}, mounts[point].flags)

    def test_a_full_one_says_so(self):
        script = 'head -c %d /dev/zero >/run/f && echo fits'
        self.assertEqual(self.shell(script % (60 << 20)), 'fits\n')
        r = self.croft(USER, 'run', 'host', '--', 'sh', '-c', script % (65 << 20))
        self.assertRefused(r, 1, 'No space left on device')

    def test_nothing_goes_through_to_the_host(self):
        mark = f'/tmp/croft-test-{os.getpid()}'
        self.addCleanup(os.unlink, self.write(mark, 'outside'))
        for folder in self.OWN:
            self.shell(f'touch {folder}/croft-inside && [ ! -e {mark} ]')
            self.assertFalse(os.path.exists(folder + '/croft-inside'))

    def test_own_ones_have_what_was_asked_for(self):
        mounts = self.mounts_inside('--tmpfs', '/mnt/a', '--tmpfs', '/mnt/b:size=1M,mode=700,ro,noexec',
                                    '--mount', 'type=tmpfs,dst=/mnt/c,tmpfs-size=2M,tmpfs-mode=0750')
        for point, size, mode in (('/mnt/a', 256, None), ('/mnt/b', 1, '700'), ('/mnt/c', 2, '750')):
            self.assertIn(f'size={size * 1024}k', mounts[point].options)
            if mode:
                self.assertIn('mode=' + mode, mounts[point].options)
            self.assertLessEqual({'nosuid', 'nodev'}, mounts[point].flags)
        self.assertLessEqual({'ro', 'noexec'}, mounts['/mnt/b'].flags)
        self.assertTrue({'ro', 'noexec'}.isdisjoint(mounts['/mnt/a'].flags))
        self.assertEqual(self.shell('stat -c %a /mnt/a', '--tmpfs', '/mnt/a'), '1777\n')
        self.assertIn('size=4096k', self.mounts_inside('--tmpfs', '/tmp:size=4M')['/tmp'].options)
        self.assertIn('size=3072k', self.mounts_inside('--ephemeral-size', '3M')['/'].options)


class Dev(RunTest):
    NODES = {'null': (1, 3), 'zero': (1, 5), 'full': (1, 7), 'random': (1, 8), 'urandom': (1, 9), 'tty': (5, 0)}
    LINKS = {'fd': '/proc/self/fd', 'stdin': '/proc/self/fd/0', 'stdout': '/proc/self/fd/1',
             'stderr': '/proc/self/fd/2', 'ptmx': 'pts/ptmx'}
    FOLDERS = {'pts', 'shm', 'mqueue'}

    def test_it_holds_this_and_nothing_else(self):
        script = ('import os, stat\nfor n in os.listdir("/dev"):\n s = os.lstat("/dev/" + n)\n'
                  ' what = os.readlink("/dev/" + n) if stat.S_ISLNK(s.st_mode) else "dir" if stat.S_ISDIR(s.st_mode)'
                  ' else f"{os.major(s.st_rdev)}:{os.minor(s.st_rdev)} {stat.filemode(s.st_mode)}"\n print(n, what)')
        expected = {f'{n} {a}:{b} crw-rw-rw-' for n, (a, b) in self.NODES.items()}
        expected |= {f'{n} {target}' for n, target in self.LINKS.items()} | {n + ' dir' for n in self.FOLDERS}
        self.assertEqual(set(self.python(script).splitlines()), expected)
        mounts = self.mounts_inside()
        self.assertLessEqual({'nosuid', 'nodev', 'noexec'}, mounts['/dev'].flags)
        for name in self.NODES:
            self.assertLessEqual({'nosuid', 'noexec'}, mounts['/dev/' + name].flags)

    def test_every_node_works(self):
        self.shell('set -e; [ -z "$(cat /dev/null)" ]; echo x >/dev/null; '
                   '[ "$(head -c 4 /dev/zero | od -An -tx1)" = " 00 00 00 00" ]; '
                   'for f in random urandom; do [ "$(head -c 16 /dev/$f | wc -c)" = 16 ]; done; '
                   '[ "$(head -c 16 /dev/urandom | od -An -tx1)" != "$(head -c 16 /dev/urandom | od -An -tx1)" ]; '
                   'if (echo x >/dev/full); then exit 1; fi')
        r = self.croft(USER, 'run', 'host', '--', 'bash', '-c', 'echo x >/dev/full')
        self.assertRefused(r, 1, 'No space left on device')
        r = self.croft(USER, 'run', 'host', '--', 'sh', '-c', ': </dev/tty')
        self.assertRefused(r, 2, 'No such device or address')

    def test_links_lead_to_the_command_s_own_descriptors(self):
        # Pipes of the user's own: what these links lead to is opened anew, with his rights.
        inside = 'cat /dev/stdin; echo o >/dev/stdout; echo e >/dev/stderr; cat /dev/fd/0'
        r = self.run_as(USER, ['bash', '-c', 'echo in | "$0" run host -- sh -c "$1" 2> >(cat >&2) | cat',
                               self.croft_path, inside])
        self.assertRan(r)
        self.assertEqual((r.out, r.err), ('in\no\n', 'e\n'))

    def test_no_other_device_can_be_made(self):
        for options in ((), ('--cap-add', 'ALL')):
            r = self.croft(USER, 'run', *options, 'host', '--', 'mknod', '/tmp/disk', 'b', '8', '0')
            self.assertRefused(r, 1, 'Operation not permitted')

    def test_the_host_s_nodes_stay_as_they_are(self):
        before = {n: os.lstat('/dev/' + n) for n in self.NODES}
        self.croft(USER, 'run', '--cap-add', 'ALL', 'host', '--', 'sh', '-c',
                   'chmod 0 /dev/null; chown 1 /dev/zero; rm -f /dev/full; rm -f /dev/ptmx')
        for name, st in before.items():
            now = os.lstat('/dev/' + name)
            self.assertEqual((now.st_mode, now.st_uid, now.st_rdev), (st.st_mode, st.st_uid, st.st_rdev), name)

    def kernel_lines(self, argv, user=USER):
        """What the kernel writes into its log meanwhile."""
        fd = os.open('/dev/kmsg', os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, fd)
        os.lseek(fd, 0, os.SEEK_END)
        self.assertRan(self.run_as(user, argv))
        lines = []
        with contextlib.suppress(BlockingIOError):
            while True:
                lines.append(os.read(fd, 8192).decode(errors='replace'))
        return [line for line in lines if 'Invalid gid' in line]

    def test_nothing_is_written_into_the_kernel_s_log(self):
        tried = 'mount -t devpts -o newinstance,gid=5 devpts /mnt || true'
        self.assertEqual(len(self.kernel_lines(['sh', '-c', 'echo croft test: Invalid gid >/dev/kmsg'], 'root')), 1)
        self.assertIn(len(self.kernel_lines(['unshare', '-r', '-m', 'sh', '-c', tried])), (0, 1))  # Linux 6.1 says nothing
        self.assertEqual(self.kernel_lines([self.croft_path, 'run', '--map', 'self', 'host', '--', 'true']), [])

    def test_devpts_is_an_instance_of_its_own(self):
        for options in ((), ('--map', 'self')):
            mount = self.mounts_inside(*options)['/dev/pts']
            self.assertEqual((mount.type, mount.root), ('devpts', '/'))
            self.assertIn('ptmxmode=666', mount.options)
            self.assertLessEqual({'nosuid', 'noexec'}, mount.flags)
        start, _ = sub_ranges(USER, '/etc/subgid')[0]
        self.assertIn(f'gid={start + 4}', self.mounts_inside()['/dev/pts'].options, 'group 5 is tty')
        master, slave = os.openpty()  # one outside that must not be seen
        self.addCleanup(os.close, master)
        self.addCleanup(os.close, slave)
        script = ('import os\nassert os.listdir("/dev/pts") == ["ptmx"], os.listdir("/dev/pts")\n'
                  'm, s = os.openpty()\nprint(os.ttyname(s), oct(os.stat("/dev/pts/ptmx").st_mode))\n'
                  'os.write(s, b"x"); assert os.read(m, 1) == b"x"')
        for options in ((), ('--map', 'self'), ('-u', '7')):
            self.assertEqual(self.python(script, *options), '/dev/pts/0 0o20666\n')

    def test_a_terminal_is_the_sandbox_s_console(self):
        t = self.terminal(USER, [self.croft_path, 'run', 'host', '--', 'bash', '-c',
                                 'echo to-console >/dev/console; tty; stat -c %t,%T,%u /dev/console; '
                                 'echo to-tty >/dev/tty; test -t 0 -a -t 1 -a -t 2 && echo terminals'])
        t.expect('to-console\r?\n/dev/pts/0\r?\n88,0,0\r?\nto-tty\r?\nterminals')
        self.assertEqual(t.wait(), 0)

    def test_without_a_terminal_t_makes_one(self):
        self.assertEqual(self.shell('[ -e /dev/console ] || echo none'), 'none\n')
        self.assertIn('/dev/pts/0', self.shell('tty; [ -c /dev/console ]', '-t'))

    def test_mqueue_is_new_and_usable(self):
        mount = self.mounts_inside()['/dev/mqueue']
        self.assertEqual(mount.type, 'mqueue')
        self.assertLessEqual({'nosuid', 'nodev', 'noexec'}, mount.flags)
        script = ('import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n'
                  'assert os.listdir("/dev/mqueue") == []\n'
                  'q = libc.mq_open(b"/croft-test", os.O_CREAT | os.O_RDWR, 0o600, None)\n'
                  'assert q >= 0, os.strerror(ctypes.get_errno())\n'
                  'assert libc.mq_send(q, b"hello", 5, 0) == 0\n'
                  'buf = ctypes.create_string_buffer(65536)\n'
                  'assert libc.mq_receive(q, buf, 65536, None) == 5\n'
                  'print(buf.value.decode(), os.listdir("/dev/mqueue"))')
        out = self.sandbox('host', '--', 'python3', '-I', '-c', script)
        self.assertEqual(out, "hello ['croft-test']\n")
        self.assertFalse(os.path.exists('/dev/mqueue/croft-test'))


class Conf(RunTest):
    FILES = ('hosts', 'hostname', 'resolv.conf')

    def setUp(self):
        self.root = self.build_root('bash', 'cat')

    def read(self, *options):
        script = 'for f in hosts hostname resolv.conf; do echo "$(cat /etc/$f)"; echo --; done'
        return dict(zip(self.FILES, self.shell(script, *options, root=self.root).split('\n--\n')))

    def test_any_subset_of_the_three_is_taken(self):
        before = {f: os.stat('/etc/' + f) for f in self.FILES if os.path.exists('/etc/' + f)}
        made = self.read('--hostname', 'made')
        self.assertIn('127.0.1.1\tmade', made['hosts'])
        self.assertRegex(made['hosts'], r'(?m)^127\.0\.0\.1\tlocalhost$')
        self.assertRegex(made['hosts'], r'(?m)^::1\tlocalhost ')
        self.assertEqual(made['hostname'], 'made')
        with open('/etc/resolv.conf', encoding='utf-8') as f:
            self.assertEqual(made['resolv.conf'], f.read().rstrip('\n'))
        for n in range(4):
            for subset in itertools.combinations(self.FILES, n):
                with self.subTest(subset):
                    conf = self.make_dir(USER)
                    for name in subset:
                        self.write(f'{conf}/{name}', f'own {name}\n', USER)
                    self.assertEqual(self.read('--hostname', 'made', '--conf', conf),
                                     {f: f'own {f}' if f in subset else made[f] for f in self.FILES})
        for name, st in before.items():
            self.assertEqual((st.st_ino, st.st_mtime_ns), (os.stat('/etc/' + name).st_ino,
                                                           os.stat('/etc/' + name).st_mtime_ns))

    def test_what_is_taken_is_read_only(self):
        conf = self.make_dir(USER)
        self.write(conf + '/hosts', 'own\n', USER)
        self.shell('echo mine >/etc/hosts', root=self.root)  # what croft made is the sandbox's
        r = self.croft(USER, 'run', '--conf', conf, self.root, '--', 'bash', '-c', 'echo x >/etc/hosts')
        self.assertRefused(r, 1, 'Read-only file system')
        self.assertEqual(open(conf + '/hosts', encoding='utf-8').read(), 'own\n')
        r = self.croft(USER, 'run', self.root, '--', 'bash', '-c', 'echo x >/etc/resolv.conf')
        self.assertRefused(r, 1, 'Read-only file system')

    def test_over_the_host_s_system_they_are_the_sandbox_s_too(self):
        conf = self.make_dir(USER)
        self.write(conf + '/resolv.conf', 'nameserver 192.0.2.1\n', USER)
        out = self.shell('cat /etc/resolv.conf /etc/hosts', '--conf', conf, '--name', 'box')
        self.assertIn('nameserver 192.0.2.1\n', out)
        self.assertIn('\tbox\n', out)

    def test_a_volume_on_one_of_them_wins(self):
        data = self.home_dir()
        self.write(data + '/h', 'from a volume\n', USER)
        self.assertEqual(self.shell('cat /etc/hosts', '-v', data + '/h:/etc/hosts'), 'from a volume\n')


class HostName(RunTest):
    def test_hostname_then_name_then_croft(self):
        here = socket.gethostname()
        for options, name in (((), 'croft'), (('--name', 'box'), 'box'), (('--hostname', 'h.example'), 'h.example'),
                              (('--name', 'box', '--hostname', 'h'), 'h'), (('--name', 'x' * 64), 'x' * 64)):
            with self.subTest(options):
                self.assertEqual(self.shell('uname -n; cat /proc/sys/kernel/hostname', *options), f'{name}\n{name}\n')
        self.assertEqual(socket.gethostname(), here)


class Volumes(RunTest):
    def setUp(self):
        self.data = self.home_dir()
        self.write(self.data + '/f', 'hello\n', USER)
        self.write(self.data + '/run.sh', '#!/bin/sh\necho ran\n', USER, 0o755)

    def test_a_directory_is_there_and_writable(self):
        out = self.shell('cat /mnt/f; echo new >/mnt/new', '-v', self.data + ':/mnt')
        self.assertEqual(out, 'hello\n')
        st = os.stat(self.data + '/new')
        self.assertEqual((st.st_uid, stat.S_IMODE(st.st_mode)), (pwd.getpwnam(USER).pw_uid, 0o644))

    def test_a_file_is_there_and_writable(self):
        self.assertEqual(self.shell('cat /mnt/deep/f; echo more >>/mnt/deep/f', '-v', self.data + '/f:/mnt/deep/f'),
                         'hello\n')
        self.assertEqual(open(self.data + '/f', encoding='utf-8').read(), 'hello\nmore\n')

    def test_every_option_does_what_it_says(self):
        write, run = 'echo x >/mnt/new', '/mnt/run.sh'
        rows = (
            ('', None, None), ('rw', None, None), ('exec', None, None), ('nosuid', None, None), ('nodev', None, None),
            ('rbind', None, None), ('rw,exec', None, None),
            ('ro', 'Read-only', None), ('readonly', 'Read-only', None), ('ro,ro', 'Read-only', None),
            ('noexec', None, 'Permission denied'), ('rw,noexec', None, 'Permission denied'),
            ('ro,noexec', 'Read-only', 'Permission denied'),
        )
        for options, no_write, no_exec in rows:
            forms = [('-v', f'{self.data}:/mnt' + (options and ':' + options)),
                     ('--mount', f'type=bind,src={self.data},dst=/mnt' + (options and ',' + options))]
            for form in forms:
                with self.subTest(form):
                    for script, refused in ((write, no_write), (run, no_exec)):
                        r = self.croft(USER, 'run', *form, 'host', '--', 'bash', '-c', script)
                        if refused:
                            self.assertNotEqual(r.status, 0, r)
                            self.assertIn(refused, r.err)
                        else:
                            self.assertRan(r)
                    flags = self.mounts_inside(*form)['/mnt'].flags
                    self.assertLessEqual({'nosuid', 'nodev'}, flags)

    def test_set_user_id_programs_in_it_gain_nothing(self):
        os.chmod(self.data + '/run.sh', 0o4755)
        self.assertIn('nosuid', self.mounts_inside('-v', self.data + ':/mnt')['/mnt'].flags)

    def test_every_spelling_of_mount_is_understood(self):
        comma = self.data + '/a,b'
        os.mkdir(comma)
        self.give(comma, USER)
        self.write(comma + '/f', 'comma\n', USER)
        for text, expected in ((f'type=bind,source={self.data},target=/mnt,readonly', 'hello\n'),
                               (f'type=bind,src={self.data},destination=/mnt,ro=true', 'hello\n'),
                               (f'dst=/mnt,ro=1,src={self.data},type=bind', 'hello\n'),
                               (f'type=bind,"src={comma}",dst=/mnt', 'comma\n')):
            with self.subTest(text):
                self.assertEqual(self.shell('cat /mnt/f', '--mount', text), expected)
        self.assertEqual(self.shell('cat /mnt/f', f'--volume={comma}:/mnt'), 'comma\n')
        self.assertEqual(self.shell('cat /mnt/f', f'-v{self.data}:/mnt//.:ro'), 'hello\n')
        self.assertEqual(self.shell('cat /mnt/f', '-v', './a,b:/mnt', cwd=self.data), 'comma\n')
        self.assertEqual(self.shell('cat /mnt/f', '-v', '.:/mnt', cwd=comma), 'comma\n')

    def test_a_missing_mount_point_is_made_and_stays(self):
        root = self.build_root('bash', 'cat')
        self.assertEqual(self.shell('cat /new/deep/f /new/file', '-v', self.data + ':/new/deep', '-v',
                                    self.data + '/f:/new/file', root=root), 'hello\nhello\n')
        uid = pwd.getpwnam(USER).pw_uid
        for name, mode in (('/new', 0o40755), ('/new/deep', 0o40755), ('/new/file', 0o100644)):
            st = os.lstat(root + name)
            self.assertEqual((st.st_mode, st.st_uid), (mode, uid), name)
        self.assertEqual(os.listdir(root + '/new/deep'), [])
        self.assertEqual(os.path.getsize(root + '/new/file'), 0)
        self.shell('cat /new/deep/f', '-v', self.data + ':/new/deep', root=root)  # once more, now it is there

    def test_a_volume_brings_what_is_mounted_below_it_with_the_same_flags(self):
        below = self.data + '/below'
        os.mkdir(below)
        subprocess.run(['mount', '-t', 'tmpfs', '-o', 'mode=1777', 'croft-test', below], check=True)
        self.addCleanup(subprocess.run, ['umount', below], check=True)
        self.shell('touch /mnt/below/x', '-v', self.data + ':/mnt')
        self.assertTrue(os.path.exists(below + '/x'))
        mounts = self.mounts_inside('-v', self.data + ':/mnt:ro,noexec')
        self.assertLessEqual({'ro', 'noexec', 'nosuid', 'nodev'}, mounts['/mnt/below'].flags)
        r = self.croft(USER, 'run', '-v', self.data + ':/mnt:ro', 'host', '--', 'touch', '/mnt/below/y')
        self.assertRefused(r, 1, 'Read-only file system')

    def test_a_later_volume_lies_over_an_earlier_one(self):
        other = self.home_dir()
        os.mkdir(self.data + '/sub')
        self.write(other + '/f', 'other\n', USER)
        self.assertEqual(self.shell('cat /mnt/f /mnt/sub/f', '-v', self.data + ':/mnt', '-v', other + ':/mnt/sub'),
                         'hello\nother\n')
        self.assertEqual(self.shell('cat /mnt/f', '-v', self.data + ':/mnt', '-v', other + ':/mnt'), 'other\n')

    def test_no_mount_hears_of_the_host_s_mounts(self):
        with open('/proc/self/mountinfo', encoding='utf-8') as f:
            self.assertIn(' shared:', f.read(), 'the harness runs where mounts are shared')
        for options in (('-v', self.data + ':/mnt'), ('--cap-add', 'SYS_ADMIN', '-v', self.data + ':/mnt')):
            mounts = self.mounts_inside(*options)
            self.assertIn('/mnt', mounts)
            self.assertEqual([m for m in mounts.values() if m.tags], [])

    def test_mounts_made_inside_stay_inside(self):
        self.shell('mount -t tmpfs none /mnt && touch /mnt/inside', '--cap-add', 'SYS_ADMIN', '-v', self.data + ':/mnt')
        self.assertFalse(os.path.exists(self.data + '/inside'))


class Root(RunTest):
    HOST_CONF = {f'/etc/{f}' for f in Conf.FILES}

    def test_only_what_was_asked_for_is_mounted(self):
        points = set(self.mounts_inside())
        mirror = {p for p in HOST_MIRROR if os.path.isdir(p) and not os.path.islink(p)}
        conf = {p for p in self.HOST_CONF if os.path.exists(p)}
        below = {p for p in points if any(p.startswith(m + '/') for m in mirror)} - conf
        self.assertEqual(points - below, KERNEL_MOUNTS | mirror | conf)
        root = self.build_root('bash', 'cat')
        self.assertEqual(set(self.mounts_inside(root=root)), KERNEL_MOUNTS | self.HOST_CONF)

    def test_the_host_s_system_is_read_only_and_the_rest_is_absent(self):
        mounts = self.mounts_inside()
        for point in HOST_MIRROR:
            if point in mounts:
                self.assertLessEqual({'ro', 'nosuid', 'nodev'}, mounts[point].flags)
        listing = set(self.shell('ls /').split())
        self.assertEqual(listing, {p[1:] for p in HOST_MIRROR if os.path.lexists(p)} |
                         {'dev', 'proc', 'root', 'run', 'sys', 'tmp'})
        self.shell('mkdir /new && echo x >/new/f && echo x >/root/f && [ -z "$(ls -A /tmp)" ]')
        r = self.croft(USER, 'run', 'host', '--', 'touch', '/usr/croft-test')
        self.assertRefused(r, 1, 'Read-only file system')
        self.assertFalse(os.path.exists('/usr/croft-test'))

    def test_the_old_root_is_gone(self):
        home = pwd.getpwnam(USER).pw_dir
        for script in (f'cd /; ls -d ../../..{home}', f'cd /; cd ../../..; ls -d .{home}',
                       f'ls -d /proc/self/root{home}', f'ls -d /proc/1/root{home}', f'ls -d /proc/1/cwd{home}'):
            for options in ((), ('--no-init',), ('--cap-add', 'ALL')):
                r = self.croft(USER, 'run', *options, 'host', '--', 'sh', '-c', script)
                self.assertRefused(r, 2, 'No such file|Permission denied')

    def escape(self):
        """The chroot escape: a working directory above one's root, and up from there."""
        return ('import os\nos.mkdir("/tmp/x"); os.chroot("/tmp/x")\nfor i in range(64): os.chdir("..")\n'
                'print(sorted(os.listdir(".")))')

    def test_a_chroot_inside_leads_no_further_than_the_root(self):
        listing = repr(sorted(self.shell('ls -A /').split())) + '\n'
        self.assertEqual(self.python(self.escape()), listing)

    def test_where_pivot_root_cannot_work_chroot_does_and_says_so(self):
        note = 'the root was entered by chroot: pivot_root cannot work here'
        words = [self.croft_path, 'run', '--map', 'self', 'host', '--']
        r = self.run_as(USER, [*words, 'ls', '-A', '/'])
        self.assertRan(r)
        self.assertEqual(r.err, '')
        fallback = self.run_as(USER, [self.probes + '/nopivot', *words, 'ls', '-A', '/'])
        self.assertRan(fallback)
        self.assertIn(note, fallback.err)
        self.assertEqual(fallback.out, r.out)
        listing = repr(sorted(r.out.split())) + '\n'
        r = self.run_as(USER, [self.probes + '/nopivot', *words, 'python3', '-IS', '-c', self.escape()])
        self.assertRan(r)
        self.assertEqual(r.out, listing)
        root = self.build_root('bash', 'ls')
        r = self.run_as(USER, [self.probes + '/nopivot', *words[:-2], root, '--', 'ls', '-A', '/..'])
        self.assertRan(r)
        self.assertIn(note, r.err)
        self.assertNotIn('\ninitrd', r.out)


class Command(RunTest):
    def test_without_one_a_login_shell_runs(self):
        script = 'echo "$0 $-"; shopt -q login_shell && echo login\n'
        self.assertRegex(self.sandbox('host', input=script), r'^/bin/bash \S*\nlogin\n$')
        self.assertRegex(self.sandbox(self.build_root('bash', 'sh'), input=script), r'^/bin/bash \S*\nlogin\n$')

    def test_without_bash_it_is_sh(self):
        root = self.build_root('sh', 'cat')
        self.assertFalse(os.path.exists(root + '/usr/bin/bash'))
        self.assertEqual(self.sandbox(root, input='echo "$0"; cat /proc/$$/cmdline\n'), '/bin/sh\n/bin/sh\0-l\0')
        r = self.croft(USER, 'run', self.build_root('cat'))
        self.assertRefused(r, EXIT_NOT_FOUND, r'run a login shell \(/bin/bash, /bin/sh\): not found in the sandbox')

    def test_words_reach_it_as_they_are(self):
        words = ['-c', '--', '-x', '', 'a b', '$(id)', ';id', 'line\nbreak', '\xff']
        out = self.sandbox('host', 'printf', '[%s]', *words)
        self.assertEqual(out, ''.join(f'[{w}]' for w in words))
        self.assertEqual(self.sandbox('--', 'host', '--', 'printf', '%s', '--help'), '--help')

    def test_its_exit_status_is_croft_s(self):
        for status in (0, 1, 42, 124, 125, 126, 127, 128, 255):
            for options in ((), ('--no-init',)):
                r = self.croft(USER, 'run', *options, 'host', '--', 'sh', '-c', f'exit {status}')
                self.assertEqual((r.status, r.err), (status, ''), r)

    def test_a_deadly_signal_is_128_and_its_number(self):
        for number in (1, 2, 6, 9, 11, 15):
            r = self.croft(USER, 'run', 'host', '--', 'sh', '-c', f'ulimit -c 0; kill -{number} $$')
            self.assertEqual((r.returncode, r.err), (128 + number, ''), r)

    def test_what_cannot_be_executed_is_126(self):
        data = self.home_dir()
        self.write(data + '/text', 'x', USER, 0o644)
        self.write(data + '/lost', '#!/no/such/interpreter\n', USER, 0o755)
        for path, why in (('/mnt/text', 'Permission denied'), ('/mnt', 'Permission denied'), ('text', 'Permission denied'),
                          ('/mnt/lost', 'it is there, but the interpreter that it names is not')):
            for options in ((), ('--no-init',)):
                r = self.croft(USER, 'run', *options, '-e', 'PATH=/mnt', '-v', data + ':/mnt', 'host', path)
                self.assertRefused(r, EXIT_NOT_EXEC, f'^croft: run {path}: {why}$')

    def test_what_is_not_there_is_127(self):
        for name in ('croft-no-such', '/no/such', '', './x', '/etc/passwd/x'):
            for options in ((), ('--no-init',)):
                r = self.croft(USER, 'run', *options, 'host', '--', name)
                self.assertRefused(r, EXIT_NOT_FOUND, f"^croft: run {re.escape(name) or chr(39) * 2}: not found in the sandbox")

    def test_the_path_of_the_environment_is_searched(self):
        data = self.home_dir()
        self.write(data + '/tool', '#!/bin/sh\necho mine\n', USER, 0o755)
        options = ('-v', data + ':/opt/tools')
        self.refused('run tool: not found', *options, 'host', 'tool', status=EXIT_NOT_FOUND)
        self.assertEqual(self.sandbox(*options, '-e', 'PATH=/nothing:/opt/tools:/bin', 'host', 'tool'), 'mine\n')
        self.assertEqual(self.sandbox(*options, '-w', '/opt/tools', '-e', 'PATH=:/bin', 'host', 'tool'), 'mine\n')

    def test_the_working_directory_is_home_or_what_was_asked_for(self):
        self.assertEqual(self.shell('pwd'), '/root\n')
        self.assertEqual(self.shell('pwd', '-w', '/usr/share'), '/usr/share\n')
        self.assertEqual(self.shell('pwd', '--cwd', '/usr//./share/'), '/usr/share\n')
        self.assertEqual(self.shell('pwd', '-u', 'nobody', root=self.build_root('bash')), '/\n')
        self.refused('enter the working directory /nothing: No such file', '-w', '/nothing', 'host', 'true')
        self.refused('/etc/passwd: Not a directory', '-w', '/etc/passwd', 'host', 'true')

    def test_every_system_user_of_the_host_can_be_the_user_inside(self):
        names = [u.pw_name for u in pwd.getpwall() if u.pw_uid < 1000 and u.pw_shell != '/bin/sync']
        self.assertIn('daemon', names)
        for name in names:
            with self.subTest(name):
                self.assertEqual(self.sandbox('-u', name, 'host', 'id', '-un'), name + '\n')
        self.assertEqual(self.shell('id -u', '-u', '65534', '--map', 'self'), '65534\n')
