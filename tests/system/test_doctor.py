"""croft doctor: everything is well at first; then one thing at a time is broken and must be found, with its mend."""
import contextlib
import json
import os
import pwd
import re
import shutil
import subprocess

from croft_test import EXIT_CROFT, USER, USER2, USER_NO_SUB, CroftTest, sub_ranges
from fuse_case import fuse_for_all
from net_case import tun_for_all

# What every host of these tests must have; `sandbox` is the main job itself, tried.
NEEDED = ('caller', 'kernel', 'user namespaces', 'namespaces', 'system calls', 'mount trees', 'proc', 'tmpfs',
          'terminal', 'mqueue', 'filter', 'subordinate uids', 'subordinate gids', 'id maps', 'policy', 'root', 'sandbox')
OTHERS = ('croft-idmap', 'newuidmap', 'croft-gate', 'network', 'user network', 'overlay', 'images', 'keyring', 'landlock', 'programs', 'policy level', 'cgroup',
          'limits')


class DoctorTest(CroftTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        tun_for_all(cls)
        fuse_for_all(cls)

    def setUp(self):
        self.needs_package('passt', 'squashfuse', 'uidmap')

    def checks(self, result, status):
        """{name: check} of the JSON of a run that ended with status."""
        self.assertRan(result, status)
        self.assertEqual(result.err, '', result)
        answer = json.loads(result.out)
        self.assertEqual(answer['ok'], status == 0, result)
        for check in answer['checks']:
            self.assertEqual(set(check), {'name', 'state', 'found', 'mend'})
            self.assertIn(check['state'], ('ok', 'warn', 'fail'))
            self.assertNotEqual(check['found'], '', check)
        self.assertEqual(sorted(c['name'] for c in answer['checks']), sorted(NEEDED + OTHERS))
        bad = [c['name'] for c in answer['checks'] if c['state'] == 'fail']
        self.assertEqual(bad != [], status == 1, result)
        return {c['name']: c for c in answer['checks']}

    def doctor(self, user, status, *args, **kwargs):
        return self.checks(self.croft(user, 'doctor', '--json', *args, **kwargs), status)

    def assertFound(self, check, state, found, mend=None):
        self.assertEqual(check['state'], state, check)
        self.assertRegex(check['found'], found, check)
        if mend:
            self.assertRegex(check['mend'], mend, check)

    def states(self, checks, state):
        return [name for name in checks if checks[name]['state'] == state]

    # --- all is well

    def test_an_ordinary_user_has_all_he_needs(self):
        checks = self.doctor(USER, 0)
        for name in NEEDED + OTHERS:
            if name != 'limits':  # the host's cgroups: test_limits.py
                self.assertFound(checks[name], 'ok', '.', '^$')
        self.assertIn(USER, checks['caller']['found'])
        self.assertRegex(checks['user namespaces']['found'], r'^allowed \(at most \d+\)')
        start, count = sub_ranges(USER, '/etc/subuid')[0]
        self.assertEqual(checks['subordinate uids']['found'], f'{count}, from {start} on, in /etc/subuid')
        self.assertIn(self.idmap_path, checks['croft-idmap']['found'])

    def test_the_table_has_a_line_a_check(self):
        r = self.croft(USER, 'doctor')
        self.assertRan(r)
        lines = [line for line in r.out.splitlines() if not re.match(r'warn  limits |      mend: ', line)]
        self.assertIn(len(lines), (len(NEEDED + OTHERS), len(NEEDED + OTHERS) - 1), r)
        for line in lines:
            self.assertRegex(line, r'^ok    (\S+ )+ +\S')
        self.assertRegex(r.out, r'(?m)^ok    user namespaces +allowed')

    def test_a_mend_stands_below_its_check(self):
        r = self.croft(USER_NO_SUB, 'doctor')
        self.assertRan(r, 1)
        self.assertRegex(r.out, r'(?m)^fail  subordinate uids +/etc/subuid has no line for you\n'
                                r'      mend: sudo usermod --add-subuids \d+-\d+ ' + USER_NO_SUB + '$')

    def test_nothing_is_left_of_the_trials(self):
        self.doctor(USER, 0)
        self.assertEqual(self.leftovers(), [])

    def test_root_is_told_to_be_somebody_else(self):
        checks = self.doctor('root', 1)
        self.assertFound(checks['caller'], 'fail', 'you are root', 'runuser -u USER')

    # --- options

    def test_wrong_arguments_are_refused(self):
        self.assertRefused(self.croft(USER, 'doctor', '--nonsense'), EXIT_CROFT, 'unknown option --nonsense')
        self.assertRefused(self.croft(USER, 'doctor', 'operand'), EXIT_CROFT, 'takes no operand: operand')

    def test_help_goes_to_standard_output(self):
        r = self.croft(USER, 'doctor', '--help')
        self.assertRan(r)
        self.assertIn('--json', r.out)
        self.assertEqual(r.err, '')

    def test_a_full_standard_output_is_an_error(self):
        with open('/dev/full', 'w', encoding='utf-8') as full:
            r = self.croft(USER, 'doctor', stdout=full)
        self.assertRefused(r, EXIT_CROFT, 'write standard output: No space left on device')

    def test_a_root_is_asked_about(self):
        empty = self.make_dir(USER)
        hidden = self.make_dir(USER2, 0o700)
        checks = self.doctor(USER, 1, '--root', empty + '/nothing')
        self.assertFound(checks['root'], 'fail', 'open .*/nothing: No such file')
        checks = self.doctor(USER, 1, '--root', hidden + '/root')
        self.assertFound(checks['root'], 'fail', 'Permission denied')
        checks = self.checks(self.croft(USER, 'doctor', '--json', '--root', empty), 0)
        self.assertFound(checks['root'], 'warn', 'has neither /bin/bash nor /bin/sh', 'croft root build')

    # --- user namespaces

    def test_a_limit_of_zero_is_enospc_and_named(self):
        # In a user namespace of its own, whose limit is its own, too: nobody else on the host notices.
        script = 'echo 0 >/proc/sys/user/max_user_namespaces && exec "$0" doctor --json'
        r = self.run_as(USER, ['unshare', '--map-current-user', '--keep-caps', 'sh', '-c', script, self.croft_path])
        checks = self.checks(r, 1)
        self.assertFound(checks['user namespaces'], 'fail', 'user.max_user_namespaces is 0$',
                         '^sudo sysctl -w user.max_user_namespaces=')
        self.assertFound(checks['proc'], 'fail', '^not tried', '^$')

    def test_inside_a_user_namespace_the_way_out_is_named(self):
        r = self.run_as(USER, ['unshare', '--map-current-user', self.croft_path, 'doctor', '--json'])
        checks = self.checks(r, 1)
        self.assertFound(checks['user namespaces'], 'ok', 'inside of another one')
        self.assertFound(checks['croft-idmap'], 'warn', 'this is a user namespace', 'start croft outside')
        self.assertFound(checks['newuidmap'], 'warn', 'does not map the owner', 'start croft outside')

    def test_a_filter_is_eperm_and_named(self):
        r = self.run_as(USER, [self.probes + '/nouserns', self.croft_path, 'doctor', '--json'])
        checks = self.checks(r, 1)
        self.assertFound(checks['user namespaces'], 'fail', 'a seccomp filter', 'RestrictNamespaces=no')

    def test_each_hidden_system_call_is_named(self):
        for name in ('clone3', 'close_range', 'mount_setattr', 'move_mount', 'open_tree', 'openat2', 'pidfd_open',
                     'pidfd_send_signal'):
            with self.subTest(name):
                r = self.run_as(USER, [self.probes + '/nocall', name, self.croft_path, 'doctor', '--json'])
                checks = self.checks(r, 1)
                self.assertFound(checks['system calls'], 'fail', f'^not usable: {name}$', 'SystemCallFilter=')

    def test_a_chroot_is_eperm_and_named(self):
        # Read-only, and in a mount namespace that ends with the command: no clean-up can reach the host through it.
        script = '''set -e
            cd "$1"
            for name in usr etc proc opt; do mkdir $name; mount -o bind,ro /$name $name; done
            mkdir dev; touch dev/null; mount --bind /dev/null dev/null
            for name in bin sbin lib lib64; do [ ! -L /$name ] || cp -P /$name $name; done
            exec chroot --userspec="$2" . "$3" doctor --json'''
        r = self.run_as('root', ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, 'sh',
                                 self.make_dir('root'), USER, self.croft_path])
        checks = self.checks(r, 1)
        self.assertFound(checks['user namespaces'], 'fail', 'in a chroot', 'outside of the chroot')

    # --- subordinate ids

    def test_a_user_without_ranges_gets_the_command_that_adds_free_ones(self):
        checks = self.doctor(USER_NO_SUB, 1)
        command = r'^sudo usermod --add-sub%ss (\d+)-(\d+) ' + USER_NO_SUB + '$'
        for kind in ('uid', 'gid'):
            name = f'subordinate {kind}s'
            self.assertFound(checks[name], 'fail', f'/etc/sub{kind} has no line for you', command % kind)
            first, last = (int(n) for n in checks[name]['mend'].split()[3].split('-'))
            self.assertEqual(last - first, 65535)
            for user in (USER, USER2):
                for start, count in sub_ranges(user, '/etc/sub' + kind):
                    self.assertTrue(last < start or start + count <= first)
        self.assertFound(checks['id maps'], 'fail', USER_NO_SUB, 'first what is said of subordinate ids above')
        self.assertFound(checks['sandbox'], 'fail', USER_NO_SUB)

    def test_the_command_works(self):
        checks = self.doctor(USER_NO_SUB, 1)
        added = {}
        try:
            for kind in ('uid', 'gid'):
                words = checks[f'subordinate {kind}s']['mend'].split()
                self.assertEqual(words[0], 'sudo')
                subprocess.run(words[1:], check=True)
                added[kind] = words[3]
            self.doctor(USER_NO_SUB, 0)
        finally:
            for kind, ids in added.items():
                subprocess.run(['usermod', f'--del-sub{kind}s', ids, USER_NO_SUB], check=True)

    @contextlib.contextmanager
    def changed(self, path, change):
        """A file of /etc with its lines as change(lines) makes them, in the mount namespace of the tests alone."""
        with open(path, encoding='utf-8') as f:
            lines = f.readlines()
        copy = self.write(self.make_dir('root') + '/copy', ''.join(change(lines)))
        subprocess.run(['mount', '--bind', copy, path], check=True)
        try:
            yield
        finally:
            subprocess.run(['umount', path], check=True)

    def test_ids_of_two_users_are_warned_of(self):
        start, _count = sub_ranges(USER, '/etc/subuid')[0]
        with self.changed('/etc/subuid', lambda lines: lines + [f'{USER2}:{start + 65535}:1\n']):
            checks = self.doctor(USER, 0)
        self.assertFound(checks['subordinate uids'], 'warn', f'/etc/subuid gives {USER2} some of the same ids',
                         'sudoedit /etc/subuid')

    def test_few_ids_are_warned_of(self):
        def few(lines):
            return [line.replace(':65536', ':1000') if line.startswith(USER + ':') else line for line in lines]
        with self.changed('/etc/subuid', few):
            checks = self.doctor(USER, 0)
        self.assertFound(checks['subordinate uids'], 'warn', 'only 1000 in /etc/subuid', '--add-subuids')

    def test_a_malformed_line_is_named(self):
        with self.changed('/etc/subuid', lambda lines: lines + [f'{USER}:0x10:1\n']):
            checks = self.doctor(USER, 1)
            self.assertFound(checks['subordinate uids'], 'fail', r'/etc/subuid:\d+: ')

    def test_a_range_with_the_id_of_a_local_user_is_refused(self):
        uid = pwd.getpwnam(USER2).pw_uid
        with self.changed('/etc/subuid', lambda lines: lines + [f'{USER}:{uid}:1\n']):
            checks = self.doctor(USER, 1)
        self.assertFound(checks['subordinate uids'], 'fail', f'holds the id of {USER2} in /etc/passwd', 'sudoedit')

    def test_the_range_of_the_own_id_is_refused(self):
        uid = pwd.getpwnam(USER).pw_uid
        with self.changed('/etc/subuid', lambda lines: lines + [f'{USER}:{uid}:1\n']):
            checks = self.doctor(USER, 1)
        self.assertFound(checks['subordinate uids'], 'fail', 'hold your own uid or 0', 'sudoedit /etc/subuid')

    def test_another_source_of_ids_is_asked(self):
        def source(lines):
            return [line for line in lines if not line.startswith('subid')] + ['subid: croftnone\n']
        with self.changed('/etc/nsswitch.conf', source):
            r = self.croft(USER, 'doctor', '--json')
        # Whether libsubid itself falls back to the files where its module is missing is not for doctor to say.
        checks = self.checks(r, r.status)
        for kind in ('uids', 'gids'):
            self.assertRegex(checks['subordinate ' + kind]['found'], 'the source that nsswitch.conf names|libsubid')

    # --- croft-idmap

    @contextlib.contextmanager
    def without_capabilities(self):
        subprocess.run(['setcap', '-r', self.idmap_path], check=True)
        try:
            yield
        finally:
            subprocess.run(['setcap', 'cap_setuid,cap_setgid+p', self.idmap_path], check=True)

    def test_without_its_capabilities_the_fallback_serves(self):
        with self.without_capabilities():
            checks = self.doctor(USER, 0)
            self.assertFound(checks['croft-idmap'], 'warn', 'neither setuid root nor has it the capabilities',
                             f'^sudo setcap cap_setuid,cap_setgid[+]p {self.idmap_path}$')
            self.assertEqual([name for name in self.states(checks, 'warn') if name != 'limits'], ['croft-idmap'])
            subprocess.run(checks['croft-idmap']['mend'].split()[1:], check=True)
            self.assertFound(self.doctor(USER, 0)['croft-idmap'], 'ok', '.', '^$')
            subprocess.run(['setcap', '-r', self.idmap_path], check=True)

    def test_a_missing_program_is_named(self):
        os.rename(self.idmap_path, self.idmap_path + '.away')
        try:
            checks = self.doctor(USER, 0)
        finally:
            os.rename(self.idmap_path + '.away', self.idmap_path)
        self.assertFound(checks['croft-idmap'], 'warn', 'croft-idmap: No such file', 'make install')

    def test_a_nosuid_mount_is_named(self):
        folder = os.path.dirname(self.idmap_path)
        subprocess.run(['mount', '--bind', folder, folder], check=True)
        try:
            subprocess.run(['mount', '-o', 'remount,bind,nosuid', folder], check=True)
            checks = self.doctor(USER, 0)
            self.assertFound(checks['croft-idmap'], 'warn', 'mounted nosuid', '^sudo mount -o remount,bind,suid ')
            subprocess.run(checks['croft-idmap']['mend'].removeprefix('sudo '), shell=True, check=True)
            self.assertFound(self.doctor(USER, 0)['croft-idmap'], 'ok', '.', '^$')
        finally:
            subprocess.run(['umount', folder], check=True)

    def test_no_new_privs_is_named(self):
        r = self.run_as(USER, ['setpriv', '--no-new-privs', self.croft_path, 'doctor', '--json'])
        checks = self.checks(r, 1)
        self.assertFound(checks['croft-idmap'], 'warn', 'no_new_privs', 'NoNewPrivileges=no')
        self.assertFound(checks['newuidmap'], 'warn', 'no_new_privs', 'NoNewPrivileges=no')
        self.assertFound(checks['id maps'], 'fail', '.', 'first what is said of croft-idmap above')

    def test_an_empty_bounding_set_is_named(self):
        r = self.run_as('root', ['setpriv', '--bounding-set=-setgid', '--reuid=' + USER, '--regid=' + USER,
                                 '--init-groups', self.croft_path, 'doctor', '--json'])
        checks = self.checks(r, 1)
        self.assertFound(checks['croft-idmap'], 'warn', 'bounding set', 'CapabilityBoundingSet=')

    # --- policy

    def test_a_broken_policy_is_named_with_its_line(self):
        with self.policy('version 1\nnonsense here\n'):
            checks = self.doctor(USER, 1)
        self.assertFound(checks['policy'], 'fail', r'policy\.conf:2:', '.')
        self.assertFound(checks['sandbox'], 'fail', r'policy\.conf:2:')

    def test_a_policy_that_others_may_write_is_named(self):
        with self.policy('version 1\nallow everyone root host\n') as path:
            os.chmod(path, 0o666)
            checks = self.doctor(USER, 1)
        self.assertFound(checks['policy'], 'fail', r'policy\.conf', '.')

    def test_a_policy_that_refuses_the_main_job_fails(self):
        with self.policy('version 1\nallow everyone ids subordinate\n'):
            checks = self.doctor(USER, 1)
        self.assertFound(checks['policy'], 'ok', '^valid: 1 rule in ')
        self.assertFound(checks['sandbox'], 'fail', 'denied', 'croft policy explain')

    def test_the_level_says_what_the_policy_is_worth(self):
        checks = self.doctor(USER, 0)
        self.assertFound(checks['policy level'], 'ok', '^the policy is advice, because users may create user namespaces, '
                         'croft-gate is not installed and no policy is installed(; .*)?$', '^$')
        self.assertFound(checks['croft-gate'], 'ok', '^not installed, and not needed', '^$')

    # --- a copy elsewhere

    def test_a_program_that_is_not_there_is_warned_of(self):
        path = self.libexec + '/croft-root'
        shutil.move(path, path + '.away')
        try:
            checks = self.doctor(USER, 0)
        finally:
            shutil.move(path + '.away', path)
        self.assertFound(checks['programs'], 'warn', 'croft-root: No such file', 'make install')
