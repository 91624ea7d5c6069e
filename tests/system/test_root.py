"""croft root: what build copies (compared with ldd), what it refuses, what it leaves behind; list; rm."""
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import time

from croft_test import USER, USER2, USER_NO_SUB, CroftTest, snapshot_tree, sub_ranges


def ldd(program):
    """The libraries that ldd(1) says a program loads, as paths."""
    text = subprocess.run(['ldd', program], check=True, capture_output=True, text=True).stdout
    return set(re.findall(r'(/\S+) \(0x', text))


def inside(root, path):
    """Where an absolute path leads in a root, links followed as a chroot would, as a path of the host."""
    links = 0
    todo, real = path.split('/'), []
    while todo:
        name = todo.pop(0)
        if name in ('', '.'):
            continue
        if name == '..':
            real = real[:-1]
            continue
        full = '/'.join([root, *real, name])
        if os.path.islink(full):
            links += 1
            if links > 40:
                raise OSError(f'too many links: {path}')
            target = os.readlink(full)
            todo = target.split('/') + todo
            real = [] if target.startswith('/') else real
        else:
            real.append(name)
    return '/'.join([root, *real])


class RootTest(CroftTest):
    def setUp(self):
        self.dir = self.make_dir(USER)
        self.root = self.dir + '/rootfs'

    def build(self, *args, status=0, user=USER, **kwargs):
        r = self.croft(user, 'root', 'build', *args, **kwargs)
        self.assertEqual(r.status, status, r)
        return r

    def assertSame(self, path):
        """The file at a path of the host came to the same path of the root, with its contents, mode and time."""
        there = inside(self.root, path)
        self.assertTrue(os.path.isfile(there), f'{path} is not in the root')
        with open(path, 'rb') as a, open(there, 'rb') as b:
            self.assertEqual(a.read(), b.read(), path)
        a, b = os.stat(path), os.stat(there)
        self.assertEqual(stat.S_IMODE(b.st_mode), stat.S_IMODE(a.st_mode) & 0o777, path)
        self.assertEqual(b.st_mtime_ns, a.st_mtime_ns, path)

    def run_in_root(self, *argv):
        """Runs a command in the root, by chroot(1) and with a /proc, without which ld.so does not know $ORIGIN."""
        return self.run_as('root', ['unshare', '--mount', '--propagation', 'private', 'sh', '-c',
                                    'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"', self.root, *argv])

    def in_chroot(self, script):
        return self.run_in_root('/bin/bash', '-lc', script)

    def assertNothingLeft(self):
        self.assertEqual(os.listdir(self.dir), [])

    def compile(self, source, output, *flags):
        subprocess.run(['gcc', '-x', 'c', '-', '-x', 'none', '-o', output, *flags], input=source, text=True, check=True)
        return output


