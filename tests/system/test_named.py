"""Sandboxes with a name: ps, exec, stop, run -d, logs, attach; what is left when any croft of them is killed."""
import collections
import contextlib
import json
import os
import pwd
import random
import re
import shutil
import signal
import subprocess
import time

from croft_test import EXIT_CROFT, EXIT_NOT_FOUND, USER, USER2, processes_of
from run_case import RunTest, fields_of

SELF = ('--map', 'self')
FOR_EVER = ('host', '--', 'sh', '-c', 'echo ready; exec sleep 600')


class NamedTest(RunTest):
    def setUp(self):
        self.runtime = self.make_dir(USER, 0o700)
        self.folder = self.runtime + '/croft'
        self.env = {'XDG_RUNTIME_DIR': self.runtime}

    def croft(self, user, *args, env=None, **kwargs):
        return super().croft(user, *args, env={**self.env, **(env or {})}, **kwargs)

    def named(self, name, *words, command=FOR_EVER, **kwargs):
        """A sandbox in the foreground, whose command has said ready."""
        p = self.popen_as(USER, [self.croft_path, 'run', *(words or SELF), '--name', name, *command], env=self.env, **kwargs)
        self.assertEqual(p.stdout.readline(), b'ready\n', p.stderr.read() if p.poll() is not None else '')
        return p

    def detached(self, name, *words):
        r = self.croft(USER, 'run', *SELF, '-d', '--name', name, *words)
        self.assertRan(r)
        self.assertEqual(r.out, name + '\n')
        self.addCleanup(self.croft, USER, 'stop', '--kill', name)

    def ps(self):
        r = self.croft(USER, 'ps', '--json')
        self.assertRan(r)
        return json.loads(r.out)

    def names(self):
        return [box['name'] for box in self.ps()]

    def exec(self, name, *command, **kwargs):
        return self.croft(USER, 'exec', *(kwargs.pop('options', ())), name, *command, **kwargs)

    def assertNothingLeft(self):
        self.assertEqual(self.leftovers(20), [])
        deadline = time.monotonic() + 20
        while os.path.exists(self.folder) and time.monotonic() < deadline:
            time.sleep(0.02)
        self.assertFalse(os.path.exists(self.folder), os.path.exists(self.folder) and os.listdir(self.folder))

    def pids(self, name):
        return [pid for pid, _ in processes_of(self._ids) if self.comm(pid) == name]

    @staticmethod
    def comm(pid):
        with contextlib.suppress(OSError), open(f'/proc/{pid}/comm', encoding='utf-8') as f:
            return f.read().strip()
        return ''


