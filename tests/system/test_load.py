"""Many sandboxes: at once, in a row, starting together. The host has afterwards what it had before. `make load` for more."""
import os
import pwd
import resource
import subprocess
import sys
import time

from croft_test import USER, USER2
from test_gate_ids import IdsTest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, TOP + '/tests/faults')
from host import Host  # noqa: E402
from kills import WAYS  # noqa: E402

FULL = bool(os.environ.get('LOAD'))
AT_ONCE, IN_A_ROW, ROUNDS, TOGETHER = (1000, 10000, 20, 64) if FULL else (100, 200, 1, 64)


class Load(IdsTest):
    time_limit = 3600 if FULL else 120

    def setUp(self):
        super().setUp()
        # Once, so that what the first start makes for good (modules, caches) is there before.
        for user in (USER, USER2):
            for way in WAYS.values():
                self.assertRan(self.croft(user, 'run', *way, 'host', '--', 'true'))
        self.host = Host({pwd.getpwnam(user).pw_uid for user in (USER, USER2)})
        self.begin = time.monotonic()

    def assertNothingStays(self, count):
        seconds = time.monotonic() - self.begin
        self.assertEqual(self.leftovers(10.0), [])
        changes = self.host.changes(count)
        print(f'      {count} sandboxes in {seconds:.1f} s: {self.host}', flush=True)
        self.assertEqual(changes, [])

    def start(self, number, *command, user=USER, **popen):
        way = tuple(WAYS.values())[number % len(WAYS)]
        return subprocess.Popen([self.croft_path, 'run', *way, 'host', '--', *command], stderr=subprocess.PIPE, start_new_session=True,
                                **popen, **self._popen_args(user, None, None))

    def assertAllEnd(self, running):
        for p in running:
            _, said = p.communicate(timeout=120)
            self.assertEqual((p.returncode, said), (0, b''))

    def test_many_at_once(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8 * AT_ONCE), hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        running = [self.start(i, 'sh', '-c', 'echo ready; read end; :', stdin=subprocess.PIPE, stdout=subprocess.PIPE) for i in range(AT_ONCE)]
        self.addCleanup(lambda: [p.kill() for p in running if p.returncode is None])
        for p in running:
            self.assertEqual(p.stdout.read(6), b'ready\n', p.stderr.read() if p.poll() is not None else '')
        for p in running:
            p.stdin.write(b'\n')
        self.assertAllEnd(running)
        self.assertNothingStays(AT_ONCE)

    def test_many_in_a_row(self):
        for i in range(IN_A_ROW):
            self.assertAllEnd([self.start(i, 'true', stdin=subprocess.DEVNULL)])
        self.assertNothingStays(IN_A_ROW)

    def test_many_start_together_under_two_users(self):
        for _ in range(ROUNDS):
            self.assertAllEnd([self.start(i // 2, 'true', user=(USER, USER2)[i % 2], stdin=subprocess.DEVNULL) for i in range(TOGETHER)])
        self.assertNothingStays(ROUNDS * TOGETHER)
