"""B1: the less privileged half of the set-up is reached by its owner

Broke: bubblewrap (CVE-2016-8659, and again CVE-2026-41163, after which its setuid mode was removed).
Trick: the process that has given its capabilities up, but still makes the sandbox, is dumpable: its owner traces it and speaks in its name.
Croft: has no privilege to lend; the process in the new namespaces is the caller's own.
Idmap: not dumpable to its end.
Gate: not dumpable until the command runs, through every change of ids, in the gate and in the first process.
Covered by: test_gate.test_B1_nobody_looks_into_it_before_the_command_runs, test_gate_ids.test_B1_nobody_looks_into_it_before_the_command_runs,
    test_idmap.test_R21_A16_B1_it_never_holds_more_than_it_needs_and_nobody_looks_in, test_gate_ids.test_B1_B2_nobody_of_the_same_user_gets_in
"""
import subprocess

import test_gate_ids
from attacks.attack import Attack, PYTHON, CAPGET
from croft_test import USER


class HalfPrivileged(Attack):
    def test_control_a_setup_process_that_becomes_dumpable_is_taken(self):
        half = CAPGET + ('assert libc.unshare(0x20000) == 0\nlibc.syscall(126, (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)())\n'
                         'libc.prctl(4, int(sys.argv[1]))\nprint("ready", flush=True)\nsys.stdin.readline()')
        weak, won = self.weak_helper('cap_sys_admin+ep'), {}
        for dumpable in ('1', '0'):
            p = self.started([weak, '-IS', '-c', half, dumpable], stdin=subprocess.PIPE)
            r = self.run_as(USER, [PYTHON, '-IS', '-c', test_gate_ids.Joining.TRY, str(p.pid)])
            won[dumpable] = {line.split(' ')[0] for line in r.out.splitlines() if line.endswith(' ok')}
            p.kill()
        self.assertLessEqual({'root/etc', 'cwd/.', 'fd/0', 'mem', 'ptrace', 'pidfd-getfd'}, won['1'])
        self.assertEqual(won['0'], set())
