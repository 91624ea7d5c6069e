"""Devices of the host in a sandbox: croft run --device, and the rules `device` of a policy."""
import os
import shutil
import stat
import subprocess

from croft_test import USER
from run_case import RunTest
from test_gate import OPEN, OP_DEVICE, ByHand, GateTest, Ops
from test_gate_ids import ALL, IDS

FOLDER = '/dev/croft-test'
ZERO, NULL = os.makedev(1, 5), os.makedev(1, 3)


class DeviceTest(RunTest):
    def setUp(self):
        super().setUp()
        self.addCleanup(shutil.rmtree, FOLDER, True)
        os.makedirs(FOLDER + '/deep')
        self.node('zero', ZERO)
        self.node('deep/null', NULL)
        self.node('closed', ZERO, 0o600)
        self.write(FOLDER + '/file', 'no device')
        os.symlink('zero', FOLDER + '/link')

    def node(self, name, number, mode=0o666):
        os.mknod(f'{FOLDER}/{name}', stat.S_IFCHR, number)
        os.chmod(f'{FOLDER}/{name}', mode)


class Cooperative(DeviceTest):
    def test_a_device_can_be_used_inside_and_only_what_was_asked_for_is_there(self):
        out = self.shell('head -c 3 /dev/croft-test/zero | od -An -tx1; ls /dev/croft-test', '--device', FOLDER + '/zero')
        self.assertEqual(out, ' 00 00 00\nzero\n')

    def test_it_can_be_given_another_name(self):
        self.assertEqual(self.shell('stat -c "%t %T" /dev/a/b; ls /dev/a', '--device', FOLDER + '/zero:/dev/a/b'), '1 5\nb\n')

    def test_a_directory_stands_for_the_devices_in_it(self):
        os.unlink(FOLDER + '/closed')
        out = self.shell('cd /dev/croft-test; find . -exec test -c {} \\; -print | LC_ALL=C sort', '--device', FOLDER)
        self.assertEqual(out, './deep/null\n./zero\n')
        self.assertEqual(self.shell('cd /dev/x; find . -exec test -c {} \\; -print | LC_ALL=C sort', '--device', FOLDER + ':/dev/x'), './deep/null\n./zero\n')
        os.mkdir(FOLDER + '/empty')
        self.refused(f'^croft: option --device: {FOLDER}/empty: no device is in that directory\n$', '--device', FOLDER + '/empty', 'host', '--', 'true')

    def test_a_device_whose_permissions_say_no_stays_closed(self):
        """It may be there; whoever could not open it outside cannot inside either."""
        script = 'head -c 1 /dev/x 2>&1 | grep -ao "Permission denied"'
        self.assertEqual(self.shell(script, '--device', FOLDER + '/closed:/dev/x'), 'Permission denied\n')

    def test_what_cannot_be_a_device_is_refused(self):
        for words, message in (
                ((FOLDER + '/zero:/mnt/x',), '^croft: option --device: /mnt/x does not lie below /dev\n'),
                (('zero',), '^croft: option --device: zero is not an absolute path\n'),
                ((FOLDER + '/zero:/dev/x:r',), 'is not HOST\\[:TARGET\\]: what may be done with a device, its own permissions say'),
                ((FOLDER + '/file',), f'^croft: device {FOLDER}/file:{FOLDER}/file: denied for {USER}: {FOLDER}/file is no device\n'),
                ((FOLDER + '/none',), f'^croft: device {FOLDER}/none:{FOLDER}/none: No such file or directory\n'),
                ((FOLDER + '/zero:/dev/null',), f'^croft: device {FOLDER}/zero:/dev/null: there is something in that place already\n'),
        ):
            with self.subTest(words=words):
                self.refused(message, '--device', *words, 'host', '--', 'true')

    def test_nodev_is_never_lifted(self):
        self.enterContext(self.mounted_tmpfs())
        self.refused(f'^croft: device {self.tmpfs}/n:/dev/n: its file system is mounted nodev\n', '--device', self.tmpfs + '/n:/dev/n', 'host', '--', 'true')
        subprocess.run(['mount', '-o', 'remount,dev', self.tmpfs], check=True)
        self.assertEqual(self.shell('head -c 1 /dev/n | od -An -tx1', '--device', self.tmpfs + '/n:/dev/n'), ' 00\n')

    def mounted_tmpfs(self):
        self.tmpfs = self.make_dir()
        os.chmod(self.tmpfs, 0o755)
        subprocess.run(['mount', '-t', 'tmpfs', '-o', 'nodev,mode=755', 'croft-test', self.tmpfs], check=True)
        self.addCleanup(subprocess.run, ['umount', self.tmpfs], check=True)
        os.mknod(self.tmpfs + '/n', stat.S_IFCHR, ZERO)
        os.chmod(self.tmpfs + '/n', 0o666)
        return self.policy(OPEN + 'allow everyone ids subordinate\nallow everyone device ' + self.tmpfs + '/n\n')

    def test_a_volume_is_never_a_device_and_the_hint_says_how(self):
        self.refused('is a device, which is never a volume\ncroft: hint: ask for it with --device', '-v', FOLDER + '/zero:/mnt', 'host', '--', 'true')

    def test_the_policy_decides_on_the_device_itself(self):
        rules = OPEN + 'allow everyone ids subordinate\n'
        ask = ('--device', FOLDER + '/zero', 'host', '--', 'true')
        with self.policy(rules):
            self.refused(f'denied for {USER}: no rule allows it\ncroft: hint: croft policy explain device {FOLDER}/zero\n$', *ask)
        with self.policy(rules + f'allow everyone device {FOLDER}/*\n') as file:
            self.sandbox(*ask)
