"""Roots that are files: squashfs, and erofs where erofsfuse is there (Debian 13); what is seen, refused, left behind."""
import contextlib
import json
import os
import random
import re
import shutil
import signal
import stat
import subprocess
import time

from croft_test import USER, USER2, CroftTest, Stage, processes_of, snapshot_tree, test_ids
from fuse_case import fuse_for_all

_built = {}  # prefix of the run -> folder with root.squashfs and root.erofs


def has_erofsfuse():
    return any(os.path.exists(f'{d}/erofsfuse') for d in ('/usr/bin', '/usr/local/bin'))


def build(test):
    """A small root as images, owned by ids 0 and 33; without /proc, /sys, /dev, /tmp, /run."""
    if Stage.prefix not in _built:
        folder = Stage.prefix + '/images'
        root = folder + '/root'
        os.mkdir(folder)
        r = test.run_as('root', [test.libexec + '/croft-root', '-q', root, 'bash', 'cat', 'ls', 'stat', 'touch', 'sleep', 'true'])
        test.assertRan(r)
        for name in ('proc', 'sys', 'dev', 'tmp', 'run', 'etc/hosts'):
            path = f'{root}/{name}'
            if os.path.isdir(path):
                shutil.rmtree(path)
            elif os.path.exists(path):
                os.unlink(path)
        test.write(root + '/srv/owned', 'owned\n')
        os.chown(root + '/srv/owned', 33, 33)
        for argv in (['mksquashfs', root, folder + '/root.squashfs', '-quiet', '-no-progress'],
                     ['mkfs.erofs', folder + '/root.erofs', root]):
            subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _built[Stage.prefix] = folder
    return _built[Stage.prefix]


