"""B12: giving a privilege up fails, and nobody looks

Broke: programs that called setuid(2) under RLIMIT_NPROC (the class of 2000 and 2011).
Trick: the call fails for a reason of the caller's making, and the program goes on as root.
Idmap: every call is checked; what was given up is read back.
Gate: the same; then it tries to have its capability again, and ends if it can.
Covered by: test_idmap.test_B12_every_call_that_fails_is_noticed_or_does_not_matter, test_caps.c
"""
import pwd

from attacks.attack import GateAttack, PYTHON, CAPGET
from croft_test import USER
from run_case import fields_of


class Unchecked(GateAttack):
    def injected(self, call, nth, *command, user=USER):
        who = ['-u', user] if user != 'root' else []
        return self.run_as('root', ['strace', '-f', '-qq', '-o', '/dev/null', *who, '-e', f'inject={call}:error=EAGAIN:when={nth}', *command],
                           cwd=self.home() if user != 'root' else None)

    def test_control_a_program_that_does_not_look_stays_root(self):
        script = CAPGET + 'libc.setuid(65534); print(os.getuid())'
        self.assertEqual(self.injected('setuid', 9, PYTHON, '-IS', '-c', script, user='root').out, '65534\n')
        self.assertEqual(self.injected('setuid', 1, PYTHON, '-IS', '-c', script, user='root').out, '0\n')

    def test_the_gate_starts_a_command_without_capabilities_or_none(self):
        refused = 0
        for name in self.installations():
            for call in ('capset', 'setresuid', 'prctl', 'unshare'):
                for nth in (1, 2, 4):
                    with self.subTest((call, nth)):
                        r = self.injected(call, nth, self.croft_path, 'run', '--gate', 'host', '--', 'cat', '/proc/self/status')
                        self.assertGreaterEqual(r.returncode, 0, r)
                        if r.returncode == 0:
                            self.assertEqual([int(fields_of(r.out)[s], 16) for s in ('CapInh', 'CapPrm', 'CapEff', 'CapAmb')], [0] * 4)
                            self.assertEqual(fields_of(r.out)['NoNewPrivs'], '1')
                            self.assertEqual(fields_of(r.out)['Uid'].split()[0], '0' if name != 'plain' else str(pwd.getpwnam(USER).pw_uid))
                        else:
                            refused += 1
        self.assertGreater(refused, 12)
        self.assertEqual(self.holders(), [])