class Names(NamedTest):
    def test_ps_lists_what_runs_and_nothing_else(self):
        self.assertEqual(self.ps(), [])
        a, b = self.named('a'), self.named('b')
        boxes = self.ps()
        self.assertEqual([(box['name'], box['pid'], box['root'], box['command'], box['detached']) for box in boxes],
                         [('a', a.pid, 'host', ['sh', '-c', 'echo ready; exec sleep 600'], False),
                          ('b', b.pid, 'host', ['sh', '-c', 'echo ready; exec sleep 600'], False)])
        self.assertRegex(boxes[0]['started'], r'^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$')
        self.assertRegex(self.croft(USER, 'ps').out, rf'\ANAME +PID +STARTED +ROOT +COMMAND\na +{a.pid} .* host +sh -c .*\nb +{b.pid} ')
        a.terminate()
        self.assertEqual(a.wait(20), 128 + signal.SIGTERM)
        self.assertEqual(self.names(), ['b'])
        b.terminate()
        b.wait(20)
        self.assertNothingLeft()

    def test_a_name_is_had_once_and_free_afterwards(self):
        p = self.named('a')
        self.assertRefused(self.croft(USER, 'run', *SELF, '--name', 'a', 'host', '--', 'true'), EXIT_CROFT, 'option --name: a sandbox with the name a is running\n.*croft stop a')
        self.assertRan(self.croft(USER, 'stop', 'a'))
        self.assertEqual(p.wait(20), 128 + signal.SIGTERM)
        self.assertRan(self.croft(USER, 'run', *SELF, '--name', 'a', 'host', '--', 'true'))
        self.assertNothingLeft()

    def test_of_several_those_that_are_there_are_stopped(self):
        a, b = self.named('a'), self.named('b')
        r = self.croft(USER, 'stop', 'a', 'nobody', 'b')
        self.assertRefused(r, EXIT_CROFT, '^croft: no sandbox with the name nobody is running\n')
        self.assertEqual([p.wait(20) for p in (a, b)], [128 + signal.SIGTERM] * 2)
        self.assertNothingLeft()

    def test_who_is_not_there_is_said(self):
        for verb in (('exec', 'nobody', 'true'), ('stop', 'nobody'), ('logs', 'nobody'), ('attach', 'nobody')):
            self.assertRefused(self.croft(USER, *verb), EXIT_CROFT, '^croft: no sandbox with the name nobody is running\n')
        for name in ('../croft', '.', '', 'a/b', 'x' * 65):
            self.assertRefused(self.croft(USER, 'stop', name), EXIT_CROFT, 'is not a name of a sandbox')

    def test_a_sandbox_without_a_name_leaves_no_trace(self):
        p = self.popen_as(USER, [self.croft_path, 'run', *SELF, *FOR_EVER], env=self.env)
        self.assertEqual(p.stdout.readline(), b'ready\n')
        self.assertFalse(os.path.exists(self.folder))
        self.assertEqual(self.pids('croft-keeper'), [])
        p.terminate()
        p.wait(20)

    def test_without_a_runtime_folder_there_is_one_in_tmp(self):
        self.env = {}
        folder = f'/tmp/croft-{pwd.getpwnam(USER).pw_uid}'
        p = self.named('a')
        self.assertEqual(os.stat(folder).st_mode & 0o777, 0o700)
        self.assertEqual(self.names(), ['a'])
        p.terminate()
        p.wait(20)
        self.assertFalse(os.path.exists(folder))

    def test_a_folder_that_is_not_ones_own_is_refused(self):
        os.mkdir(self.folder)
        for owner, mode in ((USER2, 0o700), (USER, 0o755)):
            self.give(self.folder, owner)
            os.chmod(self.folder, mode)
            for words in (('run', *SELF, '--name', 'a', 'host', '--', 'true'), ('ps',), ('exec', 'a', 'true')):
                self.assertRefused(self.croft(USER, *words), EXIT_CROFT, "somebody else's, or open to others|Permission denied")

    def test_another_user_sees_nothing(self):
        self.named('a')
        r = super().croft(USER2, 'ps', '--json', env=self.env)
        self.assertRefused(r, EXIT_CROFT, 'Permission denied')


