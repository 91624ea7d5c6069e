"""What must not get into a sandbox, and what a command in it must not have: looked at from inside and from outside."""
import contextlib
import os
import pwd
import re
import resource
import signal
import stat

from croft_test import EXIT_CROFT, USER, USER_NO_SUB
from run_case import MAPS, RunTest, fields_of

CAPS = {'CHOWN': 0, 'DAC_OVERRIDE': 1, 'FOWNER': 3, 'FSETID': 4, 'KILL': 5, 'SETGID': 6, 'SETUID': 7, 'SETPCAP': 8,
        'NET_BIND_SERVICE': 10, 'NET_ADMIN': 12, 'NET_RAW': 13, 'SYS_CHROOT': 18, 'SYS_PTRACE': 19, 'SYS_ADMIN': 21, 'SYS_RESOURCE': 24,
        'SYS_TIME': 25, 'MKNOD': 27, 'SETFCAP': 31}
DEFAULT = ('CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID', 'SETPCAP', 'NET_BIND_SERVICE',
           'SYS_CHROOT', 'SETFCAP')


def bits(names):
    return sum(1 << CAPS[n] for n in names)


def all_caps():
    with open('/proc/sys/kernel/cap_last_cap', encoding='utf-8') as f:
        return (1 << (int(f.read()) + 1)) - 1


class Environment(RunTest):
    PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
    ROOT = {'HOME': '/root', 'PATH': PATH, 'SHELL': '/bin/bash', 'USER': 'root'}

    def env(self, *options, env, root='host', user=USER):
        out = self.sandbox(*options, root, '--', 'env', '-0', env=env, keep_env=False, user=user)
        return dict(item.split('=', 1) for item in out.split('\0')[:-1])

    def test_of_the_caller_s_only_terminal_and_language_go_in(self):
        caller = {'TERM': 'vt100', 'LANG': 'C.UTF-8', 'LC_TIME': 'C', 'LC_ALL': 'C'}
        secret = {'SECRET': 'x', 'HOME': '/home/h', 'PATH': '/usr/bin:/bin', 'USER': 'u', 'SHELL': '/bin/false', 'LANGUAGE': 'de',
                  'LD_PRELOAD': '/x.so', 'LD_LIBRARY_PATH': '/x', 'BASH_ENV': '/x', 'IFS': 'x', 'TERMCAP': 'x', 'LC': 'x',
                  'XDG_RUNTIME_DIR': '/run/x', 'DBUS_SESSION_BUS_ADDRESS': 'x', 'SSH_AUTH_SOCK': '/x', 'GLIBC_TUNABLES': 'x'}
        self.assertEqual(self.env(env={**caller, **secret}), {**caller, **self.ROOT})
        self.assertEqual(self.env(env={}), self.ROOT)

    def test_home_user_and_shell_are_the_inside_user_s(self):
        for user in ('nobody', 'daemon'):
            entry = pwd.getpwnam(user)
            self.assertEqual(self.env('-u', user, env={}), {'HOME': entry.pw_dir, 'PATH': self.PATH,
                                                            'SHELL': entry.pw_shell, 'USER': user})
        self.assertEqual(self.env('-u', '54321', env={}), {'HOME': '/', 'PATH': self.PATH, 'SHELL': '/bin/sh',
                                                           'USER': '54321'})

    def test_e_sets_takes_over_and_replaces(self):
        got = self.env('-e', 'A=1', '-e', 'A=2', '-e', 'EMPTY=', '-e', 'EQ=a=b', '-e', 'MINE', '-e', 'NOT_THERE', '-e',
                       'HOME=/h', '--env=L=x\ny', env={'MINE': 'my own'})
        self.assertEqual(got, {**self.ROOT, 'A': '2', 'EMPTY': '', 'EQ': 'a=b', 'MINE': 'my own', 'HOME': '/h', 'L': 'x\ny'})

    def test_an_env_file_sets_a_line_each(self):
        file = self.write(self.home_dir() + '/env', '# comment\n\nA=1\nB = x\nMINE\nNOT_THERE\nQ="q"\nLAST=no newline',
                          USER)
        got = self.env('-e', 'A=0', '--env-file', file, '-e', 'LAST=e', env={'MINE': 'm'})
        self.assertEqual(got, {**self.ROOT, 'A': '1', 'B ': ' x', 'MINE': 'm', 'Q': '"q"', 'LAST': 'e'})

    def test_mistakes_in_an_env_file_are_named(self):
        folder = self.home_dir()
        for text, message in (('A=1\n=x\n', ':2: =x is not NAME or NAME=VALUE'), ('A=1\r\n', ':1: the line ends in a carriage return'),
                              ('A=1\nB=\0\n', ':2: a NUL byte'), ('A=' + 'x' * (1 << 20), 'File too large')):
            file = self.write(folder + '/env', text, USER)
            self.refused('^croft: option --env-file: .*' + re.escape(message), '--env-file', file, 'host', 'true')
        self.refused('--env-file: open .*/nothing: No such file', '--env-file', folder + '/nothing', 'host', 'true')
        self.refused('--env-file: read .*: Is a directory', '--env-file', folder, 'host', 'true')
        self.refused('--env-file: open /etc/shadow: Permission denied', '--env-file', '/etc/shadow', 'host', 'true')

    def test_init_has_no_environment_to_show(self):
        r = self.croft(USER, 'run', 'host', '--', 'sh', '-c', 'cat /proc/1/environ', env={'SECRET': 'x'})
        self.assertRefused(r, 1, 'Permission denied')


