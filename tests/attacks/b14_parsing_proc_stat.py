"""B14: /proc/PID/stat is parsed, and the name in it is the attacker's

Broke: sudo (CVE-2017-1000367).
Trick: prctl(PR_SET_NAME, ") R 1 1 1"): the words behind the name move.
Croft: does not parse it.
Idmap: looks at the status of its target by whole lines, which a name cannot make.
Gate: counts sandboxes by lines of /proc/PID/status, in which the kernel escapes the name.
Covered by: test_idmap.test_B14_the_name_of_the_target_means_nothing, test_gate_ids.test_a_fourth_is_refused_and_one_that_ended_does_not_count
"""
import os

from attacks.attack import GateAttack, PYTHON


class NameOfAProcess(GateAttack):
    NAME = 'open("/proc/self/comm", "w").write({!r})\nprint("ready", flush=True)\nimport time; time.sleep(60)'

    def test_control_who_splits_at_blanks_reads_another_parent(self):
        p = self.started([PYTHON, '-IS', '-c', self.NAME.format(') R 1 1 1')])
        with open(f'/proc/{p.pid}/stat', encoding='utf-8') as f:
            self.assertNotEqual(f.read().split()[3], str(os.getpid()))

    def test_a_sandbox_with_such_a_name_counts(self):
        self.write(self.sysconfdir + '/croft/policy.d/limit.conf', 'version 1\nlimit everyone sandboxes 1\n')
        for name in self.installations():
            for odd in (') R 1 1 1', 'x\nUid:\t0\t0', 'NSpid:\t7'):
                p = self.started([self.croft_path, 'run', '--gate', '--no-init', 'host', '--', 'python3', '-IS', '-c', self.NAME.format(odd)])
                self.refused('^croft: you have 1 sandbox', 'host', '--', 'true')
                p.kill()
                p.wait(20)
                self.wait_for(lambda: self.gate('host', '--', 'true').status == 0)
