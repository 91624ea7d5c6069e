"""B15: who asks is looked up by number, or taken from the request

Broke: polkit (CVE-2013-4288, CVE-2018-1116), pkexec (CVE-2011-1485).
Trick: the process of that number is another one by now; or the request says that it is root's.
Croft: no daemon; the environment says nothing about who asks.
Idmap: getuid(2), and nothing else.
Gate: getuid(2); a plan for another user is refused.
Covered by: test_gate.test_another_users_plan_is_refused, test_gate_ids.test_another_users_plan_is_refused, test_idmap.test_R9_a_pid_used_again_stays_unmapped
"""
from attacks.attack import GateAttack, SELF, PYTHON
from croft_test import EXIT_CROFT, USER


class Identity(GateAttack):
    CLAIM = {'USER': 'root', 'LOGNAME': 'root', 'USERNAME': 'root', 'SUDO_USER': 'root', 'SUDO_UID': '0', 'PKEXEC_UID': '0', 'UID': '0', 'HOME': '/root'}

    def test_control_a_program_that_asks_the_environment_believes_it(self):
        r = self.run_as(USER, [PYTHON, '-I', '-c', 'import getpass; print(getpass.getuser())'], env=self.CLAIM)
        self.assertEqual(r.out, 'root\n')

    def test_the_kernel_says_who_asks(self):
        words = ('-v', '/etc:/mnt:ro', 'host', '--', 'true')
        why = f'^croft: volume /etc:/mnt: denied for {USER}: '
        self.assertRefused(self.croft(USER, 'run', *SELF, *words, env=self.CLAIM), EXIT_CROFT, why)
        for _ in self.installations():
            self.assertRefused(self.gate(*words, env=self.CLAIM), EXIT_CROFT, why)