class StartState(RunTest):
    """What a process inherits over execve(2)."""

    def test_umask_is_022(self):
        for mask in (0, 0o077, 0o777):
            self.assertEqual(self.shell('umask; umask -S', umask=mask), '0022\nu=rwx,g=rx,o=rx\n')

    def hostile(self):
        for number in (signal.SIGINT, signal.SIGCHLD, signal.SIGPIPE, signal.SIGTERM, signal.SIGUSR1, signal.SIGRTMIN):
            signal.signal(number, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGALRM, signal.SIGCHLD, signal.SIGTERM})

    def test_signals_have_their_defaults_and_none_is_blocked(self):
        outside = fields_of(self.run_as(USER, ['cat', '/proc/self/status'], preexec_fn=self.hostile).out)
        for field in ('SigBlk', 'SigIgn'):
            self.assertNotEqual(int(outside[field], 16), 0)
        for options in ((), ('--no-init',)):
            status = self.status_inside(*options, preexec_fn=self.hostile)
            for field in ('SigBlk', 'SigIgn', 'SigCgt', 'SigPnd', 'ShdPnd'):
                self.assertEqual(int(status[field], 16), 0, field)

    def limits(self, run, *words):
        return run(USER, [*words, 'cat', '/proc/self/limits']).out

    def test_resource_limits_are_the_caller_s(self):
        def own():
            resource.setrlimit(resource.RLIMIT_NOFILE, (700, 5000))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 4096))
            resource.setrlimit(resource.RLIMIT_STACK, (4 << 20, 16 << 20))
        show = ['cat', '/proc/self/limits']
        outside = self.run_as(USER, show, preexec_fn=own).out
        self.assertRegex(outside, r'Max open files +700 +5000 ')
        for options in ((), ('--no-init',), self.many(600)):
            self.assertEqual(self.sandbox(*options, 'host', '--', *show, preexec_fn=own), outside)

    def many(self, n):
        folder = self.home_dir()
        return tuple(w for i in range(n) for w in ('-v', f'{folder}:/mnt/{i}:ro'))

    def test_it_is_in_a_session_and_a_process_group_without_the_caller(self):
        script = ('import os\nprint(os.getsid(0) == os.getpgrp(), os.getppid(), os.getpid() == os.getsid(0))')
        self.assertEqual(self.python(script, '--no-init'), 'True 0 True\n')
        self.assertEqual(self.python(script).split()[1], '1')

    def test_the_session_keyring_is_not_the_caller_s(self):
        probe, find = self.probes + '/keyring', ['/probes/keyring', 'find', 'croft-test']
        r = self.run_as(USER, [probe, 'hold', 'croft-test', probe, 'find', 'croft-test'])
        self.assertRan(r)
        self.assertEqual(r.out, 'yes\n', 'the test finds no key where there is one')
        hold = [probe, 'hold', 'croft-test', self.croft_path, 'run', '-v', self.probes + ':/probes:ro']
        for options in ((), ('--no-init',), ('--map', 'self'), ('-u', '7')):
            # The filter would not let anything be asked.
            r = self.run_as(USER, [*hold, '--seccomp', 'unconfined', *options, 'host', '--', *find])
            self.assertRan(r)
            self.assertEqual(r.out, 'no\n', options)
            self.assertRefused(self.run_as(USER, [*hold, *options, 'host', '--', *find]), 121, 'Operation not permitted')

    def test_who_has_all_the_keys_he_may_have_is_told(self):
        for options in (('--map', 'self'), ('--map', 'subordinate'), ('--no-init',)):
            self.sandbox(*options, 'host', '--', 'true')
            self.assertRefused(self.with_all_keys([self.croft_path, 'run', *options, 'host', '--', 'true']), 125,
                               r'\Acroft: make a session keyring: the caller has as many keys as he may have\ncroft: hint: sudo sysctl -w kernel.keys.maxkeys')


