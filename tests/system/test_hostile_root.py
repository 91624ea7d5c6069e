"""A hostile root file system: whatever its mount points are, nothing outside it is made, changed or mounted on.

A canary stands for the host: a tree that the user may write. Every mount point of a sandbox, and every parent of one, is
replaced by links that lead there in every way that has fooled such tools, and by things that are no mount point.
"""
import os
import shutil
import socket
import subprocess

from croft_test import EXIT_CROFT, USER, mounts, snapshot_tree
from run_case import RunTest

# What croft mounts on, makes or reads below a root, with what is there.
DIRS = ('/dev', '/dev/pts', '/dev/shm', '/dev/mqueue', '/proc', '/sys', '/etc', '/tmp', '/run', '/mnt', '/mnt/a', '/mnt/a/b')
FILES = ('/dev/ptmx', '/dev/console', '/dev/null', '/etc/resolv.conf', '/etc/hosts', '/etc/hostname', '/etc/passwd',
         '/etc/group', '/srv/file')
PLACES = DIRS + FILES


def replacements(place, canary):
    """{name: how to put it there}: a link's target, or a word for another kind of thing."""
    file = place in FILES
    there = canary + ('/file' if file else place)
    up = '../' * 12
    return {
        'an absolute link': there,
        'a link to a directory of the host': canary + '/dir',
        'a link to a file of the host': canary + '/file',
        'a relative link': up + there.lstrip('/'),
        'a dangling link': canary + '/new',
        'a dangling link to be made deep': canary + '/new/deep/er',
        'a dangling relative link': up + canary.lstrip('/') + '/new2',
        'a link through /proc/self/root': '/proc/self/root' + there,
        'a link through /proc/1/root': '/proc/1/root' + there,
        'a link through /proc/self/cwd': '/proc/self/cwd/dir',
        **{f'a link through descriptor {fd}': f'/proc/self/fd/{fd}{there}' for fd in (3, 5, 7)},
        'a dangling link inside': 'no/such',
        'a loop': place,
        'a file': 'FILE',
        'a FIFO': 'FIFO',
        'a socket': 'SOCKET',
        'a directory': 'DIRECTORY',
        'a directory nobody may enter': 'CLOSED',
    }


def put(path, what):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.islink(path) or os.path.isfile(path):
        os.unlink(path)
    elif os.path.isdir(path):
        shutil.rmtree(path)
    if what == 'FILE':
        with open(path, 'w', encoding='ascii') as f:
            f.write('a file\n')
    elif what == 'FIFO':
        os.mkfifo(path)
    elif what == 'SOCKET':
        with socket.socket(socket.AF_UNIX) as s:
            here = os.open('.', os.O_RDONLY)
            os.chdir(os.path.dirname(path))  # the name of a socket is short
            s.bind(os.path.basename(path))
            os.fchdir(here)
            os.close(here)
    elif what in ('DIRECTORY', 'CLOSED'):
        os.mkdir(path, 0o755 if what == 'DIRECTORY' else 0)
    else:
        os.symlink(what, path)