class Exec(NamedTest):
    def test_it_runs_in_the_same_namespaces_and_ends_with_the_commands_status(self):
        kinds = ('user', 'mnt', 'pid', 'net', 'ipc', 'uts', 'cgroup')
        look = f'readlink {" ".join("/proc/self/ns/" + kind for kind in kinds)}; hostname'
        p = self.popen_as(USER, [self.croft_path, 'run', *SELF, '--name', 'a', 'host', '--', 'sh', '-c', look + '; exec sleep 600'], env=self.env)
        first = [p.stdout.readline().decode() for _ in (*kinds, 'hostname')]
        r = self.exec('a', 'sh', '-c', look + '; exit 7')
        self.assertEqual((r.out.splitlines(True), r.status), (first, 7), r)
        self.assertNotEqual(os.readlink('/proc/self/ns/mnt') + '\n', first[1])

    def test_it_is_confined_as_the_first_command(self):
        """Ids, capabilities, no_new_privs, filters, limits and environment, with each of many options."""
        look = 'cat /proc/self/status /proc/self/limits; env | sort; pwd; umask; cat /proc/self/oom_score_adj; nice'
        ways = (SELF, ('--map', 'subordinate'), ('-u', '1:1'), ('-u', '1', '--cap-add', 'NET_RAW'), ('--cap-add', 'ALL'), ('--cap-drop', 'ALL'), ('--allow-userns',),
                ('--seccomp', 'unconfined'), ('--read-only', '-w', '/usr', '-e', 'X=1'), ('--ulimit', 'nofile=50:60', '--nice', '19', '--oom-score-adj', '500'),
                ('--landlock', 'off'))
        for i, way in enumerate(ways):
            with self.subTest(way):
                p = self.popen_as(USER, [self.croft_path, 'run', *way, '--name', f'a{i}', 'host', '--', 'sh', '-c', f'{look}; echo ready; exec sleep 600'],
                                  env={**self.env, 'SECRET': 'of the caller'})
                first = ''
                while not first.endswith('ready\n'):
                    line = p.stdout.readline().decode()
                    self.assertTrue(line, p.stderr.read() if not line else '')
                    first += line
                r = self.exec(f'a{i}', 'sh', '-c', look + '; echo ready', env={'SECRET': 'of another caller'})
                self.assertRan(r)
                self.assertEqual(self.comparable(r.out), self.comparable(first))
                self.assertNotIn('SECRET', r.out)
                p.kill()

    @staticmethod
    def comparable(text):
        status = fields_of(text.split('Limit  ')[0])
        rest = [line for line in text.split('Limit  ')[1].splitlines() if not line.startswith(('_=', 'OLDPWD='))]
        return {k: status[k] for k in ('Uid', 'Gid', 'Groups', 'CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb', 'NoNewPrivs', 'Seccomp', 'SigBlk', 'SigIgn')}, \
            status.get('Seccomp_filters'), rest

    def test_with_a_profile_it_is_under_the_default_filter_too(self):
        profile = self.write(self.home_dir() + '/p.json', json.dumps({'defaultAction': 'SCMP_ACT_ALLOW', 'syscalls': [
            {'names': ['chroot'], 'action': 'SCMP_ACT_ERRNO', 'errnoRet': 71}]}), USER)
        self.named('a', *SELF, '--seccomp', profile)
        r = self.exec('a', 'python3', '-IS', '-c', 'import os\ntry: os.chroot("/")\nexcept OSError as e: print(e.errno)\nprint(open("/proc/self/status").read())')
        self.assertRan(r)
        self.assertEqual(r.out.splitlines()[0], '71')
        self.assertEqual(fields_of(r.out)['Seccomp'], '2')

    def test_standard_input_and_output_are_connected_and_a_pipe_ends(self):
        self.named('a')
        r = self.exec('a', 'cat', input='x' * 300000)
        self.assertRan(r)
        self.assertEqual(len(r.out), 300000)
        r = self.run_as(USER, ['bash', '-c', f'{self.croft_path} exec a yes | head -n 1'], env=self.env, timeout=20)
        self.assertEqual(r.out, 'y\n')

    def test_a_directory_and_variables(self):
        self.named('a')
        r = self.exec('a', 'sh', '-c', 'pwd; echo $X $Y $HOME', options=('-w', '/usr/bin', '-e', 'X=1', '-e', 'Y', '-e', 'HOME=/x'), env={'Y': '2'})
        self.assertEqual(r.out, '/usr/bin\n1 2 /x\n', r)
        self.assertRefused(self.exec('a', 'true', options=('-w', '/no/such')), EXIT_CROFT, 'enter the working directory /no/such: No such file')

    def test_what_cannot_be_run_is_said(self):
        self.named('a')
        self.assertRefused(self.exec('a', 'no-such-command'), EXIT_NOT_FOUND, '^croft: run no-such-command: not found in the sandbox\n')

    def test_signals_reach_it_and_the_status_tells_what_ended_it(self):
        self.named('a')
        p = self.popen_as(USER, [self.croft_path, 'exec', 'a', 'bash', '-c', 'trap "echo got USR1; exit 42" USR1; echo ready; while :; do sleep 0.02; done'], env=self.env)
        self.assertEqual(p.stdout.readline(), b'ready\n')
        p.send_signal(signal.SIGUSR1)
        self.assertEqual((p.stdout.read(), p.wait(20)), (b'got USR1\n', 42))
        p = self.popen_as(USER, [self.croft_path, 'exec', 'a', 'sh', '-c', 'echo ready; exec sleep 300'], env=self.env)
        self.assertEqual(p.stdout.readline(), b'ready\n')
        p.send_signal(signal.SIGTERM)
        self.assertEqual(p.wait(20), 128 + signal.SIGTERM)

    def test_a_second_term_kills_it(self):
        self.named('a')
        p = self.popen_as(USER, [self.croft_path, 'exec', 'a', 'bash', '-c', 'trap "echo once" TERM; echo ready; while :; do sleep 0.02; done'], env=self.env)
        self.assertEqual(p.stdout.readline(), b'ready\n')
        p.terminate()
        self.assertEqual(p.stdout.readline(), b'once\n')
        self.assertIsNone(p.poll())
        p.terminate()
        self.assertEqual((p.wait(5), p.stdout.read()), (128 + signal.SIGKILL, b''))
        self.assertEqual(self.names(), ['a'])

    def test_who_cannot_wait_for_it_kills_it_and_says_so(self):
        self.needs_package('strace')
        self.named('a')
        init, = (pid for pid, _ in processes_of(self._ids) if self.is_init(pid))
        self.assertRan(self.exec('a', 'true'))
        tracer = subprocess.Popen(['strace', '-f', '-o', '/dev/null', '-e', 'trace=signalfd4', '-e', 'inject=signalfd4:error=EMFILE', '-p', str(init)],
                                  stderr=subprocess.PIPE, text=True)
        self.addCleanup(tracer.stderr.close)
        self.addCleanup(tracer.wait)
        self.addCleanup(tracer.terminate)
        self.assertIn('attached', tracer.stderr.readline())
        self.assertRefused(self.exec('a', 'sleep', '313'), EXIT_CROFT, r'\Acroft: wait for the command: (Too many open files|No file descriptors available)\n\Z')
        tracer.terminate()
        tracer.wait(20)
        self.assertEqual([command for _, command in processes_of(self._ids) if 'sleep 313' in command], [])
        self.assertRan(self.exec('a', 'true'))

    @staticmethod
    def is_init(pid):
        with contextlib.suppress(OSError), open(f'/proc/{pid}/status', encoding='utf-8') as f:
            return fields_of(f.read())['NSpid'].split()[1:] == ['1']
        return False

    def test_when_its_croft_is_killed_so_is_it(self):
        self.named('a')
        p = self.popen_as(USER, [self.croft_path, 'exec', 'a', 'sh', '-c', 'trap "" HUP TERM; echo ready; sleep 311; sleep 312'], env=self.env)
        self.assertEqual(p.stdout.readline(), b'ready\n')
        p.kill()
        deadline = time.monotonic() + 20
        while any('sleep 31' in command for _, command in processes_of(self._ids)):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)
        self.assertEqual(self.names(), ['a'])

    def test_it_ends_with_the_sandbox(self):
        p = self.named('a')
        q = self.popen_as(USER, [self.croft_path, 'exec', 'a', 'sh', '-c', 'echo ready; exec sleep 300'], env=self.env)
        self.assertEqual(q.stdout.readline(), b'ready\n')
        p.kill()
        self.assertEqual((q.wait(20), q.stderr.read()), (128 + signal.SIGKILL, b'croft: the sandbox has ended\n'))

    def test_a_terminal_of_its_own(self):
        self.named('a')
        t = self.terminal(USER, [self.croft_path, 'exec', 'a', 'bash', '--norc'], env={**self.env, 'PS1': '$ '}, rows=33, cols=101)
        t.send('tty; stty size; echo a$((1 + 1))b\n')
        t.expect(r'/dev/pts/\d+\r\n33 101\r\na2b')
        t.send("bash -c 'trap \"echo int; exit 3\" INT; echo up; while :; do sleep 0.05; done'\n")
        t.expect(r'up\r\n')
        t.send('\x03')
        t.expect(r'int\r\n')
        t.send('exit 9\n')
        self.assertEqual(t.wait(), 9)

    def test_without_an_init_it_is_said(self):
        self.named('a', *SELF, '--no-init')
        self.assertRefused(self.exec('a', 'true'), EXIT_CROFT, "croft's init would start the command, and with --no-init there is none")

    def test_a_standard_descriptor_that_leads_out_is_refused(self):
        self.named('a')
        fd = os.open('/', os.O_RDONLY | os.O_DIRECTORY)
        self.addCleanup(os.close, fd)
        self.assertRefused(self.exec('a', 'true', stdin=fd), EXIT_CROFT, 'standard input is a directory')