class Capabilities(RunTest):
    SETS = ('CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb')

    def caps(self, *options, **kwargs):
        status = self.status_inside(*options, **kwargs)
        self.assertEqual(status['NoNewPrivs'], '1')
        return tuple(int(status[s], 16) for s in self.SETS)

    def test_the_sets_are_exactly_what_was_asked_for(self):
        default, everything = bits(DEFAULT), all_caps()
        chown, both = bits(['CHOWN']), bits(['CHOWN', 'NET_RAW'])
        for add, drop, root in (
                ((), (), default), (('NET_RAW',), (), default | bits(['NET_RAW'])),
                (('net_raw', 'CAP_NET_ADMIN'), (), default | bits(['NET_RAW', 'NET_ADMIN'])),
                ((), ('CHOWN', 'cap_kill'), default & ~bits(['CHOWN', 'KILL'])),
                ((), ('ALL',), 0), (('CHOWN',), ('ALL',), chown), (('CHOWN', 'NET_RAW'), ('all',), both),
                (('NET_RAW',), ('NET_RAW',), default), (('ALL',), (), everything),
                (('ALL',), ('SYS_ADMIN',), everything & ~bits(['SYS_ADMIN']))):
            options = [w for c in add for w in ('--cap-add', c)] + [w for c in drop for w in ('--cap-drop', c)]
            for more in ((), ('--no-init',), ('--map', 'self'), ('--map', 'isolated')):
                with self.subTest((options, more)):
                    self.assertEqual(self.caps(*options, *more), (0, root, root, root, 0))

    def test_another_user_has_none_but_what_was_added_for_him(self):
        default = bits(DEFAULT)
        for more in (('-u', '7'), ('-u', '7', '--map', 'self'), ('-u', '7', '--no-init')):
            with self.subTest(more):
                self.assertEqual(self.caps(*more), (0, 0, 0, default, 0))
                net = bits(['NET_RAW'])
                self.assertEqual(self.caps(*more, '--cap-add', 'NET_RAW'), (net, net, net, default | net, net))
                self.assertEqual(self.caps(*more, '--cap-add', 'CHOWN', '--cap-drop', 'ALL'), (bits(['CHOWN']),) * 5)

    def test_init_has_no_more_than_the_command(self):
        for options, expected in (((), bits(DEFAULT)), (('-u', '7'), 0), (('--cap-drop', 'ALL'), 0)):
            out = fields_of(self.sandbox(*options, 'host', '--', 'cat', '/proc/1/status'))
            self.assertEqual((int(out['CapPrm'], 16), int(out['CapEff'], 16), out['NoNewPrivs']), (expected, expected, '1'))
            self.assertEqual(out['Uid'].split()[0], '7' if '-u' in options else '0')

    def test_a_dropped_one_is_gone_for_good(self):
        self.shell('touch /tmp/f && chown 5 /tmp/f')
        r = self.croft(USER, 'run', '--cap-drop', 'CHOWN', 'host', '--', 'sh', '-c', 'touch /tmp/f && chown 5 /tmp/f')
        self.assertRefused(r, 1, 'Operation not permitted')

    def test_set_user_id_programs_give_nothing(self):
        script = 'cp /usr/bin/id /tmp/id && chown 5:5 /tmp/id && chmod 6755 /tmp/id && exec su -s /bin/sh nobody -c "/tmp/id -u"'
        uid = pwd.getpwnam('nobody').pw_uid
        r = self.croft(USER, 'run', 'host', '--', 'sh', '-c', script.replace('exec su -s /bin/sh nobody -c "/tmp/id -u"',
                       f'exec python3 -c "import os; os.setuid({uid}); os.execv(\'/tmp/id\', [\'id\', \'-u\'])"'))
        self.assertRan(r)
        self.assertEqual(r.out, f'{uid}\n')

    def test_no_user_namespace_can_be_made_inside(self):
        self.assertRan(self.run_as(USER, ['unshare', '--user', 'true']), 0)
        for options in ((), ('--cap-add', 'ALL'), ('-u', '7'), ('--map', 'self'), ('--no-init',), ('--map', 'self', '-u', '7')):
            r = self.croft(USER, 'run', *options, 'host', '--', 'unshare', '--user', 'true')
            self.assertRefused(r, 1, 'unshare failed: (No space left on device|Operation not permitted)')

    def test_the_lid_on_user_namespaces_cannot_be_lifted(self):
        for options in (('--cap-add', 'ALL'), ('--cap-add', 'SYS_RESOURCE'), ('-u', '7', '--cap-add', 'SYS_RESOURCE')):
            # Without the filter, which would answer before the lid does.
            r = self.croft(USER, 'run', '--seccomp', 'unconfined', *options, 'host', '--', 'sh', '-c',
                           'echo 100 >/proc/sys/user/max_user_namespaces; exec unshare --user true')
            self.assertRefused(r, 1, 'unshare failed: No space left on device')

    def test_with_sys_admin_the_mounts_stay_locked(self):
        data = self.home_dir()
        self.write(data + '/f', 'x', USER)
        options = ('--cap-add', 'ALL', '-v', data + ':/mnt:ro')
        self.assertEqual(self.shell('mount -t tmpfs none /tmp && umount /tmp && cat /mnt/f', *options), 'x')
        for script, why in (('mount -o remount,rw,bind /mnt', 'permission denied|Operation not permitted'),
                            ('mount -o remount,suid,dev,bind /mnt', 'permission denied|Operation not permitted'),
                            ('umount /mnt', 'not mounted|Invalid argument'), ('umount -l /mnt', 'not mounted|Invalid argument'),
                            ('umount -l /proc', 'not mounted|Invalid argument'),
                            ('umount /etc/resolv.conf', 'not mounted|Invalid argument'),
                            ('mount --bind /mnt /srv2 2>/dev/null; mkdir /b && mount --bind /mnt /b && mount -o remount,rw,bind /b',
                             'permission denied|Operation not permitted'),
                            ('mount -o remount,rw,bind /usr', 'permission denied|Operation not permitted')):
            with self.subTest(script):
                r = self.croft(USER, 'run', *options, 'host', '--', 'sh', '-c', script)
                self.assertNotEqual(r.status, 0, r)
                self.assertRegex(r.err, why)

    def test_nobody_else_mounts_anything(self):
        self.shell('mount -t tmpfs none /mnt', '--cap-add', 'SYS_ADMIN', '--tmpfs', '/mnt')
        for options in ((), ('-u', '7'), ('--map', 'self'), ('--cap-add', 'ALL', '--cap-drop', 'SYS_ADMIN')):
            r = self.croft(USER, 'run', *options, '--tmpfs', '/mnt', 'host', '--', 'mount', '-t', 'tmpfs', 'none', '/mnt')
            self.assertRefused(r, 32, 'permission denied|must be superuser')