class Build(RootTest):
    def test_a_built_root_has_a_working_shell(self):
        self.build('./rootfs', 'bash', 'ls', 'cat', 'ps', 'top', cwd=self.dir)
        r = self.in_chroot('ls / && cat /etc/hostname && echo "$PATH" && top -b -n 1 >/dev/null && echo ~')
        self.assertRan(r)
        self.assertIn('proc\nroot\nrun\nsbin\nsrv\nsys\ntmp\nusr\nvar\ncroft\n'
                      '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n', r.out)
        self.assertTrue(r.out.endswith('/root\n'), r)
        self.assertEqual(r.err, '')

    def test_the_sandbox_runs_it(self):
        self.build('./rootfs', 'bash', 'ls', 'cat', 'ps', 'id', cwd=self.dir)
        script = 'id -un; cat /etc/hostname; ps -e -o comm=; true'
        r = self.croft(USER, 'run', './rootfs', 'bash', '-lc', script, cwd=self.dir)
        self.assertRan(r)
        self.assertEqual(r.out.splitlines()[0], 'root')
        self.assertIn('bash', r.out)

    def test_everything_ldd_names_is_there(self):
        programs = ['bash', 'ls', 'top', 'python3', 'perl', 'git', 'find', 'awk', 'tar']
        paths = [p for p in (shutil.which(name, path='/usr/bin:/bin') for name in programs) if p]
        self.assertGreater(len(paths), 6)
        self.build(self.root, *paths)
        for path in paths:
            self.assertSame(path)
            for library in ldd(path):
                self.assertSame(library)

    def test_the_modules_to_look_up_names_are_there(self):
        self.build(self.root, 'bash', 'id', 'getent')
        r = self.in_chroot('id nobody && getent group tty && getent hosts localhost')
        self.assertRan(r)
        self.assertEqual(r.out, 'uid=65534(nobody) gid=65534(nogroup) groups=65534(nogroup)\ntty:x:5:\n'
                                '::1             localhost ip6-localhost ip6-loopback\n')

    def test_users_of_the_host_are_not_copied(self):
        self.build(self.root, 'bash')
        with open(self.root + '/etc/passwd', encoding='utf-8') as f:
            names = [line.split(':')[0] for line in f]
        self.assertEqual(names, ['root', 'daemon', 'bin', 'sys', 'mail', 'nobody'])
        self.assertFalse(os.path.exists(self.root + '/etc/shadow'))

    def test_the_tree_has_the_modes_of_a_root(self):
        self.build(self.root, 'ls', umask=0o077)
        for path, mode in {'': 0o755, 'tmp': 0o1777, 'var/tmp': 0o1777, 'dev/shm': 0o1777, 'root': 0o700,
                           'proc': 0o555, 'etc': 0o755, 'usr/bin': 0o755, 'etc/passwd': 0o644}.items():
            self.assertEqual(stat.S_IMODE(os.lstat(f'{self.root}/{path}').st_mode), mode, path)
        for link in ('bin', 'sbin', 'lib', 'lib64'):
            if os.path.islink('/' + link):
                self.assertEqual(os.readlink(f'{self.root}/{link}'), os.readlink('/' + link))

    def test_setuid_bits_are_not_kept(self):
        self.build(self.root, 'su')
        self.assertTrue(os.stat(shutil.which('su')).st_mode & stat.S_ISUID)
        self.assertEqual(os.stat(inside(self.root, shutil.which('su'))).st_mode & 0o7777, 0o755)

    def test_links_are_copied_with_what_they_lead_to(self):
        self.build(self.root, 'bash', 'awk')
        self.assertEqual(os.readlink(self.root + '/usr/bin/awk'), os.readlink('/usr/bin/awk'))
        self.assertEqual(self.in_chroot("awk 'BEGIN { print 6 * 7 }'").out, '42\n')

    def test_a_script_brings_its_interpreter(self):
        env = self.write(self.dir + '/env-script', '#!/usr/bin/env -S awk -f\nBEGIN { print "by env" }\n', USER, 0o755)
        sh = self.write(self.dir + '/sh-script', '#! /bin/sh\necho by sh\n', USER, 0o755)
        self.build(self.root, 'bash', './env-script', './sh-script', cwd=self.dir)
        r = self.in_chroot(f'{env}; {sh}')
        self.assertEqual((r.out, r.err), ('by env\nby sh\n', ''))

    def test_locale_and_terminals_come_with_a_shell(self):
        self.build(self.root, 'bash')
        r = self.in_chroot(r'LC_ALL=C.UTF-8; x=$(printf "\xc3\xb6"); echo ${#x}')
        self.assertEqual((r.out, r.err), ('1\n', ''))
        found = [name for _, _, files in os.walk(self.root) for name in files]
        for terminal in ('linux', 'xterm', 'xterm-256color', 'screen', 'tmux', 'vt100'):
            self.assertIn(terminal, found)

    def test_a_static_program_needs_nothing(self):
        self.compile('int main(void) { return 42; }', self.dir + '/static', '-static')
        self.build(self.root, self.dir + '/static')
        r = self.run_in_root(self.dir + '/static')
        self.assertEqual(r.status, 42)
        self.assertFalse(os.path.exists(self.root + '/etc/ld.so.cache'))

    def test_a_name_is_kept_with_the_other_roots(self):
        self.addCleanup(self.croft, USER, 'root', 'rm', '--force', 'built')
        data = {'XDG_DATA_HOME': self.dir + '/data'}
        self.build('built', 'ls', env=data)
        self.assertTrue(os.path.exists(self.dir + '/data/croft/roots/built/usr/bin/ls'))
        self.assertEqual(stat.S_IMODE(os.stat(self.dir + '/data').st_mode), 0o700)

    def test_an_empty_directory_is_filled(self):
        os.mkdir(self.root)
        self.give(self.root, USER)
        self.build('./rootfs/', 'ls', cwd=self.dir)
        self.assertSame('/usr/bin/ls')
        self.assertEqual(os.listdir(self.dir), ['rootfs'])

    def test_the_output_is_what_was_asked_for(self):
        self.assertEqual(self.build('--quiet', self.dir + '/a', 'ls').err, '')
        self.assertRegex(self.build(self.dir + '/b', 'ls').err,
                         r'^croft: /\S+/b: \d+ files, [\d.]+ MiB in \d+\.\d s\n$')
        verbose = self.build('-v', self.dir + '/c', 'ls').err
        self.assertRegex(verbose, r'(?m)^usr/bin/ls$')
        t = self.terminal(USER, [self.croft_path, 'root', 'build', self.dir + '/d', 'ls'])
        self.assertEqual(t.wait(), 0)
        self.assertRegex(t.seen, r'\r\d+/\d+ files, \S+ \S+  usr/\S+\x1b\[K')
        self.assertRegex(t.seen, r'\r\x1b\[Kcroft: /\S+/d: \d+ files')

    def test_a_file_below_tmp_is_said_to_be_hidden(self):
        folder = subprocess.run(['mktemp', '-d', '/tmp/croft-XXXXXX'], check=True, capture_output=True,
                                text=True).stdout.strip()
        self.addCleanup(shutil.rmtree, folder)
        os.chmod(folder, 0o755)
        script = self.write(folder + '/x', '#!/bin/sh\n', 'root', 0o755)
        self.assertRegex(self.build(self.root, script).err, r'note: /tmp/\S+/x will not be seen in a sandbox')


