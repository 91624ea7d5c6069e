"""B7: inheritable capabilities are left

Broke: runc (CVE-2022-29162), crun (CVE-2022-27650), moby (CVE-2022-24769).
Trick: a program with inheritable file capabilities gains them, although the container has none.
Croft: the inheritable and the ambient set are empty, whatever the caller's was.
Gate: the same.
Covered by: test_gate.test_the_command_is_the_caller_with_nothing_to_gain, test_gate.test_init_too_has_nothing, test_gate_ids.test_a_user_other_than_root_gets_what_was_added
"""
from attacks.attack import Attack, GateAttack, SELF
from croft_test import USER
from run_case import MAPS, fields_of


class Inheritable(Attack):
    def test_no_capability_is_inheritable_or_ambient(self):
        for options in ((), *(('--map', m) for m in MAPS), ('--no-init',), ('--cap-add', 'SYS_ADMIN'), ('--cap-drop', 'ALL')):
            with self.subTest(options=options):
                status = self.status_inside(*options)
                self.assertEqual((status['CapInh'], status['CapAmb']), ('0' * 16, '0' * 16))
                self.assertEqual(status['CapPrm'], status['CapBnd'])
                self.assertEqual(status['NoNewPrivs'], '1')


class InheritableAndTheGate(GateAttack):
    WITH = ('setpriv', '--reuid', USER, '--regid', USER, '--init-groups', '--inh-caps=+chown,+setuid', '--')

    def inheritable(self, *command):
        r = self.run_as('root', [*self.WITH, *command], cwd='/')
        self.assertRan(r)
        return int(fields_of(r.out)['CapInh'], 16)

    def test_control_the_callers_are_inherited_by_what_does_not_look(self):
        self.assertEqual(self.inheritable('cat', '/proc/self/status'), 0x81)

    def test_the_callers_do_not_go_in(self):
        self.assertEqual(self.inheritable(self.croft_path, 'run', *SELF, 'host', '--', 'cat', '/proc/self/status'), 0)
        for _ in self.installations():
            r = self.run_as('root', [*self.WITH, self.croft_path, 'run', '--gate', 'host', '--', 'cat', '/proc/self/status'], cwd='/')
            self.assertRan(r)
            self.assertEqual(int(fields_of(r.out)['CapInh'], 16), 0)