class Groups(RunTest):
    """A file that a group is denied must stay denied: CVE-2018-7169, CVE-2022-2989."""
    READ = 'import os\nopen("/mnt/f").read()\nprint("read")'
    DROP = 'import os\nos.setgroups([])\nopen("/mnt/f").read()\nprint("read")'

    def setUp(self):
        self.data = self.make_dir('root')
        self.file = self.write(self.data + '/f', 'denied to the group\n', 'root', 0o604)

    def options(self, which, *more):
        return ('--map', which, *more, '-v', self.data + ':/mnt:ro')

    def test_what_a_group_is_denied_stays_denied(self):
        with self.group('crofttestblocked', USER) as gid:
            for which in MAPS:
                self.assertEqual(self.python(self.READ, *self.options(which)), 'read\n', 'everybody can read it')
            os.chown(self.file, 0, gid)
            self.assertRefused(self.run_as(USER, ['cat', self.file]), 1, 'Permission denied')
            for which in MAPS:
                for more in ((), ('-u', '7'), ('--no-init',), ('--cap-add', 'ALL')):
                    with self.subTest((which, more)):
                        r = self.croft(USER, 'run', *self.options(which, *more), 'host', '--', 'python3', '-IS', '-c', self.READ)
                        self.assertRefused(r, 1, 'PermissionError')

    def test_no_map_without_a_grant_lets_groups_be_dropped(self):
        no_grant = 'version 1\nallow everyone volume /** ro\nallow everyone root host\nallow everyone network none\n'
        grant = no_grant + 'allow everyone ids subordinate\n'
        with self.group('crofttestblocked', USER) as gid:
            os.chown(self.file, 0, gid)
            with self.policy(grant + 'allow everyone ids setgroups\n'):
                self.assertEqual(self.python('import os; os.setgroups([]); print(os.getgroups())', '--map', 'subordinate'), '[]\n')
            with self.policy(grant):
                for which in MAPS:
                    with self.subTest(which):
                        r = self.croft(USER, 'run', *self.options(which), 'host', '--', 'python3', '-IS', '-c', self.DROP)
                        self.assertRefused(r, 1, 'PermissionError: .*Operation not permitted')

    def test_a_group_s_permission_goes_along(self):
        os.chmod(self.file, 0o640)
        with self.group('crofttestreaders', USER) as gid:
            os.chown(self.file, 0, gid)
            for which in MAPS:
                self.assertEqual(self.python(self.READ, *self.options(which)), 'read\n')
            r = self.croft(USER_NO_SUB, 'run', *self.options('self'), 'host', '--', 'python3', '-IS', '-c', self.READ)
            self.assertRefused(r, 1, 'PermissionError')


