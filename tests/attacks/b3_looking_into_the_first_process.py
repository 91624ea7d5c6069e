"""B3: a process that enters, or the first one, is looked into from inside

Broke: runc (CVE-2016-9962).
Trick: the command loops over /proc/PID/fd, root and mem of whatever comes from outside and is not confined yet.
Croft: nothing enters a running sandbox; init has no descriptor, no environment, and is not dumpable.
Gate: the same.
Covered by: test_run_leaks.test_it_tells_nothing, test_run_leaks.test_it_cannot_be_traced_or_opened_through_proc, test_gate.test_init_too_has_nothing
"""
from attacks.attack import Attack, GateAttack, SELF

LOOK = ('for i in range(30):\n'
        '  for pid in [p for p in os.listdir("/proc") if p.isdigit() and int(p) != os.getpid()]:\n'
        '    for name in ("root", "cwd", "mem", "environ", "exe", "fd", "maps", "ns/mnt", "ns/user"):\n'
        '      path = f"/proc/{pid}/{name}"\n'
        '      try:\n'
        '        if name == "fd": print("READ", path, os.listdir(path))\n'
        '        elif name in ("root", "cwd"): print("READ", path, os.listdir(path + "/"))\n'
        '        else: os.close(os.open(path, os.O_RDWR if name in ("mem", "exe") else os.O_RDONLY)); print("READ", path)\n'
        '      except OSError: pass\n')


class FirstProcess(Attack):
    def test_init_cannot_be_looked_into_from_the_first_moment(self):
        for options in ((), SELF, ('--cap-add', 'ALL'), ('-t', *SELF)):
            for _ in range(3):
                out = self.python('import os\n' + LOOK + 'print("end")', *options)
                self.assertEqual(out.strip(), 'end', options)

    def test_control_the_probe_sees_a_process_that_is_no_init(self):
        """The positive control."""
        out = self.python('import os, subprocess\np = subprocess.Popen(["sleep", "5"])\n' + LOOK + 'p.kill()', *SELF)
        for name in ('root', 'cwd', 'mem', 'environ', 'fd'):
            self.assertRegex(out, rf'READ /proc/\d+/{name}\b')


class FirstProcessAndTheGate(GateAttack):
    def test_nor_that_of_the_gates(self):
        for _ in self.installations():
            r = self.gate('host', '--', 'python3', '-IS', '-c', 'import os\n' + LOOK + 'print("end")')
            self.assertEqual(r.out, 'end\n', r)