class Search(RootTest):
    """The rules of ld.so(8), with programs compiled here. For each: the root has the library that ldd names."""

    def setUp(self):
        super().setUp()
        for folder in ('bin', 'lib', 'other'):
            os.mkdir(f'{self.dir}/{folder}')
        self.program = self.dir + '/bin/prog'

    def library(self, path, name, value, *flags, source=None):
        self.compile(source or f'int {name}(void) {{ return {value}; }}', path, '-shared', '-fPIC',
                     '-Wl,-soname,' + os.path.basename(path), *flags)

    def main_of(self, function, *flags):
        self.compile(f'int {function}(void); int main(void) {{ return {function}(); }}', self.program,
                     '-L' + self.dir + '/lib', '-L' + self.dir + '/other', *flags)

    def assertFinds(self, status):
        self.build(self.root, self.program)
        self.assertEqual(self.run_as('root', [self.program]).status, status, 'the host')
        self.assertEqual(self.run_in_root(self.program).status, status, 'the root')
        for library in ldd(self.program):
            self.assertSame(os.path.normpath(library))

    def test_runpath_with_origin(self):
        self.library(self.dir + '/lib/libone.so', 'one', 11)
        self.main_of('one', '-lone', '-Wl,-rpath,$ORIGIN/../lib', '-Wl,--enable-new-dtags')
        self.assertFinds(11)

    def test_origin_is_where_the_link_leads(self):
        self.library(self.dir + '/lib/libone.so', 'one', 12)
        self.main_of('one', '-lone', '-Wl,-rpath,$ORIGIN/../lib')
        os.symlink('bin/prog', self.dir + '/link')
        self.build(self.root, self.dir + '/link')
        self.assertEqual(self.run_in_root(self.dir + '/link').status, 12)

    def test_rpath_is_inherited(self):
        self.library(self.dir + '/other/libtwo.so', 'two', 13)
        self.library(self.dir + '/lib/libone.so', 'one', 0, '-L' + self.dir + '/other', '-ltwo',
                     source='int two(void); int one(void) { return two(); }')
        self.main_of('one', '-lone', '-ltwo', '-Wl,-rpath,$ORIGIN/../lib:$ORIGIN/../other', '-Wl,--disable-new-dtags',
                     '-Wl,--as-needed')
        self.assertFinds(13)

    def test_runpath_is_not_inherited(self):
        self.library(self.dir + '/other/libtwo.so', 'two', 14)
        self.library(self.dir + '/lib/libone.so', 'one', 0, '-L' + self.dir + '/other', '-ltwo',
                     source='int two(void); int one(void) { return two(); }')
        self.main_of('one', '-lone', '-ltwo', '-Wl,-rpath,$ORIGIN/../lib:$ORIGIN/../other', '-Wl,--enable-new-dtags',
                     '-Wl,--as-needed')
        self.assertEqual(self.run_as('root', [self.program]).status, 127)  # ld.so does not find it, either
        r = self.croft(USER, 'root', 'build', self.root, self.program)
        self.assertRefused(r, 125, r'library libtwo\.so, which \S+/libone\.so needs, was not found')

    def test_a_library_that_is_loaded_is_not_searched_again(self):
        self.library(self.dir + '/other/libtwo.so', 'two', 15)
        self.library(self.dir + '/lib/libone.so', 'one', 0, '-L' + self.dir + '/other', '-ltwo',
                     source='int two(void); int one(void) { return two(); }')
        self.main_of('one', '-Wl,--no-as-needed', '-ltwo', '-lone', '-Wl,-rpath,$ORIGIN/../lib:$ORIGIN/../other',
                     '-Wl,--enable-new-dtags')
        self.assertFinds(15)

    def test_the_first_directory_wins(self):
        self.library(self.dir + '/other/libone.so', 'one', 16)
        self.library(self.dir + '/lib/libone.so', 'one', 17)
        self.main_of('one', '-lone', '-Wl,-rpath,' + self.dir + '/other:' + self.dir + '/lib')
        self.assertFinds(16)
        self.assertFalse(os.path.exists(inside(self.root, self.dir + '/lib/libone.so')))

    def test_a_library_of_another_machine_is_passed_over(self):
        self.library(self.dir + '/lib/libone.so', 'one', 18)
        with open(self.dir + '/lib/libone.so', 'rb') as f:
            data = bytearray(f.read())
        data[18] ^= 0x40  # e_machine
        self.write(self.dir + '/other/libone.so', '')
        with open(self.dir + '/other/libone.so', 'wb') as f:
            f.write(data)
        self.main_of('one', self.dir + '/lib/libone.so', '-Wl,-rpath,' + self.dir + '/other:' + self.dir + '/lib')
        self.assertFinds(18)

    def test_variants_for_better_processors_are_copied_too(self):
        os.makedirs(self.dir + '/lib/glibc-hwcaps/x86-64-v2')
        self.library(self.dir + '/lib/libone.so', 'one', 19)
        self.library(self.dir + '/lib/glibc-hwcaps/x86-64-v2/libone.so', 'one', 19)
        self.main_of('one', '-lone', '-Wl,-rpath,$ORIGIN/../lib')
        self.assertFinds(19)
        self.assertSame(self.dir + '/lib/libone.so')
        self.assertSame(self.dir + '/lib/glibc-hwcaps/x86-64-v2/libone.so')

    def test_a_needed_path_is_a_path(self):
        subprocess.run(['gcc', '-x', 'c', '-', '-shared', '-fPIC', '-o', self.dir + '/lib/libpath.so'],
                       input='int path(void) { return 20; }', text=True, check=True)  # without a soname
        self.main_of('path', self.dir + '/lib/libpath.so')
        self.assertFinds(20)

    def test_a_missing_library_is_named_with_the_search(self):
        self.library(self.dir + '/lib/libone.so', 'one', 1)
        self.main_of('one', '-lone', '-Wl,-rpath,$ORIGIN/../lib')
        os.unlink(self.dir + '/lib/libone.so')
        r = self.croft(USER, 'root', 'build', self.root, self.program)
        self.assertRefused(r, 125, r'croft: library libone\.so, which \S+/bin/prog needs, was not found \(looked in '
                                   r'\S+/bin/\.\./lib, /etc/ld\.so\.cache, /lib/\S+, /usr/lib')
        self.assertFalse(os.path.exists(self.root))


