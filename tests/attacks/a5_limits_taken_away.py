"""A5: limits taken away from a privileged program while it runs

Broke: nobody by a number: a program with file capabilities has its caller's ids, so that prlimit(2) by the caller is allowed at any moment.
Trick: RLIMIT_FSIZE or RLIMIT_NOFILE become 0 between two steps of it.
Idmap: writes a map with one write(2), in the order that leaves less than was granted, and keeps no state on disk.
Gate: keeps no state on disk; no step relies on a limit, and what fails is a refusal.
Covered by: test_idmap.test_A5_limits_taken_away_while_it_runs
"""
import subprocess

from attacks.attack import GateAttack, PYTHON
from croft_test import EXIT_CROFT, USER


class Squeezed(GateAttack):
    def test_control_a_helper_that_writes_in_two_steps_leaves_half(self):
        weak, out = self.weak_helper(), self.text(self.home_dir(), 'map', '')
        script = ('import os, sys\nfd = os.open(sys.argv[1], os.O_WRONLY)\nos.write(fd, b"0 0 1\\n")\nprint("ready", flush=True)\nsys.stdin.readline()\n'
                  'os.write(fd, b"1 100000 65536\\n")')
        p = self.started([weak, '-IS', '-c', script, out], stdin=subprocess.PIPE)
        self.assertRan(self.run_as(USER, ['prlimit', '--pid', str(p.pid), '--fsize=0']))
        p.communicate(b'go\n', timeout=20)
        with open(out, encoding='ascii') as f:
            self.assertEqual((p.returncode, f.read()), (1, '0 0 1\n'))

    def test_the_gate_refuses_or_goes_on_and_leaves_nothing(self):
        squeeze = ('import os, resource, sys\nwhile True:\n    for p in filter(str.isdigit, os.listdir("/proc")):\n        try:\n'
                   '            if open(f"/proc/{p}/comm").read() != "croft-gate\\n": continue\n'
                   '            resource.prlimit(int(p), resource.RLIMIT_NOFILE, (4, 4)); resource.prlimit(int(p), resource.RLIMIT_FSIZE, (0, 0))\n'
                   '            os.write(1, b".")\n        except (OSError, ValueError): pass\n')
        for _ in self.installations():
            attack = self.popen_as(USER, [PYTHON, '-IS', '-c', squeeze])
            for _ in range(25):
                r = self.gate('host', '--', 'true')
                self.assertIn(r.status, (0, EXIT_CROFT), r)
                if r.status:
                    self.assertRegex(r.err, '^croft: ')
            self.assertEqual(self.holders(), [])
            attack.kill()
            if not self.with_setuid:  # the caller may not, where the uids are root's for a moment
                self.assertGreater(len(attack.communicate()[0]), 0, 'no limit was ever taken away')
