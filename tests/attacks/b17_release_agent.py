"""B17: a release agent of cgroup version 1 is run by the kernel as root

Broke: the kernel (CVE-2022-0492), and by it every container whose root may mount.
Trick: mount -t cgroup as root of a user namespace, write a program's name to release_agent.
Croft: no capability to mount without being asked for; with CAP_SYS_ADMIN the kernel refuses the file system to whoever is not the host's root.
Gate: the same.
Covered by: f4_cgroup_tree.test_no_cgroup_can_be_joined_or_mounted
"""
import test_gate_ids
from attacks.attack import GateAttack, SELF
from croft_test import USER


class ReleaseAgent(GateAttack):
    rules = test_gate_ids.IDS + 'allow everyone capability SYS_ADMIN\n'
    MOUNT = 'mount -t cgroup -o none,name=crofttest crofttest {0} && ls {0}/release_agent && echo /bin/true >{0}/release_agent && echo written'

    def test_control_the_hosts_root_may(self):
        folder = self.make_dir('root')
        r = self.run_as('root', ['unshare', '-m', 'sh', '-c', self.MOUNT.format(folder)])
        self.assertIn('written', r.out, r)

    def test_nobody_inside_may(self):
        script = self.MOUNT.format('/tmp')
        for options in (SELF, (), ('--cap-add', 'SYS_ADMIN'), ('--cap-add', 'SYS_ADMIN', *SELF)):
            r = self.croft(USER, 'run', *options, 'host', '--', 'sh', '-c', script)
            self.assertNotEqual(r.status, 0)
            self.assertRegex(r.err, 'permission denied|must be superuser|not permitted')
            self.assertNotIn('written', r.out)
        for name in self.installations():
            options = ('--cap-add', 'SYS_ADMIN') if name != 'plain' else ()
            r = self.gate(*options, 'host', '--', 'sh', '-c', script)
            self.assertNotEqual(r.status, 0)
            self.assertRegex(r.err, 'permission denied|must be superuser|not permitted')
            self.assertNotIn('written', r.out)
