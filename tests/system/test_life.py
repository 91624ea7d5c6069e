"""How a sandbox lives and ends: signals, exit codes, pipes, limits, many at once; and what is left when croft is killed."""
import os
import random
import re
import resource
import signal
import subprocess
import time

from croft_test import EXIT_CROFT, USER, snapshot_tree
from run_case import RunTest

SELF = ('run', '--map', 'self')
TRAPS = '''
for s in HUP INT USR1 USR2 TERM QUIT ALRM; do trap "echo got $s; exit 42" $s; done
echo ready
while :; do sleep 0.02; done
'''


class LifeTest(RunTest):
    def start(self, *args, **kwargs):
        """Starts croft and waits for the first line of its command."""
        p = self.popen_as(USER, [self.croft_path, *args], **kwargs)
        self.assertEqual(p.stdout.readline(), b'ready\n', p.stderr.read() if p.poll() is not None else '')
        return p

    def end(self, p, seconds=20):
        out, err = p.communicate(timeout=seconds)
        return p.returncode, out.decode(), err.decode()


class Signals(LifeTest):
    def test_signals_reach_the_command(self):
        for init in ('--init', '--no-init'):
            for name in ('HUP', 'INT', 'USR1', 'USR2', 'TERM', 'QUIT', 'ALRM'):
                with self.subTest(init=init, signal=name):
                    p = self.start(*SELF, init, 'host', '--', 'bash', '-c', TRAPS)
                    p.send_signal(getattr(signal, 'SIG' + name))
                    self.assertEqual(self.end(p), (42, f'got {name}\n', ''))

    def test_the_status_tells_the_signal_that_ended_the_command(self):
        for name in ('HUP', 'INT', 'USR1', 'USR2', 'TERM', 'QUIT', 'ALRM'):
            with self.subTest(signal=name):
                p = self.start(*SELF, 'host', '--', 'sh', '-c', 'echo ready; exec sleep 300')
                number = getattr(signal, 'SIG' + name)
                p.send_signal(number)
                self.assertEqual(self.end(p)[0], 128 + number)

    def test_the_status_tells_a_signal_that_came_from_inside(self):
        for init in ('--init', '--no-init'):
            for number in (signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT):
                with self.subTest(init=init, signal=number):
                    # pid 1 cannot kill itself: its child does
                    r = self.croft(USER, *SELF, init, 'host', '--', 'bash', '-c', f'bash -c "kill -{number:d} \\$\\$"; exit $?')
                    self.assertRan(r, 128 + number)

    def test_every_exit_code_is_the_commands(self):
        for code in (0, 1, 2, 77, 124, 125, 126, 127, 128, 255):
            with self.subTest(code=code):
                r = self.croft(USER, *SELF, 'host', '--', 'sh', '-c', f'exit {code}')
                self.assertRan(r, code)
                self.assertEqual(r.err, '')

    def test_a_second_term_kills(self):
        p = self.start(*SELF, '--stop-timeout', '60s', 'host', '--',
                       'sh', '-c', 'trap "" TERM; echo ready; while :; do sleep 0.1; done')
        p.send_signal(signal.SIGTERM)
        # taken: a second one that comes while the first is pending is no second
        self.wait_for(lambda: not int(self.state_of(p.pid)['ShdPnd'], 16) & 1 << (signal.SIGTERM - 1))
        time.sleep(0.3)
        self.assertIsNone(p.poll(), 'the first TERM must not end a command that ignores it')
        p.send_signal(signal.SIGTERM)
        self.assertEqual(self.end(p)[0], 128 + signal.SIGKILL)

    def test_the_stop_timeout_ends_a_command_that_ignores_term(self):
        for init in ('--init', '--no-init'):
            p = self.start(*SELF, init, '--stop-timeout', '500ms', 'host', '--',
                           'sh', '-c', 'trap "" TERM; echo ready; while :; do sleep 0.1; done')
            begin = time.monotonic()
            p.send_signal(signal.SIGTERM)
            self.assertEqual(self.end(p)[0], 128 + signal.SIGKILL)
            self.assertTrue(0.45 < time.monotonic() - begin < 4)

    def test_without_an_init_a_command_without_a_handler_is_killed_by_the_stop_timeout(self):
        p = self.start(*SELF, '--no-init', '--stop-timeout', '300ms', 'host', '--', 'sh', '-c', 'echo ready; exec sleep 300')
        p.send_signal(signal.SIGTERM)
        self.assertEqual(self.end(p)[0], 128 + signal.SIGKILL)

    def test_what_was_ignored_at_the_start_is_not_passed_on(self):
        p = self.popen_as(USER, ['nohup', self.croft_path, *SELF, 'host', '--', 'bash', '-c', TRAPS])
        self.assertEqual(p.stdout.readline(), b'ready\n')
        p.send_signal(signal.SIGHUP)
        time.sleep(0.3)
        self.assertIsNone(p.poll())
        p.send_signal(signal.SIGUSR1)
        self.assertEqual(self.end(p)[:2], (42, 'got USR1\n'))

    def test_the_command_starts_with_default_signals(self):
        def ignore_and_block():
            for number in (signal.SIGHUP, signal.SIGCHLD, signal.SIGPIPE, signal.SIGUSR1):
                signal.signal(number, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGUSR2, signal.SIGRTMAX})
        for init in ('--init', '--no-init'):
            r = self.croft(USER, *SELF, init, 'host', '--', 'cat', '/proc/self/status', preexec_fn=ignore_and_block)
            self.assertRan(r)
            for field in ('SigPnd', 'SigBlk', 'SigIgn', 'SigCgt'):
                self.assertRegex(r.out, rf'{field}:\t0{{16}}\n')

    def test_stop_and_cont(self):
        p = self.start(*SELF, 'host', '--', 'sh', '-c', 'echo ready; sleep 0.5; exit 9')
        p.send_signal(signal.SIGSTOP)
        time.sleep(0.7)
        self.assertIsNone(p.poll())
        p.send_signal(signal.SIGCONT)
        self.assertEqual(self.end(p)[0], 9)

    @staticmethod
    def says_nothing(stream, seconds):
        stream.read()
        time.sleep(seconds)
        return not stream.read()

    def test_tstp_stops_the_sandbox_and_cont_lets_it_go_on(self):
        for init in ('--init', '--no-init'):
            with self.subTest(init=init):
                # a child of a shell in another group: its group is no orphan
                script = (f'set -m; {self.croft_path} run --map self {init} host -- '
                          'bash -c "echo ready; while :; do date +%s%N; sleep 0.05; done" & echo $!; exec sleep 60')
                p = self.popen_as(USER, ['bash', '-c', script])
                pid = int(p.stdout.readline())
                self.assertEqual(p.stdout.readline(), b'ready\n')
                os.kill(pid, signal.SIGTSTP)
                self.wait_for(lambda: self.state_of(pid)['State'][0] == 'T')
                os.set_blocking(p.stdout.fileno(), False)
                self.wait_for(lambda: self.says_nothing(p.stdout, 0.4))  # what was on its way comes first
                os.kill(pid, signal.SIGCONT)
                self.wait_for(p.stdout.read)
                os.kill(pid, signal.SIGKILL)