class ImageTest(CroftTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        fuse_for_all(cls)

    def setUp(self):
        self.needs_package('squashfuse', 'squashfs-tools', 'erofs-utils')
        self.dir = self.make_dir(USER)
        self.images = build(self)
        self.image = self.images + '/root.squashfs'

    def run_image(self, *args, image=None, **kwargs):
        """croft run OPTION... IMAGE -- COMMAND...; the options end at '--'."""
        at = args.index('--')
        return self.croft(USER, 'run', *args[:at], image or self.image, *args[at:], **kwargs)


class Run(ImageTest):
    def each_kind(self):
        for kind in ('squashfs', 'erofs'):
            with self.subTest(kind):
                image = f'{self.images}/root.{kind}'
                if kind == 'erofs' and not has_erofsfuse():
                    self.assertRefused(self.run_image('--', 'true', image=image), 125,
                                       r'croft: root \S+/root.erofs: erofsfuse is not installed\n'
                                       r'croft: hint: sudo apt-get install erofsfuse')
                else:
                    yield image

    def test_its_files_and_owners_are_seen_and_nothing_is_written(self):
        before = snapshot_tree(self.images)
        for image in self.each_kind():
            r = self.run_image('--', 'bash', '-c', 'cat /srv/owned; stat -c %u:%g /srv/owned /; ls -d /proc/1 /dev/null; touch /x',
                               image=image)
            self.assertEqual(r.out, 'owned\n33:33\n0:0\n/dev/null\n/proc/1\n', r)
            self.assertIn("touch: cannot touch '/x': Read-only file system", r.err)
            r = self.run_image('--read-only', '--map', 'self', '-u', '1000', '--', 'stat', '-c', '%u', '/srv', image=image)
            self.assertEqual(r.out, '65534\n', r)
        self.assertUnchanged(self.images, before)

    def test_ephemeral_changes_are_thrown_away(self):
        before = snapshot_tree(self.images)
        for image in self.each_kind():
            for _ in range(2):
                r = self.run_image('--ephemeral', '--', 'bash', '-c', 'cat /srv/owned && echo new >/srv/owned && touch /x && '
                                   'rm_() { :; }; cat /srv/owned; ls /x', image=image)
                self.assertEqual((r.status, r.out), (0, 'owned\nnew\n/x\n'), r)
        self.assertUnchanged(self.images, before)

    def test_volumes_and_a_terminal_work_as_over_a_directory(self):
        self.write(self.dir + '/file', 'mine\n', USER)
        r = self.run_image('-v', self.dir + ':/new/mnt:ro', '--', 'cat', '/new/mnt/file')
        self.assertEqual(r.out, 'mine\n', r)
        t = self.terminal(USER, [self.croft_path, 'run', '-it', self.image, '--', 'bash', '-c', 'ls -l /dev/console; cat'])
        t.expect('/dev/console')
        t.send('hello\n\x04')
        self.assertEqual(t.wait(), 0, t.seen)

    def test_the_command_sees_nothing_of_what_reads_the_image(self):
        r = self.run_image('--', 'bash', '-c', 'echo /proc/[0-9]*; ls /proc/self/fd; cat /proc/self/mountinfo')
        self.assertRan(r)
        self.assertRegex(r.out, r'\A/proc/1 /proc/2\n0\n1\n2\n')
        self.assertNotIn('squashfuse', r.out)
        self.assertNotIn(self.images, r.out)

    def test_many_at_once(self):
        running = [self.popen_as(USER, [self.croft_path, 'run', '--map', 'self', self.image, '--', 'cat', '/srv/owned'])
                   for _ in range(12)]
        for p in running:
            out, err = p.communicate(timeout=60)
            self.assertEqual((p.returncode, out), (0, b'owned\n'), err)

    def test_a_name_is_an_image_too(self):
        env = {'XDG_DATA_HOME': self.dir + '/data'}
        roots = self.dir + '/data/croft/roots'
        self.assertRan(self.run_as(USER, ['mkdir', '-p', roots]))
        for name, source in (('web', self.image), ('text', '/etc/passwd')):
            shutil.copy(source, f'{roots}/{name}')
            self.give(f'{roots}/{name}', USER)
        self.assertEqual(self.croft(USER, 'run', 'web', '--', 'cat', '/srv/owned', env=env).out, 'owned\n')
        self.assertRefused(self.croft(USER, 'run', 'text', '--', 'true', env=env), 125, 'neither a squashfs nor an erofs image')
        self.assertEqual(self.croft(USER, 'root', 'list', env=env).out.split(), ['web', 'user', 'squashfs', roots + '/web'])
        self.assertRan(self.croft(USER, 'root', 'rm', 'web', env=env))
        self.assertEqual(os.listdir(roots), ['text'])

    def test_plan_and_doctor_name_it(self):
        r = self.croft(USER, 'plan', '--json', self.image, 'true')
        plan = json.loads(r.out)['plan'] if 'plan' in json.loads(r.out) else json.loads(r.out)
        self.assertEqual((plan['root_kind'], plan['root'], plan['root_read_only'], plan['ephemeral']),
                         ('squashfs', self.image, 1, 0))
        r = self.croft(USER, 'plan', '--ephemeral', self.images + '/root.erofs', 'true')
        self.assertRegex(r.out, r'(?m)^root +\S+/root.erofs \(erofs\) \(ephemeral\)')
        r = self.croft(USER, 'doctor')
        self.assertRegex(r.out, r'(?m)^ok +images +/usr/bin/squashfuse_ll.* and /dev/fuse are there')


class Refused(ImageTest):
    def test_the_policy_decides_on_the_path_of_the_file(self):
        rest = 'version 1\nallow everyone ids subordinate\nallow everyone network none\n'
        with self.policy(rest + f'allow everyone root {self.images}/**\n'):
            self.assertRan(self.run_image('--', 'true'))
            copy = shutil.copy(self.image, self.dir + '/copy')
            self.assertRefused(self.run_image('--', 'true', image=copy), 125, r'root \S+/copy: denied for \w+: no rule allows it')
            os.symlink(self.image, self.dir + '/link')
            self.assertRan(self.run_image('--', 'true', image=self.dir + '/link'))
            r = self.croft(USER, 'policy', 'explain', 'root', self.image)
            self.assertRan(r)
        with self.policy(rest + f'allow everyone root /**\ndeny everyone root {self.images}/root.squashfs\n'):
            self.assertRefused(self.run_image('--', 'true'), 125, r'denied for \w+: \S+policy.conf:5 denies it')

    def test_what_is_no_image_is_refused(self):
        for name, content, message in (
                ('text', 'hello\n' * 500, 'it is a file, and neither a squashfs nor an erofs image\ncroft: hint: .*croft root import'),
                ('empty', '', 'neither a squashfs nor an erofs image'),
                ('magic', 'hsqs', r'hint: the program that reads the image says: '),
                ('zeros', b'hsqs' + bytes(8192), r'hint: the program that reads the image says: ')):
            with self.subTest(name):
                path = self.write(f'{self.dir}/{name}', content, USER)
                self.assertRefused(self.run_image('--', 'true', image=path), 125, message)
        os.mkfifo(self.dir + '/fifo')
        self.assertRefused(self.run_image('--', 'true', image=self.dir + '/fifo'), 125, 'root .*/fifo: Not a directory')
        os.chmod(self.write(self.dir + '/shut', 'hsqs'), 0o600)
        self.assertRefused(self.run_image('--', 'true', image=self.dir + '/shut'), 125, 'root .*/shut: Permission denied')

    def test_a_damaged_image_ends_in_an_error_and_nothing_else(self):
        with open(self.image, 'rb') as f:
            whole = f.read()
        rand = random.Random(3)
        for _ in range(8):
            damaged = bytearray(whole[:rand.choice((len(whole), len(whole) // 2, 100))])
            for _ in range(200):
                damaged[rand.randrange(4, len(damaged))] = rand.randrange(256)
            self.write(self.dir + '/damaged', bytes(damaged), USER)
            r = self.run_image('--map', 'self', '--', 'cat', '/srv/owned', image=self.dir + '/damaged', timeout=30)
            self.assertIn(r.status, (0, 1, 125, 126, 127, 128 + 7, 128 + 11), r)
            self.assertEqual(self.leftovers(), [])

    def test_names_of_users_are_not_looked_up(self):
        self.assertRan(self.run_image('-u', '33:33', '--', 'true'))
        self.assertRefused(self.run_image('-u', 'root', '--', 'true'), 125,
                           'user root: names are not looked up in an image\ncroft: hint: give numbers')

    def test_what_is_missing_on_the_host_is_said(self):
        hidden = ['/usr/bin/squashfuse_ll', '/usr/bin/squashfuse']
        try:
            for path in hidden:
                subprocess.run(['mount', '--bind', '/dev/null', path], check=True)
            self.assertRefused(self.run_image('--', 'true'), 125,
                               r'root \S+: squashfuse is not installed\ncroft: hint: sudo apt-get install squashfuse')
        finally:
            for path in hidden:
                subprocess.run(['umount', path], check=True)
        os.chmod(self.prefix + '/fuse', 0o600)
        try:
            self.assertRefused(self.run_image('--', 'true'), 125,
                               r'open /dev/fuse: Permission denied\ncroft: hint: sudo chmod 666 /dev/fuse')
            self.assertRegex(self.croft(USER, 'doctor').out, r'(?m)^warn +images +open /dev/fuse: Permission denied')
        finally:
            os.chmod(self.prefix + '/fuse', 0o666)


class Life(ImageTest):
    def started(self, *command):
        """A sandbox over the image whose command runs; and the process that reads the image."""
        p = self.popen_as(USER, [self.croft_path, 'run', self.image, '--', 'bash', '-c', 'echo ready; ' + ' '.join(command)])
        self.assertEqual(p.stdout.readline(), b'ready\n')
        return p, next(pid for pid, line in processes_of(test_ids()) if line.startswith('/usr/bin/squashfuse_ll'))

    def test_nothing_is_left_when_croft_is_killed(self):
        p, _ = self.started('cat', '/srv/owned;', 'sleep', '1000')
        p.kill()
        self.assertEqual(p.wait(20), -signal.SIGKILL)
        self.assertEqual(self.leftovers(), [])

    def test_nothing_is_left_when_it_is_killed_at_any_moment(self):
        rand = random.Random(11)
        for _ in range(25):
            p = self.popen_as(USER, [self.croft_path, 'run', '--map', 'self', self.image, '--', 'sleep', '1000'])
            time.sleep(rand.random() * 0.06)
            p.kill()
            p.wait(20)
        self.assertEqual(self.leftovers(), [])

    def test_a_sandbox_whose_image_is_no_longer_read_gets_errors_and_ends(self):
        p, reader = self.started('while cat /srv/owned >/dev/null; do :; done;', 'exit 3')
        os.kill(reader, signal.SIGKILL)
        self.assertIn(p.wait(20), (3, 128 + signal.SIGBUS))
        self.assertEqual(self.leftovers(), [])

    def test_it_can_be_killed_while_it_waits_for_what_reads_the_image(self):
        """A request that was read and not answered holds whoever waits for it, against KILL too."""
        p, reader = self.started("trap '' TERM;", 'for i in 1 2 3 4 5 6 7 8; do while :; do n=$((n + 1)); [ -e /none$i/$n ] || [ -e /none$i.$n ]; done & done; wait')
        shells = [pid for pid, line in processes_of(test_ids()) if line.startswith('bash')]

        def waits():
            os.kill(reader, signal.SIGSTOP)
            time.sleep(0.01)
            if any(self.state_of(pid)['State'][0] == 'D' for pid in shells):
                return True
            os.kill(reader, signal.SIGCONT)
            return False
        self.wait_for(waits, 60)

        def ended():
            p.terminate()
            return p.poll() is not None
        self.wait_for(ended, 60)
        self.assertEqual(p.returncode, 128 + signal.SIGKILL)
        self.assertEqual(self.leftovers(20), [])

    def test_each_process_of_croft_killed_leaves_nothing(self):
        before = len(processes_of(test_ids()))
        p, _ = self.started('sleep', '1000')
        count = len(processes_of(test_ids())) - before
        p.kill()
        p.wait(20)
        self.assertEqual(self.leftovers(), [])
        self.assertGreater(count, 4)
        for i in range(count):
            p, _ = self.started('sleep', '1000')
            pid, line = sorted(processes_of(test_ids()))[i]
            with self.subTest(line):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                time.sleep(0.1)
                p.terminate()
                p.wait(30)
                self.assertEqual(self.leftovers(), [])

    def test_what_reads_the_image_is_confined(self):
        p, reader = self.started('sleep', '1000')
        with open(f'/proc/{reader}/status', encoding='utf-8') as f:
            status = dict(re.findall(r'(?m)^(\w+):\s*(.*)$', f.read()))
        self.assertEqual((status['NoNewPrivs'], status['Seccomp'], int(status['CapEff'], 16), int(status['CapBnd'], 16)),
                         ('1', '2', 0, 0))
        for kind in ('net', 'pid', 'mnt', 'user', 'ipc'):
            self.assertNotEqual(os.readlink(f'/proc/{reader}/ns/{kind}'), os.readlink(f'/proc/self/ns/{kind}'), kind)
        self.assertFalse(os.path.exists(f'/proc/{reader}/root{self.dir}'))
        with open(f'/proc/{reader}/environ', encoding='utf-8') as f:
            self.assertEqual(sorted(filter(None, f.read().split('\0'))), ['LC_ALL=C', 'PATH=/usr/bin:/bin'])
        held = {os.stat(f'/proc/{reader}/fd/{fd}') for fd in os.listdir(f'/proc/{reader}/fd')}
        image, null, fuse = os.stat(self.image), os.makedev(1, 3), os.makedev(10, 229)
        for st in held:
            self.assertTrue(st.st_rdev in (null, fuse) or st.st_ino == image.st_ino or stat.S_ISFIFO(st.st_mode), st)
        p.terminate()
        p.wait(20)

    def test_another_user_cannot_use_it(self):
        os.chmod(self.dir, 0o700)
        copy = shutil.copy(self.image, self.dir + '/mine')
        os.chmod(copy, 0o600)
        self.give(copy, USER)
        self.assertRan(self.run_image('--', 'true', image=copy))
        self.assertRefused(self.croft(USER2, 'run', copy, '--', 'true'), 125, 'root .*/mine: Permission denied')
