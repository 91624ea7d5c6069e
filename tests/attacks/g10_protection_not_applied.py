"""G10: a protection that was asked for is not applied, and nothing says so

Broke: Apptainer (CVE-2025-65105), SingularityCE (CVE-2025-64750): the label of a security module.
Trick: the call fails, or goes to a file that is not the kernel's, and the command runs without.
Croft: no labels are set. A filter that cannot be loaded, or ports that cannot be kept, start nothing.
Gate: reads ids, capabilities and no_new_privs back before the command runs.
Covered by: test_seccomp.test_a_kernel_without_filters_is_said, test_confine.test_tcp_ports_that_are_not_named_cannot_be_reached, test_limits_policy.c,
    e2_false_proc.test_a_volume_that_a_link_leads_to_the_kernels_places_is_refused, b12_unchecked_drop.test_the_gate_starts_a_command_without_capabilities_or_none
"""
from attacks.attack import Attack, SELF, PYTHON
from croft_test import USER


class NotApplied(Attack):
    def test_control_a_tool_that_does_not_look_runs_without(self):
        script = ('import ctypes\nlibc = ctypes.CDLL(None)\nlibc.prctl(38, 1, 0, 0, 0); libc.syscall(317, 1, 0, 0)\n'
                  'print([l.split()[1] for l in open("/proc/self/status") if l.startswith("Seccomp:")])')
        self.assertEqual(self.run_as(USER, [PYTHON, '-IS', '-c', script]).out, "['0']\n")

    def test_what_is_mounted_over_attr_is_refused(self):
        for place in ('/proc/self/attr', '/proc/self/attr/exec', '/proc/1/attr', '/proc/thread-self/attr/current'):
            self.refused(r'\Acroft: ', *SELF, '-v', self.home_dir() + ':' + place, 'host', '--', 'true')

    def test_a_profile_that_is_not_there_starts_nothing(self):
        self.refused(r'\Acroft: ', *SELF, '--seccomp', self.home_dir() + '/missing.json', 'host', '--', 'true')
