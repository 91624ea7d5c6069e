"""E3: a device of the root is a link to a file of /proc

Broke: runc (CVE-2025-31133, CVE-2025-52565).
Trick: /dev/null or /dev/pts/0 of the image leads to /proc/sys/kernel/core_pattern, which is then mounted to be written.
Croft: devices come from the host, by their numbers; the terminal is the one of the new devpts.
Gate: the same; the terminal must be of a devpts.
Covered by: test_confine.test_nothing_of_a_hostile_root_becomes_a_mask, test_run_table.test_it_holds_this_and_nothing_else
"""
import os
import shutil

from attacks.attack import Attack, GateAttack, SELF
from croft_test import USER


class Devices(Attack):
    def test_devices_come_from_the_host_and_are_what_they_are_called(self):
        with open('/proc/sys/kernel/core_pattern', encoding='utf-8') as f:
            before = f.read()
        root = self.build_root('sh', 'stat', 'cat')
        shutil.rmtree(root + '/dev')
        os.mkdir(root + '/dev')
        for name in ('null', 'zero', 'console', 'ptmx', 'tty', 'random'):
            os.symlink('/proc/sys/kernel/core_pattern', f'{root}/dev/{name}')
        os.mkdir(root + '/dev/pts')
        os.symlink('/proc/sys/kernel/core_pattern', root + '/dev/pts/0')
        for options in (('-t', *SELF), ('-t',), ('-t', '--ephemeral')):
            r = self.croft(USER, 'run', *options, root, '--', '/bin/sh', '-c',
                           'stat -c "%F %t:%T %n" /dev/null /dev/zero /dev/tty /dev/console; '
                           'echo owned >/dev/console; echo owned >/proc/sys/kernel/core_pattern')
            self.assertIn(r.status, (1, 2), r)
            out = r.out
            for device in ('1:3 /dev/null', '1:5 /dev/zero', '5:0 /dev/tty'):
                self.assertIn('character special file ' + device, out)
            self.assertRegex(out, r'character special file 88:0 /dev/console')
            with open('/proc/sys/kernel/core_pattern', encoding='utf-8') as f:
                self.assertEqual(f.read(), before)


class DevicesAndTheGate(GateAttack):
    def hostile(self):
        root = self.build_root('sh', 'stat', 'cat')
        shutil.rmtree(root + '/dev')
        os.mkdir(root + '/dev')
        for name in ('null', 'zero', 'console', 'ptmx', 'tty', 'random'):
            os.symlink('/proc/sys/kernel/core_pattern', f'{root}/dev/{name}')
        return root

    def test_those_of_the_gate_too(self):
        root = self.hostile()
        for _ in self.installations():
            r = self.gate('-t', root, '--', '/bin/sh', '-c', 'stat -c "%t:%T %n" /dev/null /dev/zero /dev/tty; echo owned >/proc/sys/kernel/core_pattern')
            self.assertIn(r.status, (1, 2), r)
            for device in ('1:3 /dev/null', '1:5 /dev/zero', '5:0 /dev/tty'):
                self.assertIn(device, r.out)

    def test_control_a_bind_by_name_shows_the_file_of_proc(self):
        with open('/proc/sys/kernel/core_pattern', encoding='utf-8') as f:
            pattern = f.read()
        target = self.text(self.home_dir(), 'null', '')
        r = self.shell_in_own_namespace('mount --bind "$1" "$2" && cat "$2"', self.hostile() + '/dev/null', target)
        self.assertEqual(r.out, pattern, r)
