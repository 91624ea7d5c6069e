"""Killed, stopped, hung up and starved at any moment: nothing is left. `make kill-anywhere KILLS=N SEED=N` for more."""
import collections
import os
import pwd
import random
import signal
import subprocess
import sys
import time

from croft_test import USER, files_of, mounts, processes_of
from run_case import fields_of
from test_gate_ids import IdsTest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, TOP + '/tests/faults')
from host import Host  # noqa: E402
from kills import EVENTS, WAYS, Start, trial  # noqa: E402

KILLS = int(os.environ.get('KILLS') or 150)
SEED = int(os.environ.get('SEED') or random.SystemRandom().randrange(1 << 32))
# croft's own, the command's, and of the signals that a trial sends.
STATUSES = {0, 125, 126, 127, *(128 + s for s in (signal.SIGHUP, signal.SIGTERM, signal.SIGKILL))}


def holds_capability(pid):
    try:
        with open(f'/proc/{pid}/status', encoding='utf-8') as f:
            fields = fields_of(f.read())
    except OSError:
        return False
    return int(fields['CapPrm'], 16) != 0 and fields['State'][0] not in 'ZX'


class KillAnywhere(IdsTest):
    time_limit = 60 + KILLS

    def left(self):
        """What is there that was not there before: [sentence]."""
        return ([f'{"privileged " if holds_capability(pid) else ""}process {pid}: {command}' for pid, command in processes_of(self._ids)] +
                [f'mount {line}' for line in sorted(mounts() ^ self._mounts)] +
                [f'file {path}' for path in sorted(files_of(self._ids) ^ self._files)])

    def await_nothing(self):
        """None, or what is left too late: a second for what has a capability, three for the rest."""
        begin = time.monotonic()
        while True:
            left = self.left()
            waited = time.monotonic() - begin
            if not left:
                return None
            if waited > 3 or (waited > 1 and any(line.startswith('privileged') for line in left)):
                return f'left after {waited:.1f} s: {left}'
            time.sleep(0.01)

    def one(self, t, tally):
        """Returns what is wrong, or None."""
        argv = [self.croft_path, 'run', *WAYS[t.way], 'host', '--', 'sleep', t.command]
        start = Start(t, argv, self._popen_args(USER, None, None), self.libexec, USER)
        time.sleep(t.moment)
        others = [pid for pid, _ in processes_of(self._ids)] if t.event.endswith('of one') else []
        tally[t.event if start.disturb(t, others) else 'too late'] += 1
        try:
            status = start.stop(15)
        except subprocess.TimeoutExpired:
            start.process.kill()
            start.process.wait()
            return 'does not end'
        status = status if status >= 0 else 128 - status
        tally['completed' if status == 0 else 'refused' if status == 125 else 'ended'] += 1
        return self.await_nothing() if status in STATUSES else f'status {status}'

    def test_nothing_is_left_whatever_happens_at_whatever_moment(self):
        print(f'      SEED={SEED}', flush=True)
        host, tally, wrong = Host({pwd.getpwnam(USER).pw_uid}), collections.Counter(), []
        for number in range(KILLS):
            t = trial(SEED, number)
            what = self.one(t, tally)
            if what:
                wrong.append(f'SEED={SEED} number {number}: {t[:-1]}: {what}')
            if number % 1000 == 999:
                print(f'      {number + 1} starts, {len(wrong)} complaints', flush=True)
        print(f'      {KILLS} starts: ' + ', '.join(f'{n} {what}' for what, n in sorted(tally.items())))
        self.assertFalse(wrong, '\n'.join(wrong))
        self.assertEqual(host.changes(KILLS), [])
        # How many come too late is the machine's speed.
        for event in ('completed', 'refused', 'KILL', 'TERM'):
            self.assertGreater(tally[event], 0, 'the moments are not those of a start')
        self.assertGreater(sum(tally[event] for event in EVENTS if event != 'nothing'), KILLS // 20, 'the moments are not those of a start')
