"""F4: the cgroup tree can be written

Broke: runc (CVE-2023-25809).
Trick: /sys/fs/cgroup is the host's and writable: the command leaves its limits, or joins another cgroup.
Croft: /sys is read-only, and no cgroup file system is mounted.
Gate: the same.
Covered by: test_confine.test_sysfs_is_read_only, test_run_table.test_with_the_host_s_network_the_host_s_sysfs_is_read_only
"""
from attacks.attack import Attack, GateAttack, SELF

WRITABLE = 'find /sys/fs/cgroup -name cgroup.procs -writable 2>/dev/null; true'


class Cgroups(Attack):
    def test_no_cgroup_can_be_joined_or_mounted(self):
        script = ('find /sys/fs/cgroup -name cgroup.procs -writable 2>/dev/null; find /sys/fs/cgroup -name release_agent 2>/dev/null; '
                  'mount -t cgroup2 c /tmp 2>/dev/null && echo mounted; mount -t cgroup -o memory c /tmp 2>/dev/null && echo mounted; '
                  'for f in $(find /sys/fs/cgroup -name cgroup.procs 2>/dev/null | head -n 20); do echo $$ 2>/dev/null >$f && echo joined $f; done; '
                  'true')
        for options in ((), SELF, ('--network', 'host'), ('--cap-add', 'SYS_ADMIN', '--network', 'host'), ('--cap-add', 'ALL')):
            with self.subTest(options=options):
                out = self.shell(f'exec 2>/dev/null; {script}', *options)
                self.assertEqual([line for line in out.splitlines() if 'release_agent' not in line], [])


class CgroupsAndTheGate(GateAttack):
    def test_nor_with_the_gate(self):
        for _ in self.installations():
            for options in ((), ('--network', 'host')):
                self.assertEqual(self.inside(WRITABLE, *options), '')

    def test_control_the_hosts_root_may_write_some(self):
        """In a mount namespace of its own, where version 2 is mounted whatever the host has there."""
        r = self.run_as('root', ['unshare', '-m', 'sh', '-c', 'mount -t cgroup2 none /sys/fs/cgroup || exit 3; ' + WRITABLE])
        self.assertIn('/sys/fs/cgroup/cgroup.procs', r.out.split(), r)
