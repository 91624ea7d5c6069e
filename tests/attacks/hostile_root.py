"""Hostile root file systems, for the cases E1, E2 and E7.

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
MODES = ('plain', 'subordinate', 'read-only', 'ephemeral')


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
        """Every place x every replacement; a quarter of them, so that the modes together have them all, unless STRIDE=1.

        At least some must start: the hostile ones that only lead inside."""
        stride = int(os.environ.get('STRIDE') or len(MODES))
        started = refused = met = 0
        for place in PLACES:
            for name, what in replacements(place, self.canary).items():
                met += 1
                if (met + MODES.index(mode)) % stride:
                    continue
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
        self.assertGreater(started, 150 // stride, (started, refused))
        self.assertGreater(refused, 5 // stride, (started, refused))
