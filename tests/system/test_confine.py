"""What is around the command beside namespaces and mounts: masks of /proc and /sys, Landlock, user namespaces inside."""
import json
import os
import socket

from croft_test import EXIT_CROFT, USER
from run_case import COVERED, READ_ONLY, RunTest, landlock_abi

SELF = ('--map', 'self')
ALL = ('version 1\nallow everyone volume /** rw submounts\nallow everyone root /**\nallow everyone root host\nallow everyone ids subordinate\n'
       'allow everyone network none\nallow everyone network host\n')


def what_is(path):
    return 'd' if os.path.isdir(path) else 'f' if os.path.exists(path) else ''


class Masks(RunTest):
    def test_what_tells_about_the_host_is_covered(self):
        there = {p: what_is(p) for p in COVERED if what_is(p)}
        self.assertIn('/proc/keys', there)  # else there is nothing to be tested
        for options in (SELF, (), (*SELF, '--network', 'host'), (*SELF, '--cap-add', 'ALL'), (*SELF, '--no-init')):
            with self.subTest(options):
                inside = self.mounts_inside(*options)
                for path, kind in there.items():
                    self.assertEqual(inside[path].type, 'tmpfs' if kind == 'd' else 'devtmpfs', inside[path])
                    self.assertIn('ro', inside[path].flags)
                    out = self.shell(f'cat {path} 2>/dev/null || ls -A {path}', *options)
                    self.assertEqual(out, '', path)

    def test_unmasked_they_are_seen(self):
        """The control of the test before."""
        out = self.shell('head -c 1 /proc/timer_list /proc/interrupts; ls /proc/acpi /sys/firmware; wc -c </proc/interrupts', *SELF, '--unmask')
        self.assertGreater(int(out.split()[-1]), 10)
        inside = self.mounts_inside(*SELF, '--unmask')
        self.assertEqual([p for p in inside if p.startswith('/proc/')], [])

    def test_what_nobody_has_to_write_is_read_only(self):
        there = [p for p in READ_ONLY if os.path.exists(p)]
        self.assertIn('/proc/sys', there)
        for options in (SELF, (), (*SELF, '--cap-add', 'ALL')):
            inside = self.mounts_inside(*options)
            for path in there:
                self.assertIn('ro', inside[path].flags, path)
                self.assertEqual(inside[path].type, 'proc')
        options, script = (*SELF, '--cap-add', 'NET_ADMIN'), 'echo 1 >/proc/sys/net/ipv4/ip_forward; cat /proc/sys/net/ipv4/ip_forward'
        r = self.croft(USER, 'run', *options, 'host', '--', 'sh', '-c', script)
        self.assertRegex(r.err, 'Read-only file system')
        self.assertEqual(r.out, '0\n')
        self.assertEqual(self.shell(script, *options, '--unmask'), '1\n')

    def test_sysfs_is_read_only(self):
        inside = self.mounts_inside(*SELF)
        self.assertEqual(inside['/sys'].type, 'sysfs')
        self.assertIn('ro', inside['/sys'].flags)

    def test_a_command_with_sys_admin_cannot_lift_them(self):
        options = (*SELF, '--cap-add', 'ALL')
        self.assertEqual(self.shell('mount -t tmpfs none /tmp && echo mounted', *options), 'mounted\n')
        for script in ('umount /proc/keys', 'umount -l /proc/keys', 'umount /proc/sys', 'umount -l /proc',
                       'mount -o remount,rw,bind /proc/sys', 'mount -o remount,bind,rw /sys/firmware', 'mount -t proc proc /mnt',
                       'mkdir /p && mount -t proc proc /p', 'mkdir /b && mount --bind /proc /b && cat /b/keys | grep .'):
            with self.subTest(script):
                r = self.croft(USER, 'run', *options, 'host', '--', 'sh', '-c', script)
                self.assertGreater(r.status, 0, r)
                self.assertLess(r.status, 125, r)

    def test_nothing_of_a_hostile_root_becomes_a_mask(self):
        """CVE-2025-31133: /dev/null, by which files are covered, led elsewhere."""
        root = self.build_root('cat', 'sh')
        outside = self.write(self.home_dir() + '/outside', 'outside\n', USER)
        for name, target in (('null', outside), ('null', '/proc/sys/kernel/core_pattern'), ('null', '../proc/self/environ')):
            os.makedirs(root + '/dev', exist_ok=True)
            if os.path.lexists(f'{root}/dev/{name}'):
                os.unlink(f'{root}/dev/{name}')
            os.symlink(target, f'{root}/dev/{name}')
            self.assertEqual(self.sandbox(*SELF, root, '--', '/bin/sh', '-c', 'cat /proc/keys; echo x >/proc/keys 2>/dev/null; echo done'),
                             'done\n')
            with open(outside, encoding='ascii') as f:
                self.assertEqual(f.read(), 'outside\n')

    def test_the_policy_decides_about_unmask(self):
        with self.policy(ALL + 'allow everyone proc unmasked\n'):
            self.shell('true', *SELF, '--unmask')
        with self.policy(ALL):
            self.shell('true', *SELF)
            self.refused(r'^croft: proc unmasked: denied for \w+: no rule allows it\ncroft: hint: croft policy explain proc unmasked$',
                         *SELF, '--unmask', 'host', '--', 'true')

    def test_the_plan_says_what_is_covered(self):
        r = self.croft(USER, 'plan', *SELF, 'host', 'true')
        self.assertRan(r)
        self.assertIn('  mask       /proc/keys\n', r.out)
        self.assertIn('  read-only  /proc/sys\n', r.out)
        r = self.croft(USER, 'plan', *SELF, '--unmask', 'host', 'true')
        self.assertNotIn('/proc/keys', r.out)
        self.assertRegex(r.out, r'\nproc +unmasked   \[built-in policy:\d+\]\n')