class Refusals(RootTest):
    def assertBuildRefused(self, message, *args, **kwargs):
        self.assertRefused(self.croft(USER, 'root', 'build', *args, **kwargs), 125, message)

    def test_each_bad_input_has_its_sentence_and_leaves_nothing(self):
        text = self.write(self.prefix + '/text', 'no program\n', 'root', 0o755)
        empty = self.write(self.prefix + '/empty', '', 'root', 0o755)
        cut = self.write(self.prefix + '/cut', b'\x7fELF\x02\x01\x01', 'root', 0o755)
        with open('/bin/ls', 'rb') as f:
            half = self.write(self.prefix + '/half', f.read(3000), 'root', 0o755)
        secret = self.write(self.prefix + '/secret', '#!/bin/sh\n', 'root', 0o711)
        loop = self.write(self.prefix + '/loop', f'#!{self.prefix}/loop\n', 'root', 0o755)
        lost = self.write(self.prefix + '/lost', '#!/nonexistent/sh\n', 'root', 0o755)
        bare = self.write(self.prefix + '/bare', '#!\n', 'root', 0o755)
        for path in (text, empty, cut, half, secret, loop, lost, bare):
            self.addCleanup(os.unlink, path)
        for message, *args in (
                ('command nosuch was not found in PATH', './r', 'nosuch'),
                ('command --force was not found in PATH\ncroft: hint: options stand before', './r', '--force', 'ls'),
                ('command /nonexistent/x: No such file', './r', '/nonexistent/x'),
                ('command /etc/passwd is not executable', './r', '/etc/passwd'),
                ('command /dev/null is not a regular file', './r', '/dev/null'),
                ('command /etc is not a regular file', './r', '/etc'),
                ('the name of a command is empty', './r', ''),
                (r'text is neither an ELF program nor a script', './r', text),
                (r'empty is neither an ELF program nor a script', './r', empty),
                (r'cut is an ELF file, but neither', './r', cut),
                (r'half is a damaged ELF file', './r', half),
                (r'open \S+/secret: Permission denied', './r', secret),
                (r'scripts interpret each other too deeply', './r', loop),
                (r'the interpreter of \S+/lost: command /nonexistent/sh: No such file', './r', lost),
                (r"bare begins with '#!', but not with a usable interpreter", './r', bare),
                (r'command no\\nsuch was not found', './r', 'no\nsuch'),
                ("'host' is built in", 'host', 'ls'),
                ("cannot begin with '.': ..\ncroft: hint: write ../", '..', 'ls'),
                ('open the directory that nosuch/r is to lie in: No such file', 'nosuch/r', 'ls'),
                ("/ is there and not empty", '/', 'ls'),
                ("/ is the host's own root", '--force', '/', 'ls'),
                ('make a directory beside /etc/r: Permission denied', '/etc/r', 'ls'),
                ('root build: an operand is missing', './r'),
                ('root build: a command is missing', './r', '--'),
                ('exclude each other', '-qv', './r', 'ls'),
                ('unknown option --frob', '--frob', './r', 'ls')):
            with self.subTest(args=args):
                self.assertBuildRefused(message, *args, cwd=self.dir)
                self.assertNothingLeft()

    def test_a_directory_with_something_in_it_is_refused(self):
        self.write(self.dir + '/mine', 'x', USER)
        before = snapshot_tree(self.dir)
        self.assertBuildRefused(r'is there and not empty\ncroft: hint: --force adds to it', self.dir + '/', 'ls')
        self.assertUnchanged(self.dir, before)

    def test_links_to_nowhere_and_files_are_refused(self):
        os.symlink('nowhere', self.dir + '/dangling')
        self.write(self.dir + '/file', 'x', USER)
        self.assertBuildRefused('is a symbolic link that leads nowhere', self.dir + '/dangling', 'ls')
        self.assertBuildRefused('is there and not a directory', self.dir + '/file', 'ls')

    def test_a_full_disk_leaves_nothing(self):
        disk = self.dir + '/disk'
        os.mkdir(disk)
        subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=1m,mode=777', 'croft-test', disk], check=True)
        try:
            self.assertBuildRefused(r'croft: copy \S+: No space left on device\ncroft: hint: the file system',
                                    disk + '/r', 'bash', 'ls')
            self.assertEqual(os.listdir(disk), [])
        finally:
            subprocess.run(['umount', disk], check=True)

    def test_a_signal_in_the_middle_leaves_nothing(self):
        big = self.dir + '/big'
        with open('/bin/true', 'rb') as f:
            self.write(big, f.read(), USER, 0o755)
        os.truncate(big, 6 << 30)  # sparse: takes long to copy by hand, not much room
        for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            disk = self.dir + '/disk'
            os.mkdir(disk)
            subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=8g,mode=777', 'croft-test', disk], check=True)
            try:
                process = self.popen_as(USER, [self.croft_path, 'root', 'build', disk + '/r', big])
                deadline = time.monotonic() + 20
                while not os.listdir(disk) and time.monotonic() < deadline:
                    time.sleep(0.005)
                time.sleep(0.05)
                self.assertIsNone(process.poll(), 'it has ended already')
                process.send_signal(sig)
                self.assertEqual(process.wait(20), -sig)
                self.assertEqual(os.listdir(disk), [])
            finally:
                subprocess.run(['umount', disk], check=True)
                os.rmdir(disk)


