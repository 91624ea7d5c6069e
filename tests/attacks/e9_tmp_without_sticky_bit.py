"""E9: /tmp of the sandbox is not sticky, or no_new_privs comes too late

Broke: seunshare of policycoreutils (CVE-2011-1011, CVE-2014-3215).
Trick: files of others in /tmp are renamed below a set-user-id program.
Croft: mode 1777; no_new_privs is there before the first program runs.
Gate: the same.
Covered by: test_run_table.test_they_have_mode_size_and_flags
"""
from attacks.attack import Attack, GateAttack, SELF


class Sticky(Attack):
    def test_tmp_is_sticky(self):
        for mode in ('', '--read-only', '--ephemeral'):
            out = self.shell('stat -c "%a %F" /tmp /dev/shm', *SELF, *([mode] if mode else []))
            self.assertEqual(out, '1777 directory\n1777 directory\n')


class StickyAndTheGate(GateAttack):
    def test_no_new_privs_comes_before_the_first_program(self):
        for which in ('croft', *self.installations()):
            words = SELF if which == 'croft' else ('--gate',)
            lines = self.trace('prctl,execve', self.croft_path, 'run', *words, 'host', '--', '/bin/true')
            ours = [i for i, line in enumerate(lines) if 'execve("/bin/true"' in line or 'execve("/usr/bin/true"' in line]
            nnp = [i for i, line in enumerate(lines) if 'PR_SET_NO_NEW_PRIVS, 1' in line]
            self.assertTrue(nnp and ours and nnp[0] < ours[-1], lines)
            self.assertEqual(self.inside('stat -c %a /tmp /dev/shm') if which != 'croft' else '1777\n1777\n', '1777\n1777\n')

    def test_control_a_folder_over_tmp_is_not(self):
        r = self.shell_in_own_namespace('mount --bind "$1" /tmp && stat -c %a /tmp', self.home_dir())
        self.assertEqual(r.out, '755\n')
