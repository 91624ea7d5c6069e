"""A sandbox ends with its job, after a time of grace; and --status-fd, which tells a sandbox that did not start from a command that failed."""
import fcntl
import json
import os
import signal
import subprocess

from croft_test import EXIT_CROFT, EXIT_NOT_FOUND, EXIT_TIME_LIMIT, USER
from run_case import RunTest

SELF = ('run', '--map', 'self')
TRAP = 'trap "echo got TERM; exit 42" TERM; trap "echo got HUP" HUP; echo ready; while :; do sleep 0.02; done'
DEAF = 'trap "" TERM HUP; echo ready; while :; do sleep 0.02; done'


class JobTest(RunTest):
    def below_a_shell(self, *words, before=''):
        """croft WORDS, started by a shell that waits for it and goes on."""
        p = self.popen_as(USER, ['bash', '-c', before + '"$@"; exit', 'sh', self.croft_path, *words], stdin=subprocess.PIPE)
        self.assertEqual(p.stdout.readline(), b'ready\n', p.stderr.read() if p.poll() is not None else '')
        return p

    def assertNothingLeft(self):
        self.assertEqual(self.leftovers(20), [])


class EndsWithItsParent(JobTest):
    def test_when_the_starting_process_is_killed_the_command_gets_term(self):
        for init in ('--init', '--no-init'):
            p = self.below_a_shell(*SELF, init, 'host', '--', 'bash', '-c', TRAP)
            p.kill()
            self.assertEqual(p.stdout.read(), b'got TERM\n')
            self.assertNothingLeft()

    def test_after_the_time_of_grace_it_is_killed(self):
        for options in ((), ('--no-init',), ('-t',)):
            p = self.below_a_shell(*SELF, *options, '--stop-timeout', '200ms', 'host', '--', 'bash', '-c', DEAF)
            p.kill()
            self.assertNothingLeft()

    def test_one_that_is_stopped_ends_too(self):
        p = self.below_a_shell(*SELF, 'host', '--', 'bash', '-c', 'trap "exit 3" TERM; echo ready; kill -STOP $$; sleep 300')
        p.kill()
        self.assertNothingLeft()

    def test_one_whose_parent_ends_while_it_starts_ends_too(self):
        """It waits for a writer of the file before it knows what to start."""
        fifo = self.make_dir(USER) + '/env'
        os.mkfifo(fifo)
        self.give(fifo, USER)
        p = self.popen_as(USER, ['sh', '-c', '"$@" & echo $!; exec cat', 'sh', self.croft_path, *SELF, '--env-file', fifo, '--stop-timeout', '1s',
                                 'host', '--', 'sleep', '600'], stdin=subprocess.PIPE)
        croft = int(p.stdout.readline())
        self.wait_for(lambda: os.path.basename(os.readlink(f'/proc/{croft}/exe')) == 'croft')
        self.wait_for(lambda: self.state_of(croft)['State'].startswith('S'))
        p.kill()
        p.wait()
        with open(fifo, 'w', encoding='ascii'):
            pass
        self.assertNothingLeft()

    def untied(self, *options, before=''):
        p = self.below_a_shell(*SELF, *options, 'host', '--', 'sh', '-c', 'echo ready; read line; echo $line', before=before)
        os.kill(p.pid, signal.SIGKILL)
        p.wait()
        p.stdin.write(b'still here\n')
        p.stdin.close()
        self.assertEqual(p.stdout.read(), b'still here\n')

    def test_with_tie_none_it_goes_on(self):
        self.untied('--tie', 'none')

    def test_below_nohup_it_goes_on(self):
        self.untied(before="trap '' HUP; ")

    def test_the_end_of_a_thread_that_started_it_is_not_that_of_the_process(self):
        script = ('import subprocess, sys, threading\n'
                  'def start():\n'
                  '    global p\n'
                  '    p = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)\n'
                  '    p.stdout.readline()\n'
                  't = threading.Thread(target=start); t.start(); t.join()\n'
                  'print(p.communicate("still here\\n")[0], p.returncode)\n')
        r = self.run_as(USER, [os.path.realpath('/usr/bin/python3'), '-IS', '-c', script, self.croft_path, *SELF, 'host', '--',
                               'sh', '-c', 'echo ready; read line; echo $line; exit 7'])
        self.assertEqual(r.out, 'still here\n 7\n', r)


class EndsWithItsTerminal(JobTest):
    def test_a_terminal_that_is_closed_starts_the_time_of_grace(self):
        """croft is the session's leader, and has its output elsewhere: the kernel alone tells it."""
        out = self.home_dir() + '/out'
        t = self.terminal(USER, ['sh', '-c', f'exec {self.croft_path} run --map self --stop-timeout 200ms host -- bash -c \'{DEAF}\' </dev/null >{out} 2>&1'])
        while not os.path.exists(out) or not os.path.getsize(out):
            self.assertIsNone(t.process.poll())
        os.close(t.slave)
        os.close(t.master)
        t.slave, t.master = os.openpty()  # for close()
        self.assertEqual(t.process.wait(20), 128 + signal.SIGKILL)
        self.assertNothingLeft()

    def test_hup_of_somebody_is_for_the_command_alone(self):
        p = self.popen_as(USER, [self.croft_path, *SELF, '--stop-timeout', '1ms', 'host', '--', 'bash', '-c',
                                 'trap "echo again" HUP; echo ready; read -r a; while ! read -r a; do :; done; exit 5'], stdin=subprocess.PIPE)
        self.assertEqual(p.stdout.readline(), b'ready\n')
        p.send_signal(signal.SIGHUP)
        self.assertEqual(p.stdout.readline(), b'again\n')
        p.stdin.write(b'a\nb\n')
        p.stdin.close()
        self.assertEqual(p.wait(20), 5)