class Proc(RunTest):
    def test_proc_subset_pid_has_processes_alone(self):
        self.assertEqual(self.shell('ls -A /proc | grep -v "^[0-9]"', *SELF, '--proc-subset', 'pid'), 'self\nthread-self\n')
        self.assertIn('subset=pid', self.mounts_inside(*SELF, '--proc-subset', 'pid')['/proc'].options)
        self.assertIn('cpuinfo', self.shell('ls /proc', *SELF))
        self.assertEqual(self.croft(USER, 'run', *SELF, '--proc-subset', 'pid', 'host', '--', 'unshare', '-U', 'true').status, 1)

    def test_hidepid_hides_the_processes_of_others(self):
        # Root inside sees all (it could trace them), another user only his own.
        script = 'ls -A /proc | grep -c "^[0-9]"; ls /proc/1/status 2>&1'
        for how, option in (('invisible', 'hidepid=invisible'), ('2', 'hidepid=invisible'), ('ptraceable', 'hidepid=ptraceable'),
                            ('noaccess', 'hidepid=noaccess')):
            inside = self.mounts_inside(*SELF, '--hidepid', how)
            self.assertIn(option, inside['/proc'].options)
        self.assertIn('/proc/1/status\n', self.shell(script, '-u', 'nobody'))
        self.assertIn('No such file', self.shell(script + '; true', '-u', 'nobody', '--hidepid', 'invisible'))


class Userns(RunTest):
    def test_user_namespaces_are_there_when_they_are_asked_for(self):
        for options in (SELF, (), ('-u', 'nobody')):
            with self.subTest(options):
                self.assertEqual(self.shell('unshare -Ur sh -c "id -u; unshare -Ur id -u"', *options, '--allow-userns'), '0\n0\n')
                r = self.croft(USER, 'run', *options, 'host', '--', 'unshare', '-Ur', 'true')
                self.assertRefused(r, 1, 'unshare failed')

    def test_a_sandbox_in_a_sandbox(self):
        script = 'unshare -Urpfm --mount-proc sh -c \'echo $$; ls /proc | grep -c "^[0-9]" | grep -q "^[1-9]$" && echo alone\''
        self.assertEqual(self.shell(script, *SELF, '--allow-userns', '--unmask'), '1\nalone\n')

    def test_mounts_stay_locked_with_user_namespaces_inside(self):
        data = self.home_dir()
        self.write(data + '/f', 'x', USER)
        options = (*SELF, '--allow-userns', '-v', data + ':/mnt:ro')
        self.assertEqual(self.shell('unshare -Urm sh -c "mount -t tmpfs none /tmp && umount /tmp && cat /mnt/f"', *options), 'x')
        for script in ('mount -o remount,rw,bind /mnt', 'umount -l /mnt', 'umount -l /proc/keys', 'umount -l /proc/sys'):
            with self.subTest(script):
                r = self.croft(USER, 'run', *options, 'host', '--', 'unshare', '-Urm', 'sh', '-c', script)
                self.assertGreater(r.status, 0, r)
                self.assertLess(r.status, 125, r)

    def test_the_policy_decides_about_them(self):
        with self.policy(ALL + 'allow everyone userns\n'):
            self.shell('unshare -U true', *SELF, '--allow-userns')
        with self.policy(ALL):
            self.shell('true', *SELF)
            self.refused(r'^croft: userns inside: denied for \w+: no rule allows it\n', *SELF, '--allow-userns', 'host', '--', 'true')