class HostileTest(RunTest):
    time_limit = 240

    def setUp(self):
        self.base = self.build_root('sh', 'cat')
        self.folder = os.path.dirname(self.base)
        self.data = self.home_dir()
        self.write(self.data + '/f', 'of the volume\n', USER)
        self.conf = self.home_dir()
        for name in ('hosts', 'hostname', 'resolv.conf'):
            self.write(f'{self.conf}/{name}', f'{name} of conf\n', USER)
        self.canary = self.make_canary()
        self.before = snapshot_tree(self.canary)
        self.host_mounts = mounts()
        self.roots = 0

    def make_canary(self):
        """A tree like a root's, which the user may write."""
        canary = self.home_dir()
        for path in (*DIRS, '/dir', '/dir/dir'):
            os.makedirs(canary + path, exist_ok=True)
        for path in (*FILES, '/file', '/dir/file', '/dir/hosts'):
            self.write_below(canary + path, 'of the host\n')
        for folder, dirs, files in os.walk(canary):
            for name in dirs + files:
                self.give(f'{folder}/{name}', USER)
        return canary

    def write_below(self, path, text):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        self.write(path, text, USER)

    def hostile(self, place, what):
        """A root like the base but for one place. Its files are the base's own, linked."""
        self.roots += 1
        root = f'{self.folder}/{self.roots}'
        subprocess.run(['cp', '-al', self.base, root], check=True)
        put(root + place, what)
        for path in (place, os.path.dirname(place), '/srv', '/mnt'):
            if os.path.lexists(root + path):
                self.give(root + path, USER)
        return root

    def options(self, mode):
        volumes = ('-v', self.data + ':/mnt/a/b', '-v', self.data + '/f:/srv/file:ro', '--tmpfs', '/mnt/tmpfs:size=1M')
        return {
            'plain': ('--map', 'self', *volumes),
            'subordinate': (*volumes, '--conf', self.conf),
            'read-only': ('--map', 'self', '--read-only', *volumes, '--conf', self.conf),
            'ephemeral': ('--ephemeral', *volumes, '-t'),
        }[mode]

    def assertComplete(self, r):
        """The table of mounts inside: everything croft promises is there, wherever the links of the root led it."""
        kinds = [line.partition(' - ')[2].split(' ')[0] for line in r.out.splitlines() if ' - ' in line]
        for kind, count in (('proc', 1), ('sysfs', 1), ('devpts', 1), ('mqueue', 1), ('tmpfs', 5)):
            self.assertGreaterEqual(kinds.count(kind), count, f'{kind}: {r}')
        roots = [line for line in r.out.splitlines() if ' - ' in line and line.split(' ')[4] == '/']
        self.assertEqual(len(roots), 1, f'something lies on the root: {r}')
        self.assertIn('of the volume', r.out, r)

    def check(self, root, mode, control=None):
        r = self.croft(USER, 'run', *self.options(mode), root, '--', '/bin/sh', '-c',
                       'cat /mnt/a/b/f; cat /proc/self/mountinfo', timeout=20)
        self.assertUnchanged(self.canary, self.before)
        self.assertEqual(mounts(), self.host_mounts)
        if r.returncode == EXIT_CROFT:
            self.assertRegex(r.err, r'\Acroft: .+\n(croft: hint: .+\n)?\Z', r)
            return False
        self.assertRan(r)
        self.assertComplete(r)
        return True

    def sweep(self, mode):
        """Every place x every replacement. At least some must start: the hostile ones that only lead inside."""
        started = refused = 0
        for place in PLACES:
            for name, what in replacements(place, self.canary).items():
                with self.subTest(place=place, is_now=name, mode=mode):
                    root = self.hostile(place, what)
                    unchanged = snapshot_tree(root) if mode == 'ephemeral' else None
                    if self.check(root, mode):
                        started += 1
                    else:
                        refused += 1
                    if unchanged:
                        self.assertUnchanged(root, unchanged)
                    shutil.rmtree(root)
        self.assertGreater(started, 150, (started, refused))
        self.assertGreater(refused, 5, (started, refused))