class Status(JobTest):
    PHASES = ['policy', 'ids', 'image', 'mounts', 'exec']

    def status(self, *words, before=None, **kwargs):
        """(the lines, the Result) of croft run WORDS."""
        r, w = os.pipe()
        with os.fdopen(r, encoding='utf-8') as lines:
            try:
                result = self.croft(USER, 'run', '--status-fd', str(w), *words, pass_fds=(w,), **kwargs)
            finally:
                os.close(w)
            return [json.loads(line) for line in lines.read().splitlines()], result

    def test_a_line_a_phase(self):
        root = self.build_root('true')
        for options, map_ in (((), 'subordinate'), (('--map', 'self'), 'self'), (('--no-init',), 'subordinate'), (('-t',), 'subordinate')):
            lines, r = self.status(*options, root, '--', 'true')
            self.assertRan(r)
            self.assertEqual([line['phase'] for line in lines], self.PHASES + ['exit'])
            self.assertEqual(lines[1], {'phase': 'ids', 'map': map_, 'gate': False})
            self.assertEqual(lines[2]['root'], root)
            self.assertEqual(lines[-1], {'phase': 'exit', 'code': 0, 'status': 0})

    def test_a_command_that_fails_is_told_from_one_that_is_killed(self):
        for options in ((), ('-t',)):
            lines, r = self.status('--map', 'self', *options, 'host', '--', 'sh', '-c', 'exit 137')
            self.assertEqual((lines[-1], r.status), ({'phase': 'exit', 'code': 137, 'status': 137}, 137))
            lines, r = self.status('--map', 'self', *options, 'host', '--', 'sh', '-c', 'kill -KILL $$')
            self.assertEqual((lines[-1], r.status), ({'phase': 'exit', 'signal': 9, 'status': 137}, 137))
            self.assertEqual([line['phase'] for line in lines], self.PHASES + ['exit'])

    def test_a_sandbox_that_cannot_start_says_during_what(self):
        rows = ((('-v', '/no/such:/mnt', 'host'), 'policy', EXIT_CROFT, 'No such file'),
                (('./no-such-root',), 'policy', EXIT_CROFT, 'No such file'),
                (('--tmpfs', '/usr/x', 'host'), 'mounts', EXIT_CROFT, '/usr/x'),
                (('host', '--', 'no-such-command'), 'exec', EXIT_NOT_FOUND, 'not found'))
        for words, during, status, message in rows:
            with self.subTest(words):
                lines, r = self.status('--map', 'self', *words)
                self.assertEqual([line['phase'] for line in lines], self.PHASES[:self.PHASES.index(during)] + ['error'])
                self.assertEqual((lines[-1]['during'], lines[-1]['status'], r.status), (during, status, status))
                self.assertIn(message, lines[-1]['message'])

    def test_what_the_policy_refuses_is_a_phase_of_its_own(self):
        lines, r = self.status('--map', 'self', '-v', '/root:/mnt', 'host', '--', 'true')
        self.assertRefused(r, EXIT_CROFT, 'denied')
        self.assertEqual([(line['phase'], line['during']) for line in lines], [('error', 'policy')])

    def test_a_time_limit(self):
        lines, r = self.status('--map', 'self', '--timeout', '100ms', 'host', '--', 'sleep', '300')
        self.assertEqual(r.status, EXIT_TIME_LIMIT)
        self.assertEqual(lines[-2:], [{'phase': 'time-limit', 'milliseconds': 100}, {'phase': 'exit', 'signal': 15, 'status': EXIT_TIME_LIMIT}])

    def test_the_command_does_not_have_the_descriptor(self):
        for options in ((), ('--no-init',)):
            lines, r = self.status('--map', 'self', *options, 'host', '--', 'sh', '-c', 'ls -1 /proc/self/fd | wc -l; ls /proc/1/fd | wc -l; exit 0')
            self.assertEqual(r.out.split()[0], '4', r)  # and that of ls
            self.assertEqual(lines[-1]['phase'], 'exit')

    def test_a_reader_who_is_gone_changes_nothing(self):
        r, w = os.pipe()
        os.close(r)
        result = self.croft(USER, 'run', '--map', 'self', '--status-fd', str(w), 'host', '--', 'sh', '-c', 'echo fine; exit 3', pass_fds=(w,))
        os.close(w)
        self.assertEqual((result.status, result.out, result.err), (3, 'fine\n', ''))

    def test_a_pipe_that_is_full_changes_nothing(self):
        r, w = os.pipe()
        os.set_blocking(w, False)
        with self.assertRaises(BlockingIOError):
            while True:
                os.write(w, b'.' * 4096)
        os.set_blocking(w, True)
        result = self.croft(USER, 'run', '--map', 'self', '--status-fd', str(w), 'host', '--', 'sh', '-c', 'echo fine; exit 3', pass_fds=(w,), timeout=30)
        self.assertEqual((result.status, result.out, result.err), (3, 'fine\n', ''))
        self.assertFalse(fcntl.fcntl(w, fcntl.F_GETFL) & os.O_NONBLOCK, 'the open file is the caller\'s')
        os.close(r)
        os.close(w)

    def test_descriptors_that_cannot_be_written_to_are_refused(self):
        self.assertRefused(self.croft(USER, 'run', '--status-fd', '77', 'host', '--', 'true'), EXIT_CROFT, '--status-fd: descriptor 77: Bad file descriptor')
        r, w = os.pipe()
        for fd, message in ((r, 'not open for writing'),):
            self.assertRefused(self.croft(USER, 'run', '--status-fd', str(fd), 'host', '--', 'true', pass_fds=(fd,)), EXIT_CROFT, message)
        os.close(r)
        os.close(w)