class Detached(NamedTest):
    def test_its_log_is_read_and_followed_and_its_status_told(self):
        self.detached('a', '-i', 'host', '--', 'sh', '-c', 'echo one; echo two >&2; read x; echo got $x; exit 5')
        self.assertTrue(self.ps()[0]['detached'])
        while self.croft(USER, 'logs', 'a').out != 'one\ntwo\n':
            pass
        follower = self.popen_as(USER, [self.croft_path, 'logs', '-f', 'a'], env=self.env)
        self.assertEqual(follower.stdout.readline(), b'one\n')
        r = self.croft(USER, 'attach', 'a', input='hello\n')
        self.assertEqual((r.out, r.status), ('got hello\n', 5), r)
        self.assertEqual((follower.stdout.read(), follower.wait(20)), (b'two\ngot hello\n', 0))
        self.assertNothingLeft()

    def test_what_cannot_start_is_said_at_once(self):
        for words, status, message in ((('host', '--', 'no-such-command'), EXIT_NOT_FOUND, 'croft: run no-such-command: not found'),
                                       (('-v', '/no/such:/x', 'host'), EXIT_CROFT, 'No such file'), (('-t', 'host'), EXIT_CROFT, '--detach and --tty')):
            self.assertRefused(self.croft(USER, 'run', *SELF, '-d', *words), status, message)
            self.assertNothingLeft()

    def test_one_whose_folder_is_removed_runs_on_and_cannot_be_found(self):
        """As logind does with /run/user/UID where its user has logged out everywhere and does not linger."""
        self.detached('box', *FOR_EVER)
        pid, = (box['pid'] for box in self.ps())
        shutil.rmtree(self.folder)
        self.assertEqual(self.ps(), [])
        for words in (('exec', 'box', 'true'), ('stop', 'box'), ('logs', 'box')):
            self.assertRefused(self.croft(USER, *words), EXIT_CROFT, '^croft: no sandbox with the name box is running\n')
        self.assertIn('sleep 600', ' '.join(command for _, command in processes_of(self._ids)))
        self.detached('box', *FOR_EVER)  # the name is free
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + 20
        while pid in [other for other, _ in processes_of(self._ids)]:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)
        self.assertEqual(self.exec('box', 'echo', 'here').out, 'here\n')  # and the first has not taken the second along
        self.assertRan(self.croft(USER, 'stop', '--kill', 'box'))
        self.assertNothingLeft()

    def test_without_a_name_it_gets_one(self):
        r = self.croft(USER, 'run', *SELF, '-d', 'host', '--', 'sleep', '300')
        self.assertRan(r)
        self.assertEqual([r.out.strip()], self.names())
        self.assertRan(self.croft(USER, 'stop', *self.names()))
        self.assertNothingLeft()

    def test_nothing_of_the_callers_terminal_or_session_stays(self):
        self.detached('a', 'host', '--', 'sleep', '300')
        pid = self.ps()[0]['pid']
        self.assertEqual(os.getsid(pid), pid)
        for fd in (0, 1, 2):
            self.assertRegex(os.readlink(f'/proc/{pid}/fd/{fd}'), r'/dev/null|/croft/a/log')

    def test_the_log_does_not_grow_without_end(self):
        self.detached('a', 'host', '--', 'sh', '-c', 'yes 0123456789 | head -c 30000000; echo end; exec sleep 300')
        while not self.croft(USER, 'logs', 'a').out.endswith('end\n'):
            pass
        text = self.croft(USER, 'logs', 'a').out  # the first may have read while it was written
        self.assertTrue(4 << 20 <= len(text) <= 9 << 20, len(text))
        self.assertLess(os.stat(self.folder + '/a/log').st_blocks * 512, 10 << 20)

    def test_stop_has_a_time_of_grace_and_kill_none(self):
        for options, grace, status in (((), '100ms', 137), (('--kill',), '600s', 137)):
            self.detached('a', '--stop-timeout', grace, 'host', '--', 'bash', '-c', 'trap "" TERM; echo ready; while :; do sleep 0.02; done')
            follower = self.popen_as(USER, [self.croft_path, 'attach', 'a'], env=self.env)
            while not self.croft(USER, 'logs', 'a').out:
                pass
            self.assertRan(self.croft(USER, 'stop', *options, 'a'))
            self.assertEqual(self.names(), [])
            self.assertIn(follower.wait(20), (status, EXIT_CROFT))  # 125: it came too late to attach

    def test_a_log_is_for_those_that_are_detached(self):
        self.named('a')
        self.assertRefused(self.croft(USER, 'logs', 'a'), EXIT_CROFT, 'the sandbox a has no log')