class Ends(LifeTest):
    def test_orphans_are_reaped(self):
        script = ('for i in $(seq 20); do (sleep 0.05 & exec true); done; sleep 0.4; '
                  'grep -l "^State:.Z" /proc/[0-9]*/status | wc -l; ls -d /proc/[0-9]* | wc -l')
        r = self.croft(USER, *SELF, 'host', '--', 'bash', '-c', script)
        self.assertRan(r)
        zombies, processes = map(int, r.out.split())
        self.assertEqual(zombies, 0)
        self.assertLessEqual(processes, 4)

    def test_the_sandbox_ends_with_its_command(self):
        for init in ('--init', '--no-init'):
            begin = time.monotonic()
            r = self.croft(USER, *SELF, init, 'host', '--', 'sh', '-c', '(trap "" HUP TERM; sleep 300) & setsid sleep 300 & exit 4')
            self.assertRan(r, 4)
            self.assertLess(time.monotonic() - begin, 5)
        self.assertEqual(self.leftovers(1.0), [])

    def test_head_ends_it_by_sigpipe(self):
        r = self.run_as(USER, ['bash', '-c', f'{self.croft_path} run --map self host -- yes | head -n 1; echo ${{PIPESTATUS[0]}}'],
                        timeout=20)
        self.assertEqual((r.out, r.err), (f'y\n{128 + signal.SIGPIPE}\n', ''))

    def test_standard_input_ends(self):
        r = self.croft(USER, *SELF, 'host', '--', 'cat', input='x' * 300000)
        self.assertRan(r)
        self.assertEqual(len(r.out), 300000)

    def test_closed_standard_descriptors_are_dev_null(self):
        for redirect in ('<&-', '>&-', '2>&-', '<&- >&-', '<&- >&- 2>&-'):
            with self.subTest(redirect=redirect):
                out = self.home_dir()
                script = (f'exec {self.croft_path} run --map self -v {out}:/mnt host -- '
                          f'bash -c "readlink /proc/\\$\\$/fd/0 /proc/\\$\\$/fd/1 /proc/\\$\\$/fd/2 >/mnt/out; :" {redirect}')
                self.assertRan(self.run_as(USER, ['bash', '-c', script]))
                with open(out + '/out', encoding='utf-8') as f:
                    fds = f.read().split('\n')
                for n, sign in ((0, '<&-'), (1, ' >&-'), (2, '2>&-')):
                    if sign in ' ' + redirect:
                        self.assertEqual(fds[n], '/dev/null', (n, fds))

    def test_a_full_disk_is_the_commands_to_report(self):
        with open('/dev/full', 'wb') as full:
            r = self.croft(USER, *SELF, 'host', '--', 'echo', 'text', stdout=full)
        self.assertRefused(r, 1, r'^echo: write error: No space left on device$')

    def test_a_full_standard_error_does_not_change_the_status(self):
        with open('/dev/full', 'wb') as full:
            r = self.croft(USER, *SELF, '-v', '/no/such:/mnt', 'host', '--', 'true', stderr=full)
        self.assertEqual(r.status, EXIT_CROFT)