class Landlock(RunTest):
    def test_with_a_read_only_root_only_what_the_plan_names_can_be_written(self):
        data = self.home_dir()
        script = ('echo x >/tmp/f && echo x >/rw/f && echo x >/dev/null && echo 0 >/proc/self/oom_score_adj && mkdir /run/d && '
                  'mv /tmp/f /tmp/g && python3 -c "import os; os.openpty(); os.memfd_create(\'x\')" && echo all')
        self.assertEqual(self.shell(script, '--read-only', '-v', data + ':/rw'), 'all\n')
        self.assertEqual(self.shell(script, '-v', data + ':/rw'), 'all\n')

    def test_what_the_command_is_given_open_can_be_opened_again(self):
        """It lies outside of the root: /dev/stdout of a script whose output goes to a file."""
        folder = self.home_dir()
        script = 'echo out >/dev/stdout; echo err >/dev/stderr; cat /dev/stdin; echo kept >/proc/self/fd/7'
        for options in (SELF, (*SELF, '--read-only'), (*SELF, '--landlock', 'off')):
            with self.subTest(options):
                for name in ('out', 'err', 'kept'):
                    self.write(f'{folder}/{name}', '', USER)
                self.write(f'{folder}/in', 'in\n', USER)
                line = ' '.join((self.croft_path, 'run', *options, '--preserve-fd', '7', 'host', '--', 'bash', '-c', f"'{script}'"))
                self.assertRan(self.run_as(USER, ['bash', '-c', f'{line} <in >>out 2>>err 7>>kept'], cwd=folder))
                for name, text in (('out', 'out\nin\n'), ('err', 'err\n'), ('kept', 'kept\n')):
                    with open(f'{folder}/{name}', encoding='ascii') as f:
                        self.assertEqual(f.read(), text, name)

    def test_what_the_command_is_given_open_is_not_opened_for_more(self):
        """Read-only standard input is the caller's own file, which its mode lets him write; and the other way round."""
        folder = self.home_dir()
        for options, status in ((SELF, 1), ((*SELF, '--landlock', 'off'), 0)):
            for script, redirect in (('echo changed >/proc/self/fd/0', '<f'), ('cat /proc/self/fd/7', '')):
                with self.subTest((options, script)):
                    for name in ('f', 'g'):
                        self.write(f'{folder}/{name}', 'as it was\n', USER)
                    line = ' '.join((self.croft_path, 'run', *options, '--preserve-fd', '7', 'host', '--', 'sh', '-c', f"'{script}'", '7>>g', redirect))
                    r = self.run_as(USER, ['bash', '-c', line], cwd=folder)
                    if landlock_abi() < 1:
                        continue
                    self.assertEqual(r.status != 0, status != 0, r)
                    if status:
                        self.assertIn('Permission denied', r.err)
                        with open(f'{folder}/f', encoding='ascii') as f:
                            self.assertEqual(f.read(), 'as it was\n')

    def test_mounts_cannot_be_changed_even_by_one_with_the_capability(self):
        if landlock_abi() < 2:
            self.refused('^croft: option --landlock required: this kernel has ', *SELF, '--landlock', 'required', 'host', '--', 'true')
            return
        script = 'mount -t tmpfs none /tmp && echo mounted'
        for option, status in (('off', 0), ('auto', 0), ('required', 32)):
            r = self.croft(USER, 'run', *SELF, '--cap-add', 'SYS_ADMIN', '--landlock', option, 'host', '--', 'sh', '-c', script)
            self.assertEqual(r.status, status, r)

    def test_a_process_outside_the_ruleset_cannot_be_traced(self):
        """What is no descendant of the command's: init holds the caller's environment."""
        r = self.croft(USER, 'run', *SELF, '--cap-add', 'SYS_PTRACE', 'host', '--', 'sh', '-c', 'cat /proc/1/environ')
        self.assertRefused(r, 1, 'Permission denied')

    def connect(self, port, *options):
        return self.python(f'import socket\ntry:\n    socket.create_connection(("127.0.0.1", {port}), 5)\n    print("connected")\n'
                           'except OSError as e:\n    print(e.strerror)', *SELF, '--network', 'host', *options).strip()

    def test_tcp_ports_that_are_not_named_cannot_be_reached(self):
        if landlock_abi() < 4:
            for option in ('--tcp-connect', '--tcp-bind'):
                self.refused(r'^croft: option --tcp-bind, --tcp-connect: this kernel has .*Linux 6\.7\)\ncroft: hint: ',
                             *SELF, option, '80', 'host', '--', 'true')
            return
        with socket.create_server(('127.0.0.1', 0)) as one, socket.create_server(('127.0.0.1', 0)) as other:
            ports = one.getsockname()[1], other.getsockname()[1]
            self.assertEqual([self.connect(p) for p in ports], ['connected', 'connected'])
            self.assertEqual([self.connect(p, '--tcp-connect', str(ports[0])) for p in ports], ['connected', 'Permission denied'])
            self.assertEqual([self.connect(p, '--tcp-connect', 'none') for p in ports], ['Permission denied'] * 2)
            self.assertEqual([self.connect(p, '--tcp-bind', 'none') for p in ports], ['connected', 'connected'])
        bind = 'import socket\nfor p in (8001, 8002):\n    s = socket.socket()\n    try:\n        s.bind(("127.0.0.1", p))\n        print("bound")\n' \
               '    except OSError as e:\n        print(e.strerror)'
        self.assertEqual(self.python(bind, *SELF), 'bound\nbound\n')
        self.assertEqual(self.python(bind, *SELF, '--tcp-bind', '8002'), 'Permission denied\nbound\n')

    def test_a_rule_with_ports_wants_them_asked_for(self):
        rule = ALL.replace('network host\n', 'network host tcp-bind=none tcp-connect=80,443\n')
        kept = ('--tcp-bind', 'none', '--tcp-connect', '443')
        with self.policy(rule):
            self.assertRan(self.croft(USER, 'plan', *SELF, '--network', 'host', *kept, 'host', 'true'))
            hint = r'\ncroft: hint: ask for it with --tcp-bind and --tcp-connect, and ports of that rule; or see: croft policy explain network host$'
            for options in ((), kept[:2], kept[2:], (*kept, '--tcp-connect', '22')):
                self.refused(r'^croft: network host: denied for \w+: rule .*policy\.conf:7 allows it for some TCP ports only' + hint,
                             *SELF, '--network', 'host', *options, 'host', '--', 'true')

    def test_the_policy_decides_about_leaving_it_out(self):
        with self.policy(ALL + 'allow everyone landlock off\n'):
            self.shell('true', *SELF, '--landlock', 'off')
        with self.policy(ALL):
            self.shell('true', *SELF, '--landlock', 'auto')
            self.refused(r'^croft: landlock off: denied for \w+: no rule allows it\n', *SELF, '--landlock', 'off', 'host', '--', 'true')

    def test_the_plan_carries_the_ports(self):
        r = self.croft(USER, 'plan', '--json', *SELF, '--tcp-connect', '443,80', '--tcp-bind', 'none', 'host', 'true')
        self.assertRan(r)
        plan = json.loads(r.out)['plan']
        self.assertEqual((plan['tcp'], plan['tcp_connect'], plan['tcp_bind'], plan['landlock']), (3, [80, 443], [], 'auto'))
        self.assertEqual(EXIT_CROFT, 125)