class Descriptors(RunTest):
    LIST = 'for n in {0..300}; do [ -e /proc/$$/fd/$n ] && echo $n; done; true'

    @contextlib.contextmanager
    def many_open(self):
        """3 to 60 open and inheritable, a directory of the host each; as children of this block get them."""
        opened = []

        def fill():
            fd = os.open('/', os.O_RDONLY | os.O_DIRECTORY)
            for n in range(3, 61):
                if n != fd:
                    os.dup2(fd, n)
            os.set_inheritable(fd, True)
        yield {'preexec_fn': fill, 'close_fds': False}
        del opened

    def test_only_0_1_and_2_are_open_inside(self):
        with self.many_open() as kwargs:
            outside = self.run_as(USER, ['bash', '-c', self.LIST], **kwargs)
            self.assertLessEqual({str(n) for n in range(61)}, set(outside.out.split()))
            for options in ((), ('--no-init',), ('--cap-add', 'SYS_ADMIN'), ('--map', 'self'), ('-u', '7')):
                with self.subTest(options):
                    self.assertEqual(self.shell(self.LIST, *options, **kwargs).split(), ['0', '1', '2'])

    def test_neither_has_init_any(self):
        with self.many_open() as kwargs:
            # the shell waits, so its descriptors do not change: one that becomes sleep has the libraries of that open for a moment
            r = self.popen_as(USER, [self.croft_path, 'run', 'host', '--', 'bash', '-c', 'sleep 60 & echo up; wait'], **kwargs)
            self.assertEqual(r.stdout.readline(), b'up\n')
            children = open(f'/proc/{r.pid}/task/{r.pid}/children', encoding='utf-8').read().split()
            self.assertEqual(len(children), 1)
            self.assertEqual(os.listdir(f'/proc/{children[0]}/fd'), [])
            with open(f'/proc/{children[0]}/task/{children[0]}/children', encoding='utf-8') as f:
                command = f.read().split()[0]
            self.assertEqual(sorted(os.listdir(f'/proc/{command}/fd')), ['0', '1', '2'])
            r.kill()
            r.wait()

    def test_closed_ones_are_dev_null(self):
        def close():
            for n in (0, 1, 2):
                os.close(n)
        folder = self.home_dir()
        self.shell('readlink /proc/$$/fd/{0,1,2} >/mnt/list', '-v', folder + ':/mnt', preexec_fn=close)
        self.assertEqual(open(folder + '/list', encoding='utf-8').read().split()[::2], ['/dev/null'] * 2)

    def test_a_preserved_one_goes_in_and_no_other(self):
        def opened(*numbers):
            def fill():
                fd = os.open(self.file, os.O_RDONLY)
                for n in numbers:
                    os.dup2(fd, n)
            return {'preexec_fn': fill, 'close_fds': False}
        self.file = self.write(self.home_dir() + '/f', 'through\n', USER)
        for options in ((), ('--no-init',)):
            out = self.shell(self.LIST + '; cat <&17', *options, '--preserve-fd', '17', **opened(9, 17, 18))
            self.assertEqual(out, '0\n1\n2\n17\nthrough\n')
            out = self.shell(self.LIST, *options, '--preserve-fd', '30', '--preserve-fd', '3', '--preserve-fd', '30',
                             **opened(3, 4, 30))
            self.assertEqual(out.split(), ['0', '1', '2', '3', '30'])
        self.refused('option --preserve-fd: descriptor 17: Bad file descriptor', '--preserve-fd', '17', 'host', 'true')

    def opened_as(self, number, path, flags):
        def fill():
            fd = os.open(path, flags)
            os.dup2(fd, number)
            os.set_inheritable(number, True)
            if fd != number:
                os.close(fd)
        return {'preexec_fn': fill, 'close_fds': False}

    def test_a_directory_or_o_path_is_refused_in_each_place(self):
        folder = self.home_dir()
        file = self.write(folder + '/f', 'x', USER)
        bad = ((folder, os.O_RDONLY | os.O_DIRECTORY, 'is a directory, which would lead out of the sandbox'),
               (folder, os.O_PATH, 'opened with O_PATH, which would lead out of the sandbox'),
               (file, os.O_PATH, 'opened with O_PATH, which would lead out of the sandbox'))
        for number, name in enumerate(('standard input', 'standard output', 'standard error')):
            self.sandbox('host', 'true', **self.opened_as(number, file, os.O_RDWR))
            for path, flags, why in bad:
                with self.subTest((name, path, flags)):
                    ran = folder + '/ran'
                    r = self.croft(USER, 'run', '-v', folder + ':/mnt', 'host', '--', 'touch', '/mnt/ran',
                                   **self.opened_as(number, path, flags))
                    self.assertEqual(r.status, EXIT_CROFT, r)
                    self.assertFalse(os.path.exists(ran))
                    if number != 2:
                        self.assertRegex(r.err, f'^croft: {name} (is a descriptor )?{why}')
        self.sandbox('--preserve-fd', '5', 'host', 'true', **self.opened_as(5, file, os.O_RDONLY))
        for path, flags, _ in bad:
            self.refused('option --preserve-fd: descriptor 5 is a directory or O_PATH, which would lead out',
                         '--preserve-fd', '5', 'host', 'true', **self.opened_as(5, path, flags))

    def test_the_working_directory_is_not_a_descriptor(self):
        with self.many_open() as kwargs:
            for place in ('/proc/self/fd/7', '/proc/self/fd/0', '/proc/1/cwd', '/proc/self/root', '/proc/self/cwd', '/proc/thread-self/fd/9/home'):
                with self.subTest(place):
                    self.refused('enter the working directory ' + place, '-w', place, 'host', 'true', **kwargs)
        r = self.popen_as(USER, [self.croft_path, 'run', 'host', '--', 'bash', '-c', 'echo up; sleep 60'])
        self.assertEqual(r.stdout.readline(), b'up\n')
        with open(f'/proc/{r.pid}/task/{r.pid}/children', encoding='utf-8') as f:
            init = f.read().split()[0]
        self.assertNotIn('unreachable', os.readlink(f'/proc/{init}/cwd'))
        r.kill()
        r.wait()