class HostileRoot(HostileTest):
    def test_an_honest_root_starts(self):
        for mode in ('plain', 'subordinate', 'read-only', 'ephemeral'):
            with self.subTest(mode=mode):
                self.assertTrue(self.check(self.hostile('/srv/other', 'FILE'), mode))

    def test_the_way_up_from_the_root_ends_at_the_root(self):
        """What lies on the new root is where /.. leads: the old root, when it was not detached."""
        script = f'cat /..{self.canary}/file /../..{self.canary}/file; cd /; cd ..; cat .{self.canary}/file; cat /../is-root'
        for options in ((), ('--ephemeral',), ('--read-only',), ('--ephemeral', '--read-only'), ('--cap-add', 'ALL'),
                        ('--ephemeral', '--cap-add', 'ALL'), ('--no-init', '--ephemeral'), ('-t', '--ephemeral')):
            for which in (('--map', 'self'), ()):
                with self.subTest(options=(*options, *which)):
                    root = self.hostile('/is-root', 'FILE')
                    r = self.croft(USER, 'run', *options, *which, root, '--', '/bin/sh', '-c', script)
                    self.assertRan(r)
                    self.assertNotIn('of the host', r.out)
                    self.assertIn('a file', r.out)

    def test_a_naive_tool_would_be_seen(self):
        """The positive control: mkdir, open and mount by path string, as root of a user namespace."""
        naive = ('import contextlib, os, sys\n'
                 'root = sys.argv[1]\n'
                 'for path in ("/mnt/a/b/c", "/dev/new", "/run/x", "/etc/x"):\n'
                 '    with contextlib.suppress(OSError):\n'
                 '        os.makedirs(root + path, exist_ok=True)\n'
                 'for path in ("/etc/hostname", "/srv/file"):\n'
                 '    with contextlib.suppress(OSError):\n'
                 '        open(root + path, "a").write("naive")\n')
        seen = {}
        for place in ('/mnt', '/mnt/a', '/etc', '/etc/hostname', '/srv/file', '/run', '/dev'):
            for name in ('an absolute link', 'a relative link', 'a dangling link', 'a dangling relative link'):
                root = self.hostile(place, replacements(place, self.canary)[name])
                self.run_as(USER, ['unshare', '-rm', 'python3', '-c', naive, root])
                seen[place, name] = snapshot_tree(self.canary) != self.before
                shutil.rmtree(self.canary)
                self.canary = self.make_canary()
                self.before = snapshot_tree(self.canary)
        for place in ('/mnt', '/mnt/a', '/etc', '/etc/hostname', '/srv/file', '/run', '/dev'):
            self.assertTrue(seen[place, 'an absolute link'] and seen[place, 'a relative link'], seen)
        for place in ('/etc/hostname', '/srv/file'):
            self.assertTrue(seen[place, 'a dangling link'] and seen[place, 'a dangling relative link'], seen)

    def test_writable(self):
        self.sweep('plain')

    def test_writable_with_subordinate_ids_and_conf(self):
        self.sweep('subordinate')

    def test_read_only(self):
        self.sweep('read-only')

    def test_ephemeral_with_a_terminal(self):
        self.sweep('ephemeral')

    def test_a_fifo_as_a_database_does_not_block(self):
        for place in ('/etc/passwd', '/etc/group'):
            root = self.hostile(place, 'FIFO')
            r = self.croft(USER, 'run', '--map', 'self', '-u', '0:some', root, '--', '/bin/true', timeout=10)
            self.assertRefused(r, EXIT_CROFT, r"^croft: (root's /etc/(passwd|group)|group some)")

    def test_a_command_that_is_a_fifo_or_leads_out_is_not_run(self):
        outside = self.write(self.canary + '/outside', '#!/bin/sh\necho escaped\n', USER, 0o755)
        for what in (outside, '../' * 12 + outside, '/proc/self/root' + outside, '/proc/1/root' + outside, 'FIFO', 'SOCKET'):
            with self.subTest(what=what):
                r = self.croft(USER, 'run', '--map', 'self', self.hostile('/bin/prog', what), '--', '/bin/prog', timeout=10)
                self.assertIn(r.status, (126, 127), r)
                self.assertNotIn('escaped', r.out)


