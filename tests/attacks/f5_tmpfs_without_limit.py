"""F5: a tmpfs takes all memory

Broke: every tool that mounts one without a size (no number): half of the memory each, without a limit of files where it says so.
Trick: fill /tmp, /run and /dev/shm.
Croft: each has a size and a number of files.
Gate: a plan without them is refused, and all together have a bound.
Covered by: test_run_table.test_they_have_mode_size_and_flags, test_planner.c:every_tmpfs_is_limited, test_gate_check.c:memory_has_a_bound,
    test_gate_ids.test_cut_short_and_too_long
"""
import subprocess

from attacks.attack import Attack, GateAttack, SELF


class Full(Attack):
    def test_a_tmpfs_ends_at_its_limit(self):
        out = self.shell('head -c 2000000 /dev/zero >/mnt/f; stat -c %s /mnt/f; for i in $(seq 3000); do >/mnt/n$i || break; done; '
                         'ls /mnt | wc -l; exit 0', *SELF, '--tmpfs', '/mnt:size=1M', stderr=subprocess.STDOUT)
        self.assertIn('No space left on device', out)
        self.assertIn('\n1048576\n', '\n' + out)
        self.assertLess(int(out.split()[-1]), 2000)
        for place in ('/tmp', '/run', '/dev/shm', '/dev', '/'):
            out = self.shell(f'stat -f -c "%b %S %c" {place}', *SELF)
            blocks, size, inodes = map(int, out.split())
            self.assertLess(blocks * size, 4 << 30, place)
            self.assertTrue(0 < blocks and 0 < inodes <= 1 << 20, place)


class FullAndTheGate(GateAttack):
    def test_those_of_the_gate_have_limits(self):
        for _ in self.installations():
            for line in self.inside('stat -f -c "%b %S %c" /tmp /run /dev/shm /dev /').splitlines():
                blocks, size, inodes = map(int, line.split())
                self.assertTrue(0 < blocks * size < 4 << 30 and 0 < inodes <= 1 << 20, line)

    def test_control_one_without_a_size_is_seen(self):
        r = self.shell_in_own_namespace('mount -t tmpfs -o size=0,nr_inodes=0 t /mnt && stat -f -c "%b %c" /mnt')
        self.assertEqual(r.out, '0 0\n')
