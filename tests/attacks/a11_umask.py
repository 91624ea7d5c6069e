"""A11: the umask of the caller

Broke: programs that make files and mount points without saying a mode (no number).
Trick: umask 0 leaves what everybody may write, umask 0777 what nobody may enter.
Croft: sets its own; modes inside are the same whatever the caller's was.
Idmap: makes no file.
Gate: as croft.
Covered by: test_run_leaks.test_umask_is_022, test_gate.test_A1_A12_states_that_must_not_matter, test_gate_ids.test_A1_A12_states_that_must_not_matter
"""
import os
import stat

from attacks.attack import Attack, GateAttack, SELF
from croft_test import USER


class Umask(Attack):
    def test_the_umask_of_the_caller_changes_no_mode(self):
        seen = {}
        for state in ('name', 'umask0', 'umask777'):
            root = self.build_root('sh', 'stat')
            data = self.home_dir()
            self.text(data, 'f', 'x')
            r = self.run_as(USER, [self.probes + '/nasty', state, self.croft_path, 'run', *SELF, '-v', f'{data}:/new/a/b',
                                   '-v', f'{data}/f:/new/file', root, '--', '/bin/sh', '-c',
                                   'umask; >/made; stat -c "%a %n" /new /new/a /new/file /made /dev /dev/pts /dev/shm /tmp /run /etc/hosts'])
            self.assertRan(r)
            seen[state] = r.out
            self.assertEqual(stat.S_IMODE(os.stat(root + '/new/a').st_mode), 0o755)
            self.assertEqual(stat.S_IMODE(os.stat(root + '/made').st_mode), 0o644)
        self.assertEqual(seen['umask0'], seen['name'])
        self.assertEqual(seen['umask777'], seen['name'])
        self.assertIn('1777 /tmp\n', seen['name'])


class UmaskAndTheGate(GateAttack):
    def test_the_gate_makes_the_same_modes(self):
        for _ in self.installations():
            seen = set()
            for state in ('name', 'umask0', 'umask777'):
                root = self.build_root('sh', 'stat')
                r = self.run_as(USER, [self.probes + '/nasty', state, self.croft_path, 'run', '--gate', '-v', self.home_dir() + ':/new/a', root, '--', '/bin/sh', '-c',
                                       'umask; >/made; stat -c "%a %n" /new /new/a /made /dev /tmp /run'])
                self.assertRan(r)
                seen.add(r.out)
            self.assertEqual(len(seen), 1, seen)

    def test_control_a_naive_tool_makes_what_the_caller_says(self):
        modes = []
        for state in ('umask0', 'umask777'):
            folder = self.home_dir()
            self.assertRan(self.run_as(USER, [self.probes + '/nasty', state, '/usr/bin/mkdir', folder + '/new']))
            modes.append(stat.S_IMODE(os.stat(folder + '/new').st_mode))
        self.assertEqual(modes, [0o777, 0])