class Init(RunTest):
    """Pid 1 comes from outside; what it held there nobody inside may read."""

    def test_it_tells_nothing(self):
        script = ('import os\n'
                  'for n in ("environ", "auxv", "maps", "mem", "stack", "syscall", "io", "pagemap", "smaps"):\n'
                  '    try: print(n, len(open("/proc/1/" + n, "rb").read(1)))\n'
                  '    except OSError as e: print(n, e.strerror)\n'
                  'for n in ("exe", "cwd", "root", "ns/mnt", "fd/0"):\n'
                  '    try: print(n, os.readlink("/proc/1/" + n))\n'
                  '    except OSError as e: print(n, e.strerror)\n'
                  'try: print("fd", os.listdir("/proc/1/fd"))\n'
                  'except OSError as e: print("fd", e.strerror)\n')
        own = self.python(script.replace('/proc/1/', '/proc/self/'))
        self.assertRegex(own, r'(?m)^exe /usr/bin/python')
        for options in ((), ('--map', 'self'), ('--cap-add', 'ALL'), ('--cap-add', 'SYS_PTRACE')):
            lines = self.python(script, *options).splitlines()
            self.assertEqual(len(lines), 15)
            for line in lines:
                with self.subTest((options, line)):
                    self.assertRegex(line, 'Permission denied|Operation not permitted')

    def test_its_command_line_is_its_own_name(self):
        folder = self.home_dir()
        script = 'tr -d "\\0" </proc/1/cmdline; cat /proc/1/comm'
        out = self.shell(script, '-v', folder + ':/mnt', '-e', 'SECRET=x')
        self.assertEqual(out, 'croft-init' + 'croft-init\n')
        self.assertIn('SECRET', self.shell('cat /proc/$$/cmdline; : SECRET'))

    def test_it_cannot_be_traced_or_opened_through_proc(self):
        r = self.croft(USER, 'run', '--cap-add', 'ALL', 'host', '--', 'python3', '-I', '-c',
                       'import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n'
                       'assert libc.ptrace(16, 1, 0, 0) == -1\nprint(os.strerror(ctypes.get_errno()))')
        self.assertRan(r)
        self.assertEqual(r.out, 'Operation not permitted\n')

    def test_croft_itself_cannot_be_written_through_proc(self):
        before = (os.stat(self.croft_path).st_mtime_ns, os.path.getsize(self.croft_path))
        r = self.croft(USER, 'run', '--cap-add', 'ALL', 'host', '--', 'sh', '-c', ': >/proc/1/exe')
        self.assertRefused(r, 2, 'Permission denied|Text file busy')
        self.assertEqual((os.stat(self.croft_path).st_mtime_ns, os.path.getsize(self.croft_path)), before)
        self.assertFalse(stat.S_IMODE(os.stat(self.croft_path).st_mode) & 0o022)