class E2(HostileTest):
    """A /proc that is not the kernel's, and mounts that would stand over croft's own."""

    def test_a_fake_proc_is_covered(self):
        root = self.hostile('/proc', 'DIRECTORY')
        self.write_below(root + '/proc/self/mountinfo', 'fake\n')
        self.write_below(root + '/proc/sys/user/max_user_namespaces', '1000\n')
        r = self.croft(USER, 'run', '--map', 'self', root, '--', '/bin/sh', '-c',
                       'cat /proc/sys/user/max_user_namespaces /proc/self/mountinfo')
        self.assertRan(r)
        self.assertNotIn('fake', r.out)
        self.assertTrue(r.out.startswith('0\n'), r)
        with open(root + '/proc/sys/user/max_user_namespaces', encoding='ascii') as f:
            self.assertEqual(f.read(), '1000\n')

    def test_a_proc_that_leads_elsewhere_in_the_root_is_still_the_kernels(self):
        root = self.hostile('/proc', '/fake')
        self.write_below(root + '/fake/sys/user/max_user_namespaces', '1000\n')
        r = self.croft(USER, 'run', '--map', 'self', root, '--', '/bin/sh', '-c', 'cat /proc/sys/user/max_user_namespaces')
        self.assertRan(r)
        self.assertEqual(r.out, '0\n')

    def test_a_volume_that_a_link_leads_to_the_kernels_places_is_refused(self):
        places = ('/proc', '/proc/self', '/proc/sys', '/proc/sys/kernel', '/sys', '/sys/kernel', '/dev', '/dev/pts', '/dev/shm',
                  '/dev/mqueue', '/dev/new', '/proc/1/attr', '../../proc', '/dev/fd', '/proc/self/cwd')
        for place in places:
            for options in (('-v', self.data + ':/mnt'), ('--tmpfs', '/mnt'), ('-v', self.data + ':/mnt/below'),
                            ('--ephemeral', '-v', self.data + ':/mnt'), ('--read-only', '-v', self.data + ':/mnt')):
                with self.subTest(place=place, options=options):
                    root = self.hostile('/mnt', place)
                    r = self.croft(USER, 'run', '--map', 'self', *options, root, '--', '/bin/sh', '-c', 'cat /proc/self/mountinfo')
                    self.assertRefused(r, EXIT_CROFT, r'\Acroft: .+\n(croft: hint: .+\n)?\Z')
                    self.assertEqual(r.out, '')

    def test_a_file_volume_that_a_link_leads_there_is_refused(self):
        for place in ('/dev/null', '/dev/tty', '/dev/ptmx', '/dev/pts/ptmx', '/proc/sys/kernel/core_pattern', '/proc/self/status',
                      '/proc/self/exe', '/dev/stdin', '/sys/kernel/profiling', '/dev/new'):
            with self.subTest(place=place):
                root = self.hostile('/srv/file', place)
                r = self.croft(USER, 'run', '--map', 'self', '-v', self.data + '/f:/srv/file', root, '--', '/bin/sh', '-c', ':')
                self.assertRefused(r, EXIT_CROFT, r'\Acroft: volume .+\n(croft: hint: .+\n)?\Z')

    def test_a_conf_file_that_a_link_leads_there_is_refused(self):
        for place in ('/dev/null', '/proc/self/status', '/proc/sys/kernel/core_pattern'):
            for option in ((), ('--conf', self.conf)):
                with self.subTest(place=place, option=option):
                    root = self.hostile('/etc/hostname', place)
                    r = self.croft(USER, 'run', '--map', 'self', *option, root, '--', '/bin/sh', '-c', 'echo x >/dev/null')
                    self.assertRefused(r, EXIT_CROFT, r'\Acroft: .*hostname.*\n(croft: hint: .+\n)?\Z')

    def test_a_volume_in_an_earlier_volume_stays_possible(self):
        """What is refused is only what lies in croft's own places."""
        os.makedirs(self.data + '/sub')
        self.give(self.data + '/sub', USER)
        for link in ('/mnt2', '/run/x', '/tmp/y'):
            root = self.hostile('/mnt', link)
            r = self.croft(USER, 'run', '--map', 'self', '-v', self.data + ':/mnt', '-v', self.data + ':/mnt/sub', root, '--',
                           '/bin/sh', '-c', 'cat /mnt/sub/f')
            self.assertRan(r)
            self.assertEqual(r.out, 'of the volume\n')


class E7(HostileTest):
    def test_nothing_of_the_root_is_loaded_before_the_command(self):
        root = self.hostile('/etc/nsswitch.conf', 'FILE')
        self.write(root + '/etc/nsswitch.conf', 'passwd: evil\ngroup: evil\nhosts: evil\n', USER)
        trace = self.home_dir() + '/trace'
        # traced by root: a user cannot look into a process that hides its memory
        r = self.run_as('root', ['strace', '-u', USER, '-f', '-o', trace, '-e', 'trace=openat,open,openat2,execve,pivot_root,chroot', self.croft_path,
                               'run', '--map', 'self', '-u', '0:root', root, '--', '/bin/sh', '-c', ':'])
        self.assertRan(r)
        with open(trace, encoding='utf-8', errors='replace') as f:
            lines = f.read().splitlines()
        pivot = next(i for i, line in enumerate(lines) if 'pivot_root(' in line or 'chroot(' in line)
        execs = [i for i, line in enumerate(lines) if 'execve("/bin/sh"' in line]
        self.assertTrue(execs and pivot < execs[0], lines)
        for line in lines[:execs[0]]:
            self.assertNotRegex(line, r'open.*"[^"]*(\.so|nsswitch|libnss|ld\.so|locale|gconv)', line)
        self.assertTrue(any('.so' in line for line in lines[execs[0]:]), 'the trace shows no library at all')