#the link is another name of what is allowed, and the rule is about where it leads
            self.sandbox('--device', FOLDER + '/link', 'host', '--', 'true')
            self.refused('no rule allows it', '--device', FOLDER + '/deep/null', 'host', '--', 'true')
            out = self.croft(USER, 'policy', 'explain', 'device', FOLDER + '/link').out
            self.assertIn(f'resolved: {FOLDER}/zero, a device of uid 0\n', out)
            self.assertIn(f'{file}:10: allow everyone device {FOLDER}/*: allows it\n', out)
        with self.policy(rules + f'allow everyone device /dev/**\ndeny everyone device {FOLDER}/zero\n'):
            self.refused('denies it: deny everyone device ' + FOLDER + '/zero', *ask)
            self.refused('denies it', '--device', FOLDER + '/link', 'host', '--', 'true')

    def test_a_line_for_devices_takes_a_path_and_nothing_else(self):
        for line, message in (('allow everyone device /dev/x rw', "expected the end of the line, found 'rw'"),
                              ('allow everyone device', 'expected the path of a device, found the end of the line'),
                              ('allow everyone device kvm', 'expected an absolute path, or %h at the beginning')):
            with self.subTest(line=line), self.policy('version 1\n' + line + '\n'):
                self.refused(message, 'host', '--', 'true')


class Gate(GateTest, DeviceTest):
    rules = OPEN + f'allow everyone device {FOLDER}/*\n'

    def setUp(self):
        DeviceTest.setUp(self)
        GateTest.setUp(self)

    def test_a_device_can_be_used_inside(self):
        self.assertEqual(self.inside('head -c 3 /dev/croft-test/zero | od -An -tx1', '--device', FOLDER + '/zero'), ' 00 00 00\n')

    def test_the_policy_is_asked_by_the_gate_itself(self):
        self.refused('no rule allows it', '--device', FOLDER + '/deep/null', 'host', '--', 'true')


class GateWithIds(Gate):
    rules = IDS + f'allow everyone device {FOLDER}/*\n'

    def put_gate(self, setuid=False, caps=ALL):
        super().put_gate(setuid, caps)


class PlanByHand(ByHand, DeviceTest):
    """The gate alone, with plans that croft would not make."""
    rules = OPEN + f'allow everyone device {FOLDER}/*\n'

    def setUp(self):
        DeviceTest.setUp(self)
        ByHand.setUp(self)

    def test_another_device_than_the_allowed_one_is_refused(self):
        plan = self.plan('--device', FOLDER + '/zero:/dev/z')
        other = FOLDER[:-1] + 'x'
        self.addCleanup(shutil.rmtree, other, True)
        os.mkdir(other)
        os.mknod(other + '/zero', stat.S_IFCHR, NULL)
        self.assertEqual(self.start(plan)[1:], ('', True))
        changed = plan.replace(FOLDER.encode(), other.encode())
        self.assertNotEqual(changed, plan)
        self.assertGateRefuses(changed, f'device {other}/zero:/dev/z: denied for {USER}: no rule allows it')

    def test_one_that_the_policy_is_not_asked_about_is_refused(self):
        plan = Ops(self.plan('--device', FOLDER + '/zero'))
        plan.ops[plan.index(OP_DEVICE)][1] = 0
        self.assertGateRefuses(plan.encode(), 'with a device that the policy is not asked about')

    def test_one_elsewhere_than_in_dev_is_no_plan(self):
        plan = self.plan('--device', FOLDER + '/zero:/dev/z')
        self.assertGateRefuses(plan.replace(b'/dev/z', b'/tmp/z'), 'the device /tmp/z does not lie below /dev')
