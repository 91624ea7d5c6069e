"""A14: one capability of several is missing

Broke: sendmail (2000, with the kernel's capabilities), snap-confine (snapd #16171).
Trick: the call that was to give up a privilege fails, nobody looks, and the program goes on with it.
Idmap: starts with exactly two capabilities or not at all.
Gate: with exactly one, or exactly three.
Covered by: test_idmap.test_A14_every_other_set_of_capabilities_is_refused, test_gate.test_without_its_capability_it_says_so
"""
from attacks.attack import GateAttack, CAPGET
from croft_test import EXIT_CROFT, USER


class Partial(GateAttack):
    def test_control_a_weak_helper_keeps_groups_that_it_meant_to_drop(self):
        script = CAPGET + 'libc.setgroups(0, None); print(os.getgroups() == [])'
        self.assertEqual(self.run_as(USER, [self.weak_helper('cap_setuid,cap_setgid+ep'), '-IS', '-c', script]).out, 'True\n')
        self.assertEqual(self.run_as(USER, [self.weak_helper('cap_setuid+ep'), '-IS', '-c', script]).out, 'False\n')

    def test_the_gate_takes_one_or_three_and_nothing_else(self):
        names = ('cap_sys_admin', 'cap_setuid', 'cap_setgid', 'cap_setfcap')
        for n in range(1, 1 << len(names)):
            chosen = [name for i, name in enumerate(names) if n >> i & 1]
            self.put_gate(caps=','.join(chosen) + '+p')
            r = self.gate('--map', 'none', 'host', '--', 'true')
            with self.subTest(chosen):
                if n in (1, 7):
                    self.assertRan(r)
                else:
                    self.assertRefused(r, EXIT_CROFT, '^croft: it has (no privilege|more capabilities)')
