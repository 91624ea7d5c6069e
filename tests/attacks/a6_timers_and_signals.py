"""A6: timers and signals that survive execve(2)

Broke: newuidmap and mount are ended at any chosen point by a timer that their caller has set.
Trick: ITIMER_REAL of 300 microseconds, pending signals, SIGKILL at a random moment.
Croft: whatever ends it, the sandbox ends too and nothing is left.
Idmap: stops timers first; ended at any moment it leaves less than was granted, never more.
Gate: the same; no process is left with a capability.
Covered by: test_life.test_nothing_is_left_when_croft_is_killed_at_any_moment, test_life.test_states_that_may_end_it_leave_nothing,
    test_idmap.test_A6_a_timer_that_ends_it_before_it_begins_leaves_nothing, test_idmap.test_R20_A6_a_kill_at_any_moment_leaves_nothing_over_mapped,
    test_gate.test_whatever_is_killed_nothing_stays, test_gate_ids.test_whatever_is_killed_nothing_stays
"""
import signal

from attacks.attack import Attack
from croft_test import USER


class Timers(Attack):
    def test_control_a_timer_ends_whoever_does_not_stop_it(self):
        r = self.run_as(USER, [self.probes + '/nasty', 'alarm', '/usr/bin/sleep', '5'])
        self.assertEqual(r.returncode, -signal.SIGALRM, r)
