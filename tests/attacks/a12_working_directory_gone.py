"""A12: the working directory is gone, closed, or on a file system that does not answer

Broke: programs that call getcwd(3) while they are privileged (no number).
Trick: rmdir of the directory that the program is started in; a FUSE server of one's own that stops.
Croft: needs it for relative paths alone, and says so; what waits for it ends when it is told to.
Idmap: never looks at it.
Gate: as croft; it waits as the caller, and never longer than he does.
Covered by: test_idmap.test_A1_A12_states_that_must_not_matter, test_gate.test_A1_A12_states_that_must_not_matter, test_gate_ids.test_A1_A12_states_that_must_not_matter
"""
import signal

from attacks.attack import Attack, SELF, PYTHON
from attacks.fuse import FuseAttack
from croft_test import EXIT_CROFT, USER, processes_of


class WorkingDirectory(Attack):
    def test_a_working_directory_that_is_gone_or_closed_does_not_matter(self):
        r = self.run_as(USER, [self.probes + '/nasty', 'cwdgone', self.croft_path, 'run', *SELF, 'host', '--', 'pwd'], timeout=10)
        self.assertRan(r)
        self.assertEqual(r.out, '/root\n')
        closed = self.make_dir('root', 0o700)  # entered with root's rights
        self.assertRan(self.croft(USER, 'run', *SELF, 'host', '--', 'true', cwd=closed, timeout=10))
        self.assertRefused(self.croft(USER, 'run', *SELF, './root', '--', 'true', cwd=closed, timeout=10), EXIT_CROFT,
                           r'^croft: root \./root: Permission denied$')

    def test_control_who_asks_for_it_fails(self):
        r = self.run_as(USER, [self.probes + '/nasty', 'cwdgone', PYTHON, '-IS', '-c', 'import os; print(os.getcwd())'])
        self.assertRefused(r, 1, 'FileNotFoundError')


class Silent(FuseAttack):
    """The server stops before one request of a start after the other."""
    ENTER = 'cd "$1" && shift && echo in && read x && exec "$@"'
    MOST = 100  # requests that a start makes
    STEP = 9  # requests from one start that is ended to the next

    def begun(self, point, server, *argv):
        """argv in the directory of the server, which is armed."""
        p = self.popen_as(USER, ['sh', '-c', self.ENTER, 'sh', point, *argv], stdin=-1)
        self.assertEqual(p.stdout.readline(), b'in\n')
        self.arm(server)
        p.stdin.write(b'go\n')
        p.stdin.flush()
        self.wait_for(lambda: p.poll() is not None or (self.has_stopped(server) and self.is_waited_for(point)), 30)
        return p

    def others(self, server):
        return [p for p in processes_of(self._ids) if p[0] != server.pid]

    def ended_by(self, number, first, *argv):
        """Starts argv again and again, ended while it waits: how many requests it makes, about."""
        for n in range(first, self.MOST, self.STEP):
            point, server = self.serve(n)
            p = self.begun(point, server, *argv)
            through = p.poll() is not None
            if not through:
                p.send_signal(number)
            self.assertEqual(p.wait(20) == 0, through, p.stderr.read())
            self.wait_for(lambda: not self.others(server), 20)
            server.kill()
            if through:
                return n
        return self.fail('it makes requests without end')

    def test_control_who_looks_at_it_waits(self):
        point, server = self.serve()
        self.assertIsNone(self.begun(point, server, PYTHON, '-IS', '-c', 'import os; os.stat("f")').poll())

    def test_who_needs_no_relative_path_does_not_wait(self):
        for words in ((*SELF,), ('--map', 'subordinate')):
            self.assertEqual(self.begun(*self.serve(), self.croft_path, 'run', *words, 'host', '--', 'true').poll(), 0)
        for _ in self.installations():
            self.assertEqual(self.begun(*self.serve(), self.croft_path, 'run', '--gate', 'host', '--', 'true').poll(), 0)

    def test_who_waits_for_it_ends_when_he_is_told_to_and_nothing_stays(self):
        words = ('-v', '.:/mnt:ro', 'host', '--', 'true')
        for first, number in enumerate((signal.SIGKILL, signal.SIGTERM)):
            self.assertGreater(self.ended_by(number, first, self.croft_path, 'run', *SELF, *words), first)
        for first, _ in enumerate(self.installations(), 2):
            self.assertGreater(self.ended_by(signal.SIGKILL, first, self.croft_path, 'run', '--gate', *words), first)
