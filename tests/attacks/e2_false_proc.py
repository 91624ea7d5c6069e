"""E2: a /proc that is not the kernel's, and mounts over croft's own places

Broke: runc (CVE-2019-16884, CVE-2019-19921, CVE-2023-27561, CVE-2023-28642, CVE-2025-52881), LXC (CVE-2015-1334).
Trick: labels and masks are written to a file of the attacker's, and go nowhere or elsewhere.
Croft: mounts its own procfs, whose descriptor it keeps; a volume in /proc, /sys or /dev is refused, wherever a link leads it.
Gate: the same; it looks that /proc is the kernel's before it reads its own.
Covered by: test_gate.test_E2_nothing_but_the_kernels_own_is_mounted_in_its_places, test_gate_ids.test_E2_nothing_but_the_kernels_own_is_mounted_in_its_places,
    test_gate.test_masks_are_put_on_what_was_mounted_not_on_what_has_its_name, test_gate.test_a_kernel_file_system_elsewhere_is_refused,
    test_gate.test_a_mask_less_is_refused, test_confine.test_nothing_of_a_hostile_root_becomes_a_mask
"""
import os

from croft_test import EXIT_CROFT, USER
from attacks.hostile_root import HostileTest


class FalseProc(HostileTest):
    def test_a_fake_proc_is_covered(self):
        root = self.hostile('/proc', 'DIRECTORY')
        self.write_below(root + '/proc/self/mountinfo', 'fake\n')
        self.write_below(root + '/proc/sys/user/max_user_namespaces', '1000\n')
        r = self.croft(USER, 'run', '--map', 'self', root, '--', '/bin/sh', '-c',
                       'cat /proc/sys/user/max_user_namespaces /proc/self/mountinfo')
        self.assertRan(r)
        self.assertNotIn('fake', r.out)
        self.assertTrue(r.out.startswith('0\n'), r)
        with open(root + '/proc/sys/user/max_user_namespaces', encoding='ascii') as f:
            self.assertEqual(f.read(), '1000\n')

    def test_a_proc_that_leads_elsewhere_in_the_root_is_still_the_kernels(self):
        root = self.hostile('/proc', '/fake')
        self.write_below(root + '/fake/sys/user/max_user_namespaces', '1000\n')
        r = self.croft(USER, 'run', '--map', 'self', root, '--', '/bin/sh', '-c', 'cat /proc/sys/user/max_user_namespaces')
        self.assertRan(r)
        self.assertEqual(r.out, '0\n')

    def test_a_volume_that_a_link_leads_to_the_kernels_places_is_refused(self):
        places = ('/proc', '/proc/self', '/proc/sys', '/proc/sys/kernel', '/sys', '/sys/kernel', '/dev', '/dev/pts', '/dev/shm',
                  '/dev/mqueue', '/dev/new', '/proc/1/attr', '../../proc', '/dev/fd', '/proc/self/cwd')
        for place in places:
            for options in (('-v', self.data + ':/mnt'), ('--tmpfs', '/mnt'), ('-v', self.data + ':/mnt/below'),
                            ('--ephemeral', '-v', self.data + ':/mnt'), ('--read-only', '-v', self.data + ':/mnt')):
                with self.subTest(place=place, options=options):
                    root = self.hostile('/mnt', place)
                    r = self.croft(USER, 'run', '--map', 'self', *options, root, '--', '/bin/sh', '-c', 'cat /proc/self/mountinfo')
                    self.assertRefused(r, EXIT_CROFT, r'\Acroft: .+\n(croft: hint: .+\n)?\Z')
                    self.assertEqual(r.out, '')

    def test_a_file_volume_that_a_link_leads_there_is_refused(self):
        for place in ('/dev/null', '/dev/tty', '/dev/ptmx', '/dev/pts/ptmx', '/proc/sys/kernel/core_pattern', '/proc/self/status',
                      '/proc/self/exe', '/dev/stdin', '/sys/kernel/profiling', '/dev/new'):
            with self.subTest(place=place):
                root = self.hostile('/srv/file', place)
                r = self.croft(USER, 'run', '--map', 'self', '-v', self.data + '/f:/srv/file', root, '--', '/bin/sh', '-c', ':')
                self.assertRefused(r, EXIT_CROFT, r'\Acroft: volume .+\n(croft: hint: .+\n)?\Z')

    def test_a_conf_file_that_a_link_leads_there_is_refused(self):
        for place in ('/dev/null', '/proc/self/status', '/proc/sys/kernel/core_pattern'):
            for option in ((), ('--conf', self.conf)):
                with self.subTest(place=place, option=option):
                    root = self.hostile('/etc/hostname', place)
                    r = self.croft(USER, 'run', '--map', 'self', *option, root, '--', '/bin/sh', '-c', 'echo x >/dev/null')
                    self.assertRefused(r, EXIT_CROFT, r'\Acroft: .*hostname.*\n(croft: hint: .+\n)?\Z')

    def test_a_volume_in_an_earlier_volume_stays_possible(self):
        """What is refused is only what lies in croft's own places."""
        os.makedirs(self.data + '/sub')
        self.give(self.data + '/sub', USER)
        for link in ('/mnt2', '/run/x', '/tmp/y'):
            root = self.hostile('/mnt', link)
            r = self.croft(USER, 'run', '--map', 'self', '-v', self.data + ':/mnt', '-v', self.data + ':/mnt/sub', root, '--',
                           '/bin/sh', '-c', 'cat /mnt/sub/f')
            self.assertRan(r)
            self.assertEqual(r.out, 'of the volume\n')

    def test_control_a_tool_that_writes_there_by_name_writes_into_the_fake(self):
        root = self.hostile('/proc', 'DIRECTORY')
        self.write_below(root + '/proc/self/attr/exec', '')
        os.chmod(root + '/proc/self/attr/exec', 0o666)
        r = self.run_as(USER, ['unshare', '-rm', '/usr/bin/python3', '-IS', '-c',
                               'import os, sys; os.chroot(sys.argv[1]); open("/proc/self/attr/exec", "w").write("confined"); print("confined")', root])
        self.assertEqual(r.out, 'confined\n', r)
        with open(root + '/proc/self/attr/exec', encoding='ascii') as f:
            self.assertEqual(f.read(), 'confined')
