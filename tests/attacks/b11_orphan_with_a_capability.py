"""B11: the parent dies, and a child keeps its capability for ever

Broke: writers of maps that wait at a pipe of which they hold both ends (no number).
Trick: kill -9 of the front end at the right moment; the signal at the parent's death is forgotten at a change of ids.
Croft: the sandbox ends with croft.
Idmap: waits for nobody: one write each, and no pipe.
Gate: dies with its parent, asks again after each change of ids, and no message of it waits.
Covered by: test_life.test_nothing_is_left_when_croft_is_killed_at_any_moment, test_idmap.test_a_standard_error_that_nobody_reads_holds_no_capability,
    test_gate.test_whatever_is_killed_nothing_stays, test_gate_ids.test_whatever_is_killed_nothing_stays,
    test_gate.test_B11_whoever_cannot_be_told_does_not_wait_with_the_capability, test_gate_ids.test_B11_whoever_cannot_be_told_does_not_wait_with_the_capability
"""
import os
import signal
import time

from attacks.attack import GateAttack
from croft_test import USER


class Orphan(GateAttack):
    def test_control_a_helper_at_its_own_pipe_stays(self):
        weak = self.weak_helper()
        self.assertEqual(self.holders(), [])
        p = self.started(['sh', '-c', '"$@" & wait', 'sh', weak, '-IS', '-c', 'import os; r, w = os.pipe(); print("ready", flush=True); os.read(r, 1)'])
        p.kill()
        p.wait(20)
        time.sleep(0.2)  # what would end with its parent has ended
        left = self.holders()
        self.assertEqual([name for _, name, *_ in left], ['weak'])
        os.kill(int(left[0][0]), signal.SIGKILL)

    def test_setuid_root_ends_too(self):
        for name in self.installations():
            for i in range(20):
                p = self.popen_as(USER, [self.croft_path, 'run', '--gate', 'host', '--', 'sleep', '30'])
                time.sleep(i * 0.001)
                p.kill()
                p.wait(20)
            deadline = time.monotonic() + 5
            while self.holders() and time.monotonic() < deadline:
                time.sleep(0.02)
            self.assertEqual(self.holders(), [], name)
