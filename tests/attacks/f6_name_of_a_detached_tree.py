"""F6: the policy is asked about the name of a detached tree

Broke: nobody by a number; the link in /proc of a descriptor of open_tree(OPEN_TREE_CLONE) says "/", whatever it holds.
Trick: a policy that allows the path / allows everything then.
Croft: asks about the descriptor of the host's own tree, before it is cloned.
Gate: the same code.
Covered by: test_policy_load.c:an_object_is_described_by_what_was_opened, test_vet.c
"""
from attacks.attack import GateAttack, SELF, OK
from croft_test import EXIT_CROFT, USER


class DetachedTree(GateAttack):
    rules = OK + 'allow everyone volume / rw\nallow everyone volume / ro submounts\nallow everyone ids subordinate\n'

    def test_control_the_link_says_slash(self):
        script = ('import ctypes, os, sys\nfd = ctypes.CDLL(None).syscall(428, -100, sys.argv[1].encode(), 1)\n'
                  'print(os.readlink(f"/proc/self/fd/{fd}"))\nprint(os.readlink(f"/proc/self/fd/{os.open(sys.argv[1], os.O_PATH)}"))')
        data = self.home_dir()
        self.assertEqual(self.root_in_own_namespace(script, data).out, f'/\n{data}\n')

    def test_a_rule_for_the_root_is_for_nothing_else(self):
        words = ('-v', self.home_dir() + ':/mnt', 'host', '--', 'true')
        why = '^croft: volume .*:/mnt: denied for .*: no rule allows it'
        self.assertRefused(self.croft(USER, 'run', *SELF, *words), EXIT_CROFT, why)
        for _ in self.installations():
            self.assertRefused(self.gate(*words), EXIT_CROFT, why)
