"""D12: privileged code trusts what stands in a folder that everybody may write

Broke: snap-confine (CVE-2021-44731, CVE-2022-3328, CVE-2026-3888), LXC (CVE-2015-1331), Slurm (CVE-2023-41914), Singularity (CVE-2020-25039, CVE-2020-25040, CVE-2019-19724).
Trick: a path of /tmp or /run that the tool is going to use is made before it, as a link or a folder of the attacker's.
Croft: uses none; the new root needs no folder on the host.
Gate: the same.
Covered by: test_run_table.test_nothing_goes_through_to_the_host
"""
from attacks.attack import Attack, GateAttack, SELF
from croft_test import USER

SHARED = r'"/(tmp|var/tmp|run|dev/shm)\b'


class SharedFolders(Attack):
    def test_nothing_is_taken_from_shared_folders(self):
        """Whatever croft opens outside lies in no folder that others may write."""
        trace = self.home_dir() + '/trace'
        r = self.run_as('root', ['strace', '-u', USER, '-f', '-o', trace, '-e', 'trace=%file', self.croft_path, 'run', *SELF, 'host', '--',
                                 '/bin/true'])
        self.assertRan(r)
        with open(trace, encoding='utf-8', errors='replace') as f:
            before_pivot = f.read().partition('pivot_root(')[0]
        # names below the new root are no names of the host, and what a link says is opened by nobody
        host = '\n'.join(line for line in before_pivot.splitlines() if 'RESOLVE_IN_ROOT' not in line and 'readlink(' not in line)
        self.assertIn('/etc/resolv.conf', host)
        self.assertNotRegex(host, r'"/(tmp|var/tmp|run|dev/shm)\b')


class SharedFoldersAndTheGate(GateAttack):
    def test_nor_by_the_gate(self):
        for _ in self.installations():
            lines = self.trace('%file', self.croft_path, 'run', '--gate', 'host', '--', '/bin/true')
            before = '\n'.join(lines).partition('pivot_root(')[0].splitlines()
            host = '\n'.join(line for line in before if 'RESOLVE_IN_ROOT' not in line and 'readlink(' not in line)
            self.assertIn('/etc/resolv.conf', host)
            self.assertNotRegex(host, SHARED)

    def test_control_a_tool_that_makes_a_folder_there_is_seen(self):
        lines = self.trace('%file', 'sh', '-c', 'rmdir $(mktemp -d)')
        self.assertRegex('\n'.join(lines), SHARED)
