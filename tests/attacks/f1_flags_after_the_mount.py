"""F1: flags come with a second call, after the mount

Broke: util-linux (CVE-2026-53612, CVE-2026-53613, CVE-2026-53614).
Trick: a set-user-id program of the volume is run between the bind and the remount; chown and chmod by path behind it.
Croft: flags are set on the detached tree, which is attached then; nothing has a path after it was opened.
Gate: the same.
Covered by: test_gate.test_it_sees_its_own_processes_its_name_and_nothing_mounted_but_the_table
"""
import re

from attacks.attack import Attack, GateAttack, SELF
from croft_test import USER

CALLS = 'mount,mount_setattr,move_mount,open_tree,fsmount'


class Flags(Attack):
    def test_flags_are_set_before_a_mount_is_attached(self):
        data = self.home_dir()
        trace = data + '/trace'
        r = self.run_as('root', ['strace', '-u', USER, '-f', '-o', trace, '-e', 'trace=mount,mount_setattr,move_mount,open_tree,fsmount,execve',
                                 self.croft_path, 'run', *SELF, '-v', data + ':/mnt:ro', '-v', data + ':/srv', 'host', '--', 'true'])
        self.assertRan(r)
        with open(trace, encoding='utf-8', errors='replace') as f:
            lines = f.read().splitlines()
        self.assertFalse([line for line in lines if 'MS_REMOUNT' in line or 'MS_BIND' in line])
        ready = set()
        moved = 0
        for line in lines:
            made = re.search(r'fsmount\(.*MOUNT_ATTR_NOSUID\|MOUNT_ATTR_NODEV\|MOUNT_ATTR_NOEXEC\) = (\d+)', line)
            if made:
                ready.add(made.group(1))
            call = re.search(r'(mount_setattr|move_mount)\((\d+), "', line)
            if call and call.group(1) == 'mount_setattr':
                self.assertIn('AT_RECURSIVE', line)
                ready.add(call.group(2))
            elif call:
                self.assertIn(call.group(2), ready, line)
                moved += 1
        self.assertGreater(moved, 10)


class FlagsAndTheGate(GateAttack):
    def test_nor_by_the_gate(self):
        data = self.home_dir()
        for _ in self.installations():
            lines = self.trace(CALLS, self.croft_path, 'run', '--gate', '-v', data + ':/mnt:ro', '-v', data + ':/srv', 'host', '--', 'true')
            self.assertFalse([line for line in lines if 'MS_REMOUNT' in line or 'MS_BIND' in line])
            ready, moved = set(), 0
            for line in lines:
                call = re.search(r'(fsmount|mount_setattr|move_mount)\((\d+), .*?(?:= (\d+))?$', line)
                if call and call[1] == 'fsmount' and 'MOUNT_ATTR_NOSUID' in line:
                    ready.add(call[3])
                elif call and call[1] == 'mount_setattr':
                    ready.add(call[2])
                elif call and call[1] == 'move_mount':
                    self.assertIn(call[2], ready, line)
                    moved += 1
            self.assertGreater(moved, 8)

    def test_control_a_bind_and_a_remount_are_seen(self):
        data = self.home_dir()
        lines = self.trace(CALLS, 'unshare', '-rm', 'sh', '-c', f'mount --bind {data} {data} && mount -o remount,bind,ro,nosuid {data}')
        self.assertTrue([line for line in lines if 'MS_REMOUNT' in line or 'mount_setattr' in line], lines)
        self.assertTrue([line for line in lines if 'MS_BIND' in line or 'open_tree' in line], lines)
        first = next(i for i, line in enumerate(lines) if 'MS_BIND' in line or 'move_mount' in line)
        last = max(i for i, line in enumerate(lines) if 'MS_REMOUNT' in line or 'mount_setattr' in line)
        self.assertLess(first, last, 'attached first, flags later')