class Force(RootTest):
    def test_a_command_is_added(self):
        self.build(self.root, 'bash')
        self.write(self.root + '/etc/hostname', 'mine\n', USER)
        os.unlink(self.root + '/usr/bin/bash')
        self.build('--force', self.root, 'bash', 'cat')
        self.assertEqual(self.in_chroot('cat /etc/hostname').out, 'mine\n')

    def test_links_in_an_old_root_lead_nowhere_else(self):
        outside = self.make_dir(USER)
        self.write(outside + '/bash', 'outside', USER)
        before = snapshot_tree(outside)
        for kind in ('absolute', 'relative', 'magic'):
            target = {'absolute': outside, 'relative': '../' * 20 + outside[1:], 'magic': '/proc/self/cwd'}[kind]
            for where in ('usr', 'usr/bin', 'etc', 'usr/lib', 'tmp', 'bin', 'var'):
                with self.subTest(kind=kind, where=where):
                    shutil.rmtree(self.root, ignore_errors=True)
                    os.makedirs(os.path.dirname(f'{self.root}/{where}'))
                    os.symlink(target, f'{self.root}/{where}')
                    for folder, _, _ in os.walk(self.root):
                        self.give(folder, USER)
                    self.croft(USER, 'root', 'build', '--force', self.root, 'bash', cwd=outside)
                    self.assertUnchanged(outside, before)

    def test_a_link_in_place_of_a_file_is_replaced_not_followed(self):
        outside = self.write(self.dir + '/outside', 'outside', USER)
        os.makedirs(self.root + '/usr/bin')
        os.symlink(outside, self.root + '/usr/bin/bash')
        subprocess.run(['chown', '-R', USER, self.root], check=True)
        self.build('--force', self.root, 'bash')
        self.assertSame('/usr/bin/bash')
        self.assertFalse(os.path.islink(self.root + '/usr/bin/bash'))
        with open(outside, encoding='utf-8') as f:
            self.assertEqual(f.read(), 'outside')

    def test_a_link_that_leads_inside_is_followed(self):
        os.makedirs(self.root + '/system/bin')
        os.symlink('/system', self.root + '/usr')
        subprocess.run(['chown', '-Rh', USER, self.root], check=True)
        self.build('--force', self.root, 'bash')
        self.assertTrue(os.path.isfile(self.root + '/system/bin/bash'))