class Killed(LifeTest):
    TRIES = 200

    def test_nothing_is_left_when_croft_is_killed_at_any_moment(self):
        """KILL after a random time: while it starts, while the command runs, while it ends."""
        base = self.make_dir(USER)
        data = self.home_dir()
        root = base + '/rootfs'
        self.assertRan(self.croft(USER, 'root', 'build', root, 'sh', 'sleep', 'true'))
        self.assertRan(self.croft(USER, 'run', '-v', data + ':/mnt', root, '--', 'true'))
        before = snapshot_tree(root)
        variants = ((root,), ('--ephemeral', root), ('--read-only', root), ('--map', 'self', 'host'),
                    ('--cap-add', 'SYS_ADMIN', root), ('-t', root))
        rng = random.Random(20240601)
        # one that would not end by itself, and one that ends at about the time
        commands = (('sleep', '600'), ('sleep', '0.01'))
        ends = {'killed': 0, 'ended': 0}
        for i in range(self.TRIES):
            p = self.popen_as(USER, [self.croft_path, 'run', '-v', data + ':/mnt', *variants[i % len(variants)], '--',
                                     *commands[i // len(variants) % 2]])
            time.sleep(rng.uniform(0, 0.03))
            p.kill()
            ends['killed' if p.wait(20) == -signal.SIGKILL else 'ended'] += 1
            p.stdout.close()
            p.stderr.close()
        self.assertEqual(self.leftovers(5.0), [])
        self.assertUnchanged(root, before)
        self.assertEqual(os.listdir(data), [])
        self.assertGreater(ends['killed'], self.TRIES // 4, ends)


class Many(LifeTest):
    def many(self, count, user=USER):
        """count sandboxes at the same time: all hold until the last one runs."""
        running = [self.popen_as(user, [self.croft_path, *SELF, '--network', 'host', 'host', '--', 'sh', '-c', 'echo ready; read end'],
                                 stdin=subprocess.PIPE) for _ in range(count)]
        for p in running:
            self.assertEqual(p.stdout.readline(), b'ready\n', p.stderr.read() if p.poll() is not None else '')
        for p in running:
            p.stdin.write(b'\n')
            p.stdin.close()
        self.assertEqual([p.wait(60) for p in running], [0] * count)

    def test_twenty_at_once(self):
        self.many(20)

    def test_more_at_once_than_a_user_may_have_keyrings(self):
        with open('/proc/sys/kernel/keys/maxkeys', encoding='ascii') as f:
            keys = int(f.read())
        if keys > 300:
            self.skipTest(f'this kernel gives a user {keys} keys')
        self.many(keys + 20)


class Limits(LifeTest):
    def limited(self, limits, *args, **kwargs):
        def set_limits():
            for which, value in limits.items():
                resource.setrlimit(which, (value, value))
        return self.croft(USER, *(args or (*SELF, 'host', '--', 'true')), preexec_fn=set_limits, timeout=20, **kwargs)

    def assertSaid(self, r, regex=r''):
        """125 and one clear sentence, perhaps with a hint."""
        self.assertRefused(r, EXIT_CROFT, r'\Acroft: .*' + regex + r'.*\n(croft: hint: .*\n)?\Z')

    def test_no_more_processes(self):
        self.assertSaid(self.limited({resource.RLIMIT_NPROC: 0}), 'too many processes')
        self.assertSaid(self.limited({resource.RLIMIT_NPROC: 0}, 'run', 'host', '--', 'true'), 'too many processes')

    def test_no_file_may_grow(self):
        r = self.limited({resource.RLIMIT_FSIZE: 0})
        self.assertIn(r.status, (0, EXIT_CROFT), r)
        if r.status:
            self.assertSaid(r)

    def test_few_open_files(self):
        statuses = set()
        for count in (*range(0, 20), 32, 64):
            r = self.limited({resource.RLIMIT_NOFILE: count})
            statuses.add(r.status)
            if r.status == EXIT_CROFT and count > 3:
                self.assertSaid(r)
            elif r.status not in (0, EXIT_CROFT):
                self.assertIn(r.status, (126, 127), f'{count}: {r}')  # ld.so of the command
        self.assertIn(0, statuses)
        self.assertIn(EXIT_CROFT, statuses)

    def test_little_address_space(self):
        statuses = set()
        for mib in (1, 2, 4, 8, 16, 32, 64, 96, 128, 192, 256, 1024):
            r = self.limited({resource.RLIMIT_AS: mib << 20})
            statuses.add(r.status)
            if r.returncode < 0:
                self.assertLessEqual(mib, 8, f'the kernel cannot even start it: {r}')
            elif r.status == EXIT_CROFT:
                self.assertSaid(r)
        self.assertIn(0, statuses)
        self.assertIn(EXIT_CROFT, statuses)

    def test_the_limits_are_handed_on(self):
        r = self.limited({resource.RLIMIT_NOFILE: 200, resource.RLIMIT_CORE: 0}, *SELF, 'host', '--', 'sh', '-c', 'ulimit -n; ulimit -c')
        self.assertEqual(r.out, '200\n0\n', r)


class Nasty(LifeTest):
    """Every hostile start state of the probe `nasty`, before croft run."""

    WORKS = ('close0', 'close2', 'memlock', 'chldign', 'sigign', 'argvmany', 'env', 'envhuge', 'umask0', 'umask777',
             'cwdgone', 'name', 'fds', 'sharefs', 'argv0', 'traced')
    REFUSED = {'nofile': r'(Too many open files|No file descriptors available)', 'nproc': r'too many processes', 'as': r'memory', 'noargs': 'a verb is missing'}
    # what ends it is a signal or limit that the caller himself has set
    EITHER = ('close1', 'closeall', 'fsize', 'nofile0', 'stack', 'data', 'sigpending', 'alarm', 'argc0', 'argvlong', 'nnp')

    def nasty(self, state):
        return self.run_as(USER, [self.probes + '/nasty', state, self.croft_path, *SELF, 'host', '--',
                                  'sh', '-c', 'umask; ls -A1 /proc/self/fd | wc -l; echo works', 'name'], timeout=20)

    def test_all_states_of_the_probe_are_listed(self):
        with open(os.path.dirname(os.path.abspath(__file__)) + '/probes/nasty.c', encoding='utf-8') as f:
            states = set(re.findall(r'\{"(\w+)", \w+\}', f.read()))
        self.assertEqual(states, {*self.WORKS, *self.REFUSED, *self.EITHER})

    def test_states_that_make_no_difference(self):
        for state in self.WORKS:
            with self.subTest(state=state):
                r = self.nasty(state)
                self.assertRan(r)
                self.assertEqual(r.out.split(), ['0022', '4', 'works'], r)

    def test_states_in_which_it_cannot_work(self):
        for state, why in self.REFUSED.items():
            with self.subTest(state=state):
                r = self.nasty(state)
                self.assertRefused(r, EXIT_CROFT, r'\Acroft: .*' + why + r'.*\n(croft: hint: .*\n)?\Z')
                self.assertEqual(r.out, '')

    def test_states_that_may_end_it_leave_nothing(self):
        for state in self.EITHER:
            with self.subTest(state=state):
                r = self.nasty(state)
                self.assertIn(r.status, (0, 1, 2, 125, 126, 127, 128 + signal.SIGALRM, 128 + signal.SIGKILL, 128 + signal.SIGSEGV,
                                         128 + signal.SIGTERM, 128 + signal.SIGXFSZ, 128 + signal.SIGUSR1), r)
                self.assertEqual(self.leftovers(2.0), [])
