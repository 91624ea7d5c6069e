"""The terminal of a sandbox: its own, with job control; the caller's stays outside and comes back as it was."""
import array
import contextlib
import fcntl
import os
import pwd
import re
import select
import signal
import subprocess
import termios
import time

from croft_test import EXIT_CROFT, USER, CroftTest

PROMPT = r'OUT-\d+> '
HOST = ('run', '--map', 'self', 'host', '--')


def children(pid):
    with open(f'/proc/{pid}/task/{pid}/children', encoding='ascii') as f:
        return [int(word) for word in f.read().split()]


def state(pid):
    with open(f'/proc/{pid}/stat', encoding='utf-8', errors='replace') as f:
        return f.read().rpartition(') ')[2][0]


def until(what, seconds=10.0):
    """Waits for what() to be true and returns it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = what()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f'{what} did not come true in {seconds} s')


def waiting_input(fd):
    """What lies in the input queue of a terminal for whoever reads it next, lines finished or not."""
    modes = termios.tcgetattr(fd)
    modes[3] &= ~(termios.ICANON | termios.ECHO)
    modes[6][termios.VMIN], modes[6][termios.VTIME] = 0, 0
    termios.tcsetattr(fd, termios.TCSANOW, modes)
    count = array.array('i', [0])
    fcntl.ioctl(fd, termios.FIONREAD, count)
    return os.read(fd, count[0]).decode(errors='replace') if count[0] else ''


def fresh_modes():
    """What a new terminal has, before anybody could change it."""
    master, slave = os.openpty()
    modes = termios.tcgetattr(slave)
    os.close(slave)
    os.close(master)
    return modes


class TerminalTest(CroftTest):
    def croft_terminal(self, *args, **kwargs):
        return self.terminal(USER, [self.croft_path, *args], **kwargs)

    def outer_shell(self):
        """An interactive bash on a terminal, as a person has it, with the prompt OUT-STATUS>."""
        t = self.terminal(USER, ['bash', '--norc', '--noprofile', '-i'],
                          env={'PS1': 'OUT-$?> ', 'CROFT': self.croft_path, 'HISTFILE': ''})
        t.expect(PROMPT)
        t.send('bind "set enable-bracketed-paste off"\n')
        t.expect(PROMPT)
        return t

    def croft_of(self, shell, name='croft'):
        """The pid of the croft that a shell has started."""
        def find():
            for pid in children(shell.pid):
                with contextlib.suppress(OSError), open(f'/proc/{pid}/comm', encoding='utf-8') as f:
                    if f.read().strip() == name:
                        return pid
            return None
        return until(find)

    def assertCooked(self, attributes, before):
        self.assertEqual(attributes[:6], before[:6], 'the modes of the outer terminal have changed')


class Inside(TerminalTest):
    def test_every_standard_descriptor_is_a_terminal_of_the_sandbox(self):
        t = self.croft_terminal(*HOST, 'sh', '-c', 'tty; tty <&1; tty <&2; test -c /dev/console && echo console')
        self.assertEqual(t.wait(), 0, t.seen)
        self.assertEqual(t.seen.split(), ['/dev/pts/0', '/dev/pts/0', '/dev/pts/0', 'console'])

    def test_the_console_is_the_same_terminal(self):
        t = self.croft_terminal(*HOST, 'sh', '-c', 'stat -c %t:%T /dev/console /dev/pts/0; echo text >/dev/console')
        self.assertEqual(t.wait(), 0, t.seen)
        first, second, text = t.seen.split()
        self.assertEqual((first, text), (second, 'text'))

    def test_the_window_has_the_size_of_the_outer_one_and_follows_it(self):
        t = self.croft_terminal(*HOST, 'bash', '--norc', '-c',
                                'stty size; trap "stty size; exit 7" WINCH; echo ready; while :; do sleep 0.1; done',
                                rows=31, cols=107)
        t.expect(r'31 107\r?\nready')
        t.resize(50, 132)
        t.expect('50 132')
        self.assertEqual(t.wait(), 7)

    def test_ctrl_c_ends_what_runs_in_front_and_not_the_shell(self):
        t = self.croft_terminal(*HOST, 'bash', '--norc', '-i', env={'TERM': 'dumb'})
        t.expect('[$#] ')
        t.send('PS1="IN-\\$?> "\n')
        t.expect(r'IN-0> ')
        t.send('sleep 300\n')
        time.sleep(0.3)
        t.send('\x03')
        t.expect(r'IN-130> ')
        t.send('exit 5\n')
        self.assertEqual(t.wait(), 5)

    def test_ctrl_z_jobs_and_fg_work_inside(self):
        t = self.croft_terminal(*HOST, 'bash', '--norc', '-i', env={'TERM': 'dumb'})
        t.expect('[$#] ')
        t.send('PS1="IN-\\$?> "\n')
        t.expect(r'IN-0> ')
        t.send('cat\n')
        time.sleep(0.3)
        t.send('\x1a')
        t.expect(r'Stopped')
        t.expect(r'IN-148> ')
        t.send('jobs\n')
        t.expect(r'\[1\]\+ +Stopped +cat')
        t.expect(r'IN-0> ')
        t.send('fg\n')
        t.expect(r'cat\r\n')
        t.send('once more\n')
        t.expect(r'once more\r\nonce more\r\n')
        t.send('\x04')
        t.expect(r'IN-0> ')
        t.send('exit\n')
        self.assertEqual(t.wait(), 0)

    def test_ctrl_d_ends_the_input(self):
        t = self.croft_terminal(*HOST, 'cat')
        t.send('a line\n')
        t.expect(r'a line\r\na line\r\n')
        t.send('\x04')
        self.assertEqual(t.wait(), 0)

    def test_quit_reaches_the_command(self):
        t = self.croft_terminal(*HOST, 'sh', '-c', 'echo ready; exec sleep 300')
        t.expect('ready')
        t.send('\x1c')
        self.assertEqual(t.wait(), 128 + signal.SIGQUIT)
        self.assertCooked(t.attributes(), fresh_modes())

    def test_a_large_output_arrives_to_its_last_byte(self):
        t = self.croft_terminal(*HOST, 'sh', '-c', 'head -c 1000000 /dev/zero | tr "\\0" x; printf END')
        self.assertEqual(t.wait(60), 0)
        self.assertEqual((t.seen.count('x'), t.seen[-3:]), (1000000, 'END'))

    def test_a_large_input_arrives_to_its_last_byte(self):
        t = self.croft_terminal(*HOST, 'sh', '-c', 'stty -echo -icanon; echo ready; head -c 300000 | cksum')
        t.expect('ready')
        data = ''.join(f'{i:09d}\n' for i in range(30000))
        while data:
            ready, writable, _ = select.select([t.master], [t.master], [], 10)
            self.assertTrue(ready or writable, 'nothing moves')
            if ready:
                t._read(0)
            if writable:
                data = data[os.write(t.master, data[:1024].encode()):]
        want = subprocess.run(['cksum'], input=''.join(f'{i:09d}\n' for i in range(30000)).encode(),
                              capture_output=True, check=True).stdout.decode()
        t.expect(re.escape(want.strip()))
        self.assertEqual(t.wait(), 0)

    def test_without_an_init_the_shell_has_its_job_control(self):
        t = self.croft_terminal('run', '--map', 'self', '--no-init', 'host', '--', 'bash', '--norc', '-i',
                                env={'TERM': 'dumb'})
        t.expect('[$#] ')
        t.send('PS1="IN-\\$?-$$> "\n')
        t.expect(r'IN-0-1> ')
        t.send('sleep 300\n')
        time.sleep(0.3)
        t.send('\x03')
        t.expect(r'IN-130-1> ')
        t.send('exit 6\n')
        self.assertEqual(t.wait(), 6)


class Asked(TerminalTest):
    """-t, and terminals on some of the three only."""

    def test_t_without_a_terminal_makes_one(self):
        r = self.croft(USER, 'run', '-t', '--map', 'self', 'host', '--', 'sh', '-c', 'tty; tty <&1; tty <&2; cat',
                       input='from a pipe\n')
        self.assertRan(r)
        self.assertEqual((r.out.split('\n'), r.err), (['/dev/pts/0'] * 3 + ['from a pipe', ''], ''))

    def test_input_without_a_last_newline_ends_too(self):
        for text in ('', 'no newline', 'one\ntwo', '\n'):
            with self.subTest(text=text):
                r = self.croft(USER, 'run', '-t', '--map', 'self', 'host', '--', 'cat', input=text, timeout=10)
                self.assertRan(r)
                self.assertEqual(r.out, text)

    def test_t_into_a_pipe_that_closes_ends(self):
        done = self.run_as(USER, ['bash', '-c', f'{self.croft_path} run -t --stop-timeout 1s --map self host -- '
                                                'yes | head -n 1; echo ${PIPESTATUS[0]}'], timeout=20)
        self.assertEqual(done.out.split()[0], 'y')
        self.assertIn(int(done.out.split()[1]), (128 + signal.SIGHUP, 128 + signal.SIGKILL), done)

    def test_a_terminal_is_not_passed_on_as_another_descriptor(self):
        t = self.terminal(USER, ['bash', '-c', f'exec {self.croft_path} run --preserve-fd 9 --map self host -- true 9<>/dev/tty'])
        self.assertEqual(t.wait(), EXIT_CROFT)
        self.assertRegex(t.seen, r'^croft: option --preserve-fd: descriptor 9 is a terminal')

    def test_a_pipeline_does_not_make_the_outer_terminal_raw(self):
        """Where the output goes elsewhere, the terminal belongs to whoever reads that."""
        t = self.outer_shell()
        before = t.attributes()
        t.send('$CROFT run --map self host -- sh -c "echo one; echo two; sleep 1" | cat\n')
        t.expect('one\r\ntwo\r\n')
        self.assertNotEqual(t.attributes()[3] & termios.ICANON, 0)
        t.expect(PROMPT)
        self.assertCooked(t.attributes(), before)


class Restored(TerminalTest):
    """The modes of the outer terminal, however it ends."""

    def check(self, *args, status, end=None, ready='ready'):
        before = fresh_modes()
        t = self.croft_terminal(*args)
        if ready:
            t.expect(ready)
            until(lambda: not t.attributes()[3] & termios.ICANON)
        if end:
            end(t)
        self.assertEqual(t.wait(), status, t.seen)
        self.assertCooked(t.attributes(), before)
        return t

    def test_after_success(self):
        self.check(*HOST, 'sh', '-c', 'echo ready; sleep 0.3', status=0)

    def test_after_an_exit_code(self):
        self.check(*HOST, 'sh', '-c', 'echo ready; sleep 0.3; exit 3', status=3)

    def test_after_the_command_made_its_own_terminal_raw(self):
        self.check(*HOST, 'sh', '-c', 'stty raw -echo; echo ready; sleep 0.3', status=0)

    def test_after_term(self):
        self.check(*HOST, 'sh', '-c', 'echo ready; exec sleep 300', status=128 + signal.SIGTERM,
                   end=lambda t: os.kill(t.pid, signal.SIGTERM))

    def test_after_two_terms(self):
        def two(t):
            os.kill(t.pid, signal.SIGTERM)
            time.sleep(0.2)
            os.kill(t.pid, signal.SIGTERM)
        self.check(*HOST, 'sh', '-c', 'trap "" TERM; echo ready; while :; do sleep 0.1; done',
                   status=128 + signal.SIGKILL, end=two)

    def test_after_the_sandbox_was_killed(self):
        self.check(*HOST, 'sh', '-c', 'echo ready; exec sleep 300', status=128 + signal.SIGKILL,
                   end=lambda t: os.kill(children(t.pid)[0], signal.SIGKILL))

    def test_after_a_command_that_is_not_there(self):
        t = self.check(*HOST, '/no/such/command', status=127, ready=None)
        self.assertRegex(t.seen, r'^croft: run /no/such/command: not found in the sandbox\r?\n')

    def test_after_a_start_that_is_refused(self):
        t = self.check('run', '--map', 'self', '-v', '/no/such:/mnt', 'host', '--', 'true', status=EXIT_CROFT, ready=None)
        self.assertRegex(t.seen, r'^croft: volume /no/such:/mnt: No such file or directory\r?\n')


class Jobs(TerminalTest):
    """croft as a job of an interactive shell."""

    def test_ctrl_z_gives_the_prompt_back_and_fg_goes_on(self):
        t = self.outer_shell()
        before = t.attributes()
        t.send('$CROFT run --map self host -- cat\n')
        croft = self.croft_of(t)
        until(lambda: not t.attributes()[3] & termios.ICANON)  # else the outer terminal echoes what is typed, too
        t.send('hello\n')
        t.expect('hello\r\nhello\r\n')
        for _ in range(3):
            t.send('\x1a')
            t.expect('Stopped')
            t.expect(r'OUT-148> ')
            self.assertEqual(state(croft), 'T')
            self.assertEqual(t.attributes()[0], before[0])
            t.send('fg\n')
            t.expect(r'cat\r\n')
            until(lambda: not t.attributes()[3] & termios.ICANON)
            t.send('again\n')
            t.expect('again\r\nagain\r\n')
        t.send('\x04')
        t.expect(r'OUT-0> ')
        t.send('jobs; echo end\n')
        t.expect('\r\nend\r\n')

    def test_a_pipeline_is_stopped_and_goes_on_as_a_whole(self):
        t = self.outer_shell()
        t.send('$CROFT run --map self host -- sh -c "echo begin; sleep 1; echo rest" | cat\n')
        t.expect('begin\r\n')
        t.send('\x1a')
        t.expect(r'OUT-\d+> ')
        until(lambda: all(state(pid) == 'T' for pid in children(t.pid)))
        t.send('fg\n')
        t.expect('rest\r\n')
        t.expect(r'OUT-0> ')

    def test_one_tstp_stops_once(self):
        t = self.outer_shell()
        t.send('$CROFT run --map self host -- cat\n')
        croft = self.croft_of(t)
        until(lambda: not t.attributes()[3] & termios.ICANON)  # else the outer terminal echoes what is typed, too
        t.send('hello\n')
        t.expect('hello\r\nhello\r\n')
        os.kill(croft, signal.SIGTSTP)
        t.expect(r'OUT-148> ')
        t.send('fg\n')
        t.expect(r'cat\r\n')
        until(lambda: not t.attributes()[3] & termios.ICANON)
        t.send('again\n')
        t.expect('again\r\nagain\r\n')
        t.send('\x04')
        t.expect(r'OUT-0> ')

    def test_ctrl_z_where_no_shell_waits_stops_nothing(self):
        """A stopped process of an orphaned group would never be continued; the kernel stops none there either."""
        t = self.croft_terminal(*HOST, 'cat')
        t.send('hello\n')
        t.expect('hello\r\nhello\r\n')
        t.send('\x1a')
        time.sleep(0.3)
        t.send('again\n')
        t.expect('again\r\nagain\r\n')
        t.send('\x04')
        self.assertEqual(t.wait(), 0)

    def type_at_once(self, key):
        """What is typed as soon as the terminal is the sandbox's; a millisecond later the command runs."""
        t = self.croft_terminal(*HOST, 'cat')
        while termios.tcgetattr(t.slave)[3] & termios.ICANON:
            pass
        os.write(t.master, key)
        return t

    def test_ctrl_c_before_the_command_runs_is_not_lost(self):
        for n in range(20):
            with self.subTest(start=n):
                self.assertEqual(self.type_at_once(b'\x03').wait(timeout=5), 128 + signal.SIGINT)

    def test_ctrl_z_before_the_command_runs_stops_nothing_for_good(self):
        for n in range(20):
            with self.subTest(start=n):
                t = self.type_at_once(b'\x1a')
                time.sleep(0.05)
                t.send('again\n')
                t.expect('again\r\nagain\r\n', timeout=5)
                t.send('\x04')
                self.assertEqual(t.wait(), 0)

    def test_in_the_background_it_runs_and_leaves_the_terminal_alone(self):
        t = self.outer_shell()
        before = t.attributes()
        t.send('$CROFT run --map self host -- sh -c "sleep 0.5; echo from behind" &\n')
        t.expect(PROMPT)
        t.send('echo in front; tty >/dev/null\n')  # input, which croft must not take
        t.expect('in front\r\n')
        t.expect('from behind')
        t.send('wait; echo done\n')
        t.expect(r'done\r\n')
        t.expect(PROMPT)
        self.assertNotIn('Stopped', t.seen)
        self.assertCooked(t.attributes(), before)

    def test_with_its_output_in_a_file_it_takes_no_input_from_behind(self):
        t = self.outer_shell()
        t.send('$CROFT run --map self host -- sleep 2 >/dev/null &\n')
        t.expect(PROMPT)
        croft = self.croft_of(t)
        for i in range(5):
            t.send(f'echo line{i}\n')
            t.expect(f'\nline{i}\r\n')
            self.assertNotEqual(state(croft), 'T', t.seen)
        t.send('wait; echo done\n')
        t.expect(r'done\r\n')
        self.assertNotIn('Stopped', t.seen)

    def test_brought_to_the_front_it_takes_the_terminal(self):
        t = self.outer_shell()
        t.send('$CROFT run --map self host -- cat &\n')
        t.expect(PROMPT)
        self.croft_of(t)
        time.sleep(0.3)
        t.send('fg\n')
        t.expect(r'cat\r\n')
        until(lambda: not t.attributes()[3] & termios.ICANON)
        t.send('hello\n')
        t.expect('hello\r\nhello\r\n')
        t.send('\x04')
        t.expect(r'OUT-0> ')