class Killed(NamedTest):
    time_limit = 240

    def test_whichever_croft_is_killed_nothing_stays(self):
        for victim in ('croft', 'croft-init'):
            for way in ('--name', '-d'):
                with self.subTest(victim, way=way):
                    if way == '-d':
                        self.detached('a', 'host', '--', 'sleep', '600')
                        pid = self.ps()[0]['pid']
                    else:
                        pid = self.named('a').pid
                    q = self.popen_as(USER, [self.croft_path, 'exec', 'a', 'sh', '-c', 'echo ready; exec sleep 600'], env=self.env)
                    self.assertEqual(q.stdout.readline(), b'ready\n')
                    os.kill(pid if victim == 'croft' else min(self.pids(victim)), signal.SIGKILL)
                    q.wait(20)
                    self.assertNothingLeft()

    def test_a_keeper_that_is_killed_is_not_missed(self):
        p = self.named('a')
        for pid in self.pids('croft-keeper'):
            os.kill(pid, signal.SIGKILL)
        self.assertEqual(self.exec('a', 'echo', 'there').out, 'there\n')
        p.terminate()
        p.wait(20)
        self.assertNothingLeft()

    def test_an_entry_that_stayed_is_no_sandbox(self):
        """Its croft and its keeper are killed together; and its number is another process's by then."""
        p = self.named('a')
        for pid in (*self.pids('croft-keeper'), p.pid):
            os.kill(pid, signal.SIGSTOP)
        for pid in (*self.pids('croft-keeper'), p.pid):
            os.kill(pid, signal.SIGKILL)
        p.wait(20)
        self.assertEqual(os.listdir(self.folder), ['a'], 'a positive control: the entry stayed')
        with open(self.folder + '/a/state', 'r+b') as f:
            rest = f.read().split(b'\0', 1)[1]
            f.seek(0)
            f.write(str(os.getpid()).encode() + b'\0' + rest)
            f.truncate()
        self.assertRefused(self.exec('a', 'true'), EXIT_CROFT, 'no sandbox with the name a is running')
        self.assertEqual(self.ps(), [])
        self.assertNothingLeft()
        self.assertRan(self.croft(USER, 'run', *SELF, '--name', 'a', 'host', '--', 'true'))

    def test_at_any_moment(self):
        """While it starts, is entered, detaches, ends: KILL of its croft, or of the one that asks."""
        rng = random.Random(20240602)
        for i in range(60):
            words = ('run', *SELF, *(('-d',) if i % 3 == 0 else ()), '--name', f'n{i}', 'host', '--', 'sleep', ('600', '0.01')[i % 2])
            p = self.popen_as(USER, [self.croft_path, *words], env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(rng.uniform(0, 0.03))
            q = self.popen_as(USER, [self.croft_path, 'exec', f'n{i}', 'sleep', '600'], env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(rng.uniform(0, 0.01))
            for victim in rng.sample((p, q), 2):
                victim.kill()
                victim.wait(20)
        for name in self.names():  # those that were detached by then
            self.croft(USER, 'stop', '--kill', name)
        self.assertNothingLeft()


class Hundred(NamedTest):
    def test_a_hundred_at_once(self):
        """Started, listed, entered and stopped, all of them at the same time."""
        names = [f'box{i:03d}' for i in range(100)]

        def all_at_once(argv, status=0):
            running = [self.popen_as(USER, [self.croft_path, *argv(name)], env=self.env, stderr=subprocess.STDOUT) for name in names]
            ended = [(p.communicate(timeout=100)[0].decode(), p.returncode) for p in running]
            self.assertEqual([e for e in ended if e[1] != status], [])
            return [out for out, _ in ended]

        out = all_at_once(lambda name: ('run', *SELF, '-d', '--name', name, 'host', '--', 'sleep', '600'))
        self.assertEqual(out, [name + '\n' for name in names])
        for listed in all_at_once(lambda name: ('ps', '--json')):
            self.assertEqual([box['name'] for box in json.loads(listed)], names)
        self.assertEqual(all_at_once(lambda name: ('exec', name, 'hostname')), [name + '\n' for name in names])
        self.assertEqual(all_at_once(lambda name: ('stop', name)), [''] * 100)
        self.assertNothingLeft()

    def test_one_of_twenty_has_the_name(self):
        running = [self.popen_as(USER, [self.croft_path, 'run', *SELF, '--name', 'a', 'host', '--', 'sh', '-c', 'echo mine; read x'], stdin=subprocess.PIPE, env=self.env)
                   for _ in range(20)]
        lost = [p for p in running if not p.stdout.readline()]
        self.assertEqual(len(lost), 19)
        for p in lost:
            self.assertIn(b'a sandbox with the name a is running', p.stderr.read())
            self.assertEqual(p.wait(20), EXIT_CROFT)
        for p in running:
            p.stdin.close()
            p.wait(20)
        self.assertNothingLeft()

    def test_a_name_that_comes_and_goes_is_free_or_taken_and_nothing_else(self):
        """Those that end take the entry, and with the last one the folder, away from under those that begin."""
        argv = [self.croft_path, 'run', *SELF, '--name', 'a', 'host', '--', 'echo', 'mine']
        tally, rounds = collections.Counter(), 0
        while rounds < 12 or (len(tally) == 1 and rounds < 200):  # until two met
            rounds += 1
            running = [self.popen_as(USER, argv, env=self.env) for _ in range(6)]
            for p in running:
                p.wait(30)
                said = p.stdout.read(), re.sub(rb'\ncroft: hint: .*\n', b'\n', p.stderr.read())
                tally[said] += 1
                self.assertIn((p.returncode, *said), ((0, b'mine\n', b''), (EXIT_CROFT, b'', b'croft: option --name: a sandbox with the name a is running\n')))
        self.assertGreaterEqual(tally[b'mine\n', b''], rounds)
        self.assertGreater(len(tally), 1, 'no two met')
        self.assertNothingLeft()
