"""D14: a driver of the kernel reads what a user has written

Broke: Apptainer (CVE-2023-30549), udisks and libblockdev (CVE-2025-6019), ntfs-3g (CVE-2022-30783), overlay (CVE-2023-0386), and overlay in bubblewrap (CVE-2026-41163).
Trick: an image, an overlay or a FUSE file system, mounted by somebody privileged for the user.
Croft: an overlay is mounted with the rights of the caller's own namespace.
Gate: tmpfs, proc, sysfs, devpts and mqueue, and nothing else with a capability on the host. An overlay is over a root of root's that the policy shares, alone,
    and mounted in a user namespace that nobody is in.
Covered by: test_gate.test_what_it_cannot_give_is_said, test_gate_ids.test_an_overlay_is_a_word_of_its_own_and_for_shared_roots_alone,
    test_gate_ids.test_nobody_is_in_the_namespace_that_the_overlay_was_made_in, test_gate_check.c
"""
import os
import re

from attacks.attack import GateAttack
from croft_test import USER


class Drivers(GateAttack):
    CALLS = 'mount,fsopen,fsmount,move_mount'
    HARMLESS = {'tmpfs', 'proc', 'sysfs', 'devpts', 'mqueue'}

    @staticmethod
    def kinds(lines):
        """The file systems that calls of mount and fsopen name; a bind or a change of flags has none."""
        text = '\n'.join(lines)
        return set(re.findall(r'fsopen\("([^"]+)"', text)) | {m for m in re.findall(r' mount\([^,]*, [^,]*, "([^"]*)", ', text) if m}

    def test_control_an_overlay_is_seen(self):
        base = self.home_dir()
        for name in ('l', 'u', 'w', 'm'):
            os.mkdir(f'{base}/{name}')
            self.give(f'{base}/{name}', USER)
        lines = self.trace(self.CALLS, 'unshare', '-rm', 'mount', '-t', 'overlay', '-o', f'lowerdir={base}/l,upperdir={base}/u,workdir={base}/w', 'o', base + '/m')
        self.assertIn('overlay', self.kinds(lines))

    def test_the_gate_mounts_new_file_systems_of_five_kinds(self):
        data = self.home_dir()
        for name in self.installations():
            volume = data + (':/mnt' if name == 'plain' else ':/mnt:idmap')
            lines = self.trace(self.CALLS, self.croft_path, 'run', '--gate', '-v', volume, '--tmpfs', '/srv:size=1M', 'host', '--', 'true')
            self.assertEqual(self.kinds(lines), self.HARMLESS)
            self.refused('^croft: .*an overlay', '--ephemeral', self.build_root('true'), '--', '/bin/true')