class HangUp(TerminalTest):
    def hang_up(self, *command, stop='1s'):
        """croft on a terminal whose other end is closed. How it ended, after how many seconds."""
        master, slave = os.openpty()
        os.fchown(slave, pwd.getpwnam(USER).pw_uid, -1)
        p = self.popen_as(USER, [self.croft_path, 'run', '--stop-timeout', stop, '--map', 'self', 'host', '--', *command],
                          stdin=slave, stdout=slave, stderr=slave,
                          preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(slave)
        text = ''
        while 'ready' not in text:
            self.assertTrue(select.select([master], [], [], 20)[0], text)
            text += os.read(master, 4096).decode()
        os.close(master)
        begin = time.monotonic()
        p.wait(20)
        return p.returncode, time.monotonic() - begin

    def test_the_command_gets_hup(self):
        status, seconds = self.hang_up('sh', '-c', 'echo ready; exec sleep 300')
        self.assertEqual(status, 128 + signal.SIGHUP)
        self.assertLess(seconds, 0.9)

    def test_a_command_that_ignores_it_is_killed_after_the_stop_timeout(self):
        status, seconds = self.hang_up('sh', '-c', 'trap "" HUP; echo ready; while :; do sleep 0.1; done')
        self.assertEqual(status, 128 + signal.SIGKILL)
        self.assertTrue(0.9 < seconds < 5, seconds)

    def test_a_command_that_keeps_writing_is_killed_too(self):
        status, seconds = self.hang_up('sh', '-c', 'trap "" HUP; echo ready; exec yes')
        self.assertIn(status, (128 + signal.SIGKILL, 128 + signal.SIGHUP))
        self.assertLess(seconds, 5)