class ListAndRemove(RootTest):
    def setUp(self):
        super().setUp()
        self.env = {'XDG_DATA_HOME': self.dir + '/data'}
        self.roots = self.dir + '/data/croft/roots'

    def root_verb(self, *args, user=USER):
        return self.croft(user, 'root', *args, env=self.env)

    def test_named_roots_are_listed(self):
        self.build('web', 'ls', env=self.env)
        os.mkdir(self.roots + '/.hidden')
        self.write(self.roots + '/file', '', USER)
        shared = self.statedir + '/roots/everybody'
        os.makedirs(shared)
        self.addCleanup(os.rmdir, shared)
        r = self.root_verb('list')
        self.assertRan(r)
        self.assertEqual([line.split() for line in r.out.splitlines()],
                         [['web', 'user', 'directory', self.roots + '/web'], ['everybody', 'shared', 'directory', shared]])
        self.assertEqual(json.loads(self.root_verb('list', '--json').out), [
            {'name': 'web', 'where': 'user', 'kind': 'directory', 'path': self.roots + '/web'},
            {'name': 'everybody', 'where': 'shared', 'kind': 'directory', 'path': shared}])
        self.assertRefused(self.root_verb('rm', 'everybody'), 125, "root everybody is everybody's, in ")
        self.assertTrue(os.path.isdir(shared))

    def test_without_roots_the_list_is_empty(self):
        self.assertEqual(self.root_verb('list').out, '')
        self.assertEqual(json.loads(self.root_verb('list', '--json').out), [])

    def test_a_root_is_removed(self):
        self.build('web', 'bash', env=self.env)
        self.build('other', 'ls', env=self.env)
        self.assertRan(self.root_verb('rm', 'web'))
        self.assertEqual(os.listdir(self.roots), ['other'])
        self.assertRefused(self.root_verb('rm', 'web'), 125, 'there is no root called web')
        self.assertRan(self.root_verb('rm', '--force', 'web', 'other'))
        self.assertEqual(os.listdir(self.roots), [])

    def fill_with_subordinate_files(self, user):
        """A root with folders of a subordinate id that its owner may not even look into."""
        self.build('web', 'ls', env=self.env, user=user)
        first = sub_ranges(user, '/etc/subuid')[0][0]
        group = sub_ranges(user, '/etc/subgid')[0][0]
        deep = self.roots + '/web/srv/deep/er'
        os.makedirs(deep)
        self.write(deep + '/file', 'x')
        for path in (self.roots + '/web/srv/deep', deep, deep + '/file'):
            os.chown(path, first + 33, group + 33)
            os.chmod(path, 0o700)
        return self.roots + '/web'

    def test_files_of_subordinate_ids_are_removed(self):
        root = self.fill_with_subordinate_files(USER)
        self.assertNotEqual(self.run_as(USER, ['rm', '-rf', root + '/srv']).status, 0)  # a positive control
        self.assertRan(self.root_verb('rm', 'web'))
        self.assertEqual(os.listdir(self.roots), [])

    def test_a_path_is_refused_with_the_command_that_removes_it(self):
        root = self.dir + '/a root'
        os.rename(self.fill_with_subordinate_files(USER), root)
        r = self.root_verb('rm', root)
        self.assertRefused(r, 125, 'is a path, not the name of a root')
        self.assertTrue(os.path.exists(root + '/srv/deep'))
        command = re.search(r'(?m)^croft: hint: (mkdir .*)$', r.err)[1].replace('a root', '"a root"')
        self.assertRan(self.run_as(USER, ['sh', '-c', 'croft() { "$0" "$@"; }; ' + command, self.croft_path], env=self.env))
        self.assertEqual((os.path.exists(root), os.listdir(self.roots)), (False, []))

    def test_files_of_another_user_are_not(self):
        self.build('web', 'ls', env=self.env)
        kept = self.roots + '/web/srv/kept'
        os.mkdir(kept)
        self.write(kept + '/file', 'x', USER2)
        self.give(kept, USER2)
        r = self.root_verb('rm', 'web')
        self.assertRefused(r, 125, 'root web is no root any more, but not all of it could be removed: remove /')
        self.assertEqual(len(os.listdir(self.roots)), 1)  # hidden, with what is left
        self.assertEqual(self.root_verb('list').out, '')
        left = f'{self.roots}/{os.listdir(self.roots)[0]}'
        self.assertEqual(sorted(name for _, dirs, files in os.walk(left) for name in dirs + files),
                         ['file', 'kept', 'srv'])

    def test_without_subordinate_ids_the_reason_is_said(self):
        self.dir = self.make_dir(USER_NO_SUB)
        self.env = {'XDG_DATA_HOME': self.dir + '/data'}
        self.roots = self.dir + '/data/croft/roots'
        self.build('web', 'ls', env=self.env, user=USER_NO_SUB)
        os.makedirs(self.roots + '/web/srv/x/y')
        r = self.root_verb('rm', 'web', user=USER_NO_SUB)
        self.assertRefused(r, 125, r'(?s)not all of it could be removed.*hint: with your subordinate ids: ')

    def test_links_and_mounts_are_not_followed(self):
        outside = self.make_dir(USER)
        self.write(outside + '/file', 'x', USER)
        root = self.fill_with_subordinate_files(USER)
        os.symlink(outside, root + '/link')
        os.symlink(outside, root + '/srv/deep/link')
        os.mkdir(root + '/mnt/point')
        subprocess.run(['mount', '--bind', outside, root + '/mnt/point'], check=True)
        before = snapshot_tree(outside)
        r = self.root_verb('rm', 'web')
        left = f'{self.roots}/{os.listdir(self.roots)[0]}'
        subprocess.run(['umount', left + '/mnt/point'], check=True)
        self.assertRefused(r, 125, 'point: something is mounted there')
        self.assertUnchanged(outside, before)

    def test_names_that_are_none_are_refused(self):
        self.build('web', 'ls', env=self.env)
        before = snapshot_tree(self.roots)
        for name, message in (('../roots', 'is a path'), ('.', "cannot begin with '.'"),
                              ('..', "cannot begin with '.'"), ('.web', "cannot begin with '.'"),
                              ('host', "'host' is built in"), ('', 'is empty'),
                              (self.roots + '/web', 'is a path'), ('web/', 'is a path')):
            with self.subTest(name=name):
                self.assertRefused(self.root_verb('rm', 'web', name), 125, message)
                self.assertUnchanged(self.roots, before)
        self.assertRefused(self.root_verb('rm', '--', '-web'), 125, "cannot begin with '-'")


class Command(CroftTest):
    def test_help_is_printed_for_each_word(self):
        for words in ([], ['build'], ['list'], ['rm']):
            r = self.croft(USER, 'root', *words, '--help')
            self.assertRan(r)
            self.assertTrue(r.out.startswith('Usage: croft root'), r)

    def test_an_unknown_word_is_refused(self):
        self.assertRefused(self.croft(USER, 'root', 'frob'), 125, 'unknown word frob: build, import, list or rm')
        self.assertRefused(self.croft(USER, 'root'), 125, 'root: an operand is missing')

    def test_a_missing_program_is_said(self):
        away = self.libexec + '/croft-root.away'
        os.rename(self.libexec + '/croft-root', away)
        try:
            r = self.croft(USER, 'root', 'build', './x', 'ls')
        finally:
            os.rename(away, self.libexec + '/croft-root')
        self.assertRefused(r, 125, r"croft: \S+/croft-root is not there, which 'croft root build' needs\ncroft: hint: ")
