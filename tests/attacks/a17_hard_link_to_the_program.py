"""A17: a hard link to the privileged program, with false companions beside it

Broke: snap-confine (CVE-2021-44730).
Trick: the program finds its helpers or its configuration beside /proc/self/exe, and that is where the attacker put the link.
Croft: the paths of its helpers are compiled in.
Idmap: every path is compiled in.
Gate: the same.
Covered by: test_idmap.test_A17_its_files_are_named_absolutely, test_network.test_the_callers_path_is_not_looked_at
"""
import contextlib
import os

from attacks.attack import GateAttack
from croft_test import EXIT_CROFT, USER


class HardLink(GateAttack):
    def companions(self):
        """A folder like an installation, with the attacker's own programs and policy in it."""
        folder = self.home_dir()
        for path in ('bin', 'libexec', 'libexec/croft', 'etc', 'etc/croft'):
            os.mkdir(f'{folder}/{path}')
        for name in ('croft-idmap', 'croft-subid', 'croft-root', 'croft-gate'):
            self.write(f'{folder}/libexec/croft/{name}', '#!/bin/sh\necho hijacked\n', USER, 0o755)
            self.write(f'{folder}/bin/{name}', '#!/bin/sh\necho hijacked\n', USER, 0o755)
        self.text(folder, 'etc/croft/policy.conf', 'version 1\nallow everyone volume /**\nallow everyone root host\nallow everyone network none\n')
        return folder

    def test_control_a_program_that_looks_beside_itself_is_hijacked(self):
        folder = self.companions()
        weak = self.weak_helper()
        os.link(weak, folder + '/bin/weak')
        r = self.run_as(USER, [folder + '/bin/weak', '-IS', '-c', 'import os; os.execv(os.path.dirname(os.readlink("/proc/self/exe")) + "/croft-idmap", ["x"])'])
        self.assertEqual(r.out, 'hijacked\n')

    def test_the_compiled_in_paths_are_used(self):
        folder = self.companions()
        os.link(self.croft_path, folder + '/bin/croft')
        for words in (('run', 'host', '--', 'id', '-u'), ('root', 'build', folder + '/r', 'true')):
            r = self.run_as(USER, [folder + '/bin/croft', *words], cwd=folder)
            self.assertRan(r, r.status)
            self.assertNotIn('hijacked', r.out + r.err)
        for _ in self.installations():
            link = folder + '/bin/gate'
            with contextlib.suppress(FileNotFoundError):
                os.unlink(link)
            os.link(self.gate_path, link)
            self.assertRefused(self.run_as(USER, [folder + '/bin/croft', 'run', '--gate', '-v', '/etc:/mnt:ro', 'host', '--', 'true'], cwd=folder), EXIT_CROFT,
                               f'^croft: volume /etc:/mnt: denied for {USER}')
            self.assertRefused(self.run_as(USER, [link], cwd=folder), 2, 'two arguments')
