"""A16: memory of a privileged program lands where its caller can read it

Broke: systemd-coredump (CVE-2025-4598), apport (CVE-2025-5054), the kernel (CVE-2006-2451).
Trick: a signal makes it dump core, or it is dumpable and its memory is read through /proc.
Croft: init is not dumpable; what it held before nobody inside reads.
Idmap: not dumpable from the first step on, again after each change of ids, and RLIMIT_CORE is 0.
Gate: not dumpable.
Covered by: test_idmap.test_R21_A16_B1_it_never_holds_more_than_it_needs_and_nobody_looks_in, test_gate.test_B1_nobody_looks_into_it_before_the_command_runs,
    test_gate_ids.test_B1_nobody_looks_into_it_before_the_command_runs, test_run_leaks.test_it_tells_nothing
"""
import subprocess

from attacks.attack import Attack, PYTHON, CAPGET
from croft_test import USER


class Memory(Attack):
    SECRET = CAPGET + ('secret = bytearray(b"the secret of root")\nlibc.syscall(126, (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)())\n'
                       'if sys.argv[1] == "1": libc.prctl(4, 1)\nprint(hex(ctypes.addressof(ctypes.c_char.from_buffer(secret))), flush=True)\nsys.stdin.readline()')

    def looked_at(self, dumpable):
        """What its caller reads of the memory of a helper that has given its capabilities up."""
        p = self.popen_as(USER, [self.weak_helper(), '-IS', '-c', self.SECRET, dumpable], stdin=subprocess.PIPE)
        address = int(p.stdout.readline(), 16)
        r = self.run_as(USER, [PYTHON, '-IS', '-c', f'f = open("/proc/{p.pid}/mem", "rb"); f.seek({address}); print(f.read(18))'])
        p.communicate(b'\n', timeout=20)
        return r

    def test_control_one_that_becomes_dumpable_is_read(self):
        self.assertEqual(self.looked_at('1').out, "b'the secret of root'\n")

    def test_control_one_that_is_not_is_closed(self):
        self.assertRefused(self.looked_at('0'), 1, 'PermissionError')
