"""A13: started traced, under no_new_privs, or with a shared working directory

Broke: snap-confine (snapd #16171); any program that takes for granted that it has what its file says.
Trick: the kernel starts a privileged program without its privileges then, and says nothing.
Croft: the command is under no_new_privs itself; nothing it starts gains anything.
Idmap: reads its permitted set back, which must be exact, and says why it is not.
Gate: the same.
Covered by: test_idmap.test_A13_states_in_which_the_kernel_gives_no_privilege, test_gate.test_A13_A4_states_in_which_it_must_not_work,
    test_gate_ids.test_A13_A4_states_in_which_it_must_not_work, test_gate.test_no_new_privs_is_named
"""
from attacks.attack import Attack, CAPGET
from croft_test import USER


class Withheld(Attack):
    def test_control_a_weak_helper_goes_on_without(self):
        weak, seen = self.weak_helper(), {}
        for state in ('name', 'nnp', 'sharefs', 'traced'):
            r = self.run_as(USER, [self.probes + '/nasty', state, weak, '-IS', '-c', CAPGET + 'print(caps(), "went on")'])
            self.assertRan(r)
            seen[state] = r.out
        self.assertEqual(seen.pop('name'), f'{0xc0:016x} went on\n')
        self.assertEqual(set(seen.values()), {f'{0:016x} went on\n'})
