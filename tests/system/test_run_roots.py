"""Roots and ids: Debian, --read-only, --ephemeral, every map, every writer of maps, ownership on the host."""
import contextlib
import os
import pwd
import shutil
import subprocess

import debian_root
from croft_test import USER, USER2, USER_NO_SUB, snapshot_tree, sub_ranges
from run_case import RunTest


def ids(user):
    entry = pwd.getpwnam(user)
    return entry.pw_uid, entry.pw_gid


class Debian(RunTest):
    """What people used sudo for."""
    time_limit = 600  # the first of them makes the root

    def setUp(self):
        self.root = debian_root.unpacked(self, USER)

    def test_files_of_the_system_belong_to_the_right_ids_outside(self):
        uid, gid = ids(USER)
        start, _ = sub_ranges(USER, '/etc/subgid')[0]
        st = os.stat(self.root + '/etc/passwd')
        self.assertEqual((st.st_uid, st.st_gid), (uid, gid))
        out = self.shell('stat -c "%u %g" /etc/shadow; getent group shadow', root=self.root)
        inside = int(out.split(':')[2])
        self.assertEqual(out.splitlines()[0], f'0 {inside}')
        self.assertEqual(os.stat(self.root + '/etc/shadow').st_gid, start + inside - 1)

    def test_chown_and_su_work(self):
        self.assertEqual(self.shell('chown daemon:www-data /srv && stat -c "%U %G" /srv', '--ephemeral', root=self.root),
                         'daemon www-data\n')
        out = self.shell('su -s /bin/sh -c "id -un; id -Gn" www-data', '--read-only', root=self.root)
        self.assertEqual(out, 'www-data\nwww-data\n')
        self.assertEqual(self.shell('id -un; echo $HOME', '--read-only', '-u', 'daemon', root=self.root), 'daemon\n/usr/sbin\n')

    def test_packages_are_listed_and_the_database_is_sound(self):
        out = self.shell('dpkg -l bash | tail -n 1; dpkg --audit', '--read-only', root=self.root)
        self.assertRegex(out, r'^ii +bash +\S+ +\S+ .*\n$')

    def test_apt_get_installs_and_ephemeral_forgets(self):
        self.refused('run hello: not found', '--ephemeral', self.root, 'hello', status=127)
        before = snapshot_tree(self.root)
        script = ('apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -qy install --no-install-recommends hello && '
                  'hello && dpkg -s hello | grep ^Status')
        out = self.shell(script, '--ephemeral', '--network', 'host', root=self.root, timeout=300)
        self.assertRegex(out, r'(?s)Hello, world!.*Status: install ok installed\n$')
        self.assertUnchanged(self.root, before)
        self.refused('run hello: not found', '--ephemeral', self.root, 'hello', status=127)


class Changes(RunTest):
    def setUp(self):
        self.root = self.build_root('bash', 'cat', 'touch', 'rm', 'mkdir', 'ls', 'chmod')
        self.data = self.home_dir()

    WRITE = 'echo x >/etc/new && rm /etc/passwd && mkdir /srv/d && chmod 700 /mnt && echo done'

    def test_without_an_option_changes_stay(self):
        self.assertEqual(self.shell(self.WRITE, root=self.root), 'done\n')
        self.assertTrue(os.path.isdir(self.root + '/srv/d'))
        self.assertFalse(os.path.exists(self.root + '/etc/passwd'))

    def run_unchanged(self, *options):
        # Made once so that the mount points of /etc/hosts and the like are there.
        self.shell('true', root=self.root)
        before = snapshot_tree(self.root)
        r = self.croft(USER, 'run', *options, '-v', self.data + ':/new/deep', self.root, '--', 'bash', '-c', self.WRITE)
        self.assertUnchanged(self.root, before)
        return r

    def test_ephemeral_changes_are_thrown_away(self):
        r = self.run_unchanged('--ephemeral')
        self.assertRan(r)
        self.assertEqual(r.out, 'done\n')
        self.assertEqual(os.listdir(self.data), [])
        self.shell('touch /new/deep/kept', '--ephemeral', '-v', self.data + ':/new/deep', root=self.root)
        self.assertEqual(os.listdir(self.data), ['kept'], 'a volume stays what it is')

    def test_read_only_refuses_changes(self):
        self.shell('true', root=self.root)
        before = snapshot_tree(self.root)
        for script in ('echo x >/etc/new', 'rm /etc/passwd', 'mkdir /d', 'chmod 700 /mnt', 'touch /usr/bin/cat'):
            r = self.croft(USER, 'run', '--read-only', self.root, '--', 'bash', '-c', script)
            self.assertRefused(r, 1, 'Read-only file system')
        self.assertUnchanged(self.root, before)
        self.shell('echo x >/tmp/f; echo x >/run/f; echo x >/dev/shm/f; echo x >/mnt/f', '--read-only', '-v',
                   self.data + ':/mnt', root=self.root)

    def test_both_together_refuse_and_leave_nothing(self):
        r = self.run_unchanged('--read-only', '--ephemeral')
        self.assertRefused(r, 1, 'Read-only file system')
        out = self.shell('ls /new/deep', '--read-only', '--ephemeral', '-v', self.root + '/etc:/new/deep:ro', root=self.root)
        self.assertIn('passwd', out)

    def test_over_the_host_read_only_takes_the_rest_away_too(self):
        self.shell('echo x >/f')
        r = self.croft(USER, 'run', '--read-only', 'host', '--', 'bash', '-c', 'echo x >/f')
        self.assertRefused(r, 1, 'Read-only file system')

    def test_what_ephemeral_may_take_has_a_limit(self):
        script = 'cat /dev/zero 2>/dev/null >/big; ls -l /big | { read -r a b c d size e; echo $size; }'
        size = int(self.shell(script, '--ephemeral', '--ephemeral-size', '2M', root=self.root))
        self.assertGreater(size, 1 << 20)
        self.assertLessEqual(size, 2 << 20)

    def test_a_root_of_another_user_is_usable_where_it_can_be_read(self):
        root = self.build_root('bash', user=USER)
        r = self.croft(USER2, 'run', '--read-only', root, '--', 'bash', '-c', 'echo hello')
        self.assertRan(r)
        self.assertEqual(r.out, 'hello\n')
        os.chmod(os.path.dirname(root), 0o700)
        self.refused('Permission denied', '--read-only', root, 'true', user=USER2)


class Maps(RunTest):
    MAP = 'cat /proc/self/uid_map /proc/self/gid_map'

    def maps(self, *options, user=USER, **kwargs):
        numbers = [int(n) for n in self.shell(self.MAP, *options, user=user, **kwargs).split()]
        return [tuple(numbers[i:i + 3]) for i in range(0, len(numbers), 3)]

    def full(self, user=USER):
        uid, gid = ids(user)
        (ustart, ucount), (gstart, gcount) = (sub_ranges(user, f)[0] for f in ('/etc/subuid', '/etc/subgid'))
        return [(0, uid, 1), (1, ustart, ucount), (0, gid, 1), (1, gstart, gcount)]

    def alone(self, user=USER, inside=(0, 0)):
        return [(inside[0], ids(user)[0], 1), (inside[1], ids(user)[1], 1)]

    def test_each_map_is_what_the_manual_says(self):
        full = self.full()
        self.assertEqual(self.maps(), full)
        self.assertEqual(self.maps('--map', 'subordinate'), full)
        self.assertEqual(self.maps('--map', 'auto'), full)
        self.assertEqual(self.maps('--map', 'self'), self.alone())
        self.assertEqual(self.maps('--map', 'self', '-u', '33:44'), self.alone(inside=(33, 44)))
        self.assertEqual(self.maps('--map', 'isolated'), [(0, full[1][1], full[1][2]), (0, full[3][1], full[3][2])])

    def owners(self, *options, script='touch /mnt/f'):
        folder = self.home_dir(mode=0o777)
        self.shell(script, *options, '-v', folder + ':/mnt')
        st = os.stat(folder + '/f')
        return st.st_uid, st.st_gid

    def test_files_belong_outside_to_whom_the_map_says(self):
        uid, gid = ids(USER)
        ustart, gstart = sub_ranges(USER, '/etc/subuid')[0][0], sub_ranges(USER, '/etc/subgid')[0][0]
        last = sub_ranges(USER, '/etc/subuid')[0][1]
        self.assertEqual(self.owners(), (uid, gid))
        for n in (1, 2, 1000, last):
            self.assertEqual(self.owners(script=f'touch /mnt/f && chown {n}:{n} /mnt/f'), (ustart + n - 1, gstart + n - 1))
            self.assertEqual(self.owners('-u', f'{n}:{n}'), (ustart + n - 1, gstart + n - 1))
        r = self.refused('become user .*: Invalid argument', '-u', str(last + 1), 'host', 'true')
        self.assertRegex(r.err, "(?m)^croft: hint: there is no such id inside; 'croft plan' shows")
        self.assertIn(f'uid 1-{last} inside', self.croft(USER, 'plan', 'host', 'true').out)
        self.assertEqual(self.owners('--map', 'self'), (uid, gid))
        self.assertEqual(self.owners('--map', 'self', '-u', '1234:5678'), (uid, gid))
        self.assertEqual(self.owners('--map', 'isolated'), (ustart, gstart))
        self.assertEqual(self.owners('--map', 'isolated', '-u', '7:7'), (ustart + 7, gstart + 7))

    def test_set_user_id_files_made_inside_are_never_root_s(self):
        folder = self.home_dir()
        self.shell('cp /usr/bin/id /mnt/f && chmod 6755 /mnt/f', '-v', folder + ':/mnt')
        st = os.stat(folder + '/f')
        self.assertEqual((st.st_uid, st.st_gid), ids(USER))

    def test_isolated_reaches_nothing_of_the_caller_s(self):
        folder = self.home_dir(mode=0o700)
        self.write(folder + '/f', 'mine', USER, 0o600)
        self.assertEqual(self.shell('cat /mnt/f', '-v', folder + ':/mnt'), 'mine')
        for script in ('cat /mnt/f', 'touch /mnt/new', 'ls /mnt'):
            r = self.croft(USER, 'run', '--map', 'isolated', '-v', folder + ':/mnt', 'host', '--', 'sh', '-c', script)
            self.assertNotEqual(r.status, 0)
            self.assertRegex(r.err, 'Permission denied')

    def test_auto_without_ranges_is_self(self):
        self.assertEqual(self.maps('--map', 'auto', user=USER_NO_SUB), self.alone(USER_NO_SUB))
        self.assertEqual(self.maps('--map', 'self', user=USER_NO_SUB), self.alone(USER_NO_SUB))

    def test_auto_without_ranges_is_the_user_asked_for(self):
        """There is no root inside then, and the one id is that user's."""
        for user, ids in (('daemon', '1 1'), ('4711:4712', '4711 4712')):
            r = self.croft(USER_NO_SUB, 'run', '--map', 'auto', '-u', user, 'host', '--', 'sh', '-c', 'echo $(id -u) $(id -g)')
            self.assertRan(r)
            self.assertEqual(r.out.strip(), ids)

    def test_a_user_without_ranges_is_offered_self(self):
        for which in ('subordinate', 'isolated'):
            r = self.refused(rf'^croft: write the id maps: uid \d+ \({USER_NO_SUB}\) has no line in /etc/subuid', '--map', which,
                             'host', 'true', user=USER_NO_SUB)
            self.assertRegex(r.err, '(?m)^croft: hint: .*--map self')

    # --- who writes them

    @contextlib.contextmanager
    def helper(self, state):
        """croft-idmap is installed, missing or plain (without its capabilities)."""
        away = self.idmap_path + '.away'
        if state == 'installed':
            yield
            return
        os.rename(self.idmap_path, away)
        try:
            if state == 'plain':
                shutil.copyfile(away, self.idmap_path)
                os.chmod(self.idmap_path, 0o755)
            yield
        finally:
            if state == 'plain':
                os.unlink(self.idmap_path)
            os.rename(away, self.idmap_path)

    NO_SHADOW = {'PATH': '/nothing'}

    def test_croft_s_own_program_needs_no_other(self):
        with self.helper('installed'):
            self.assertEqual(self.maps(env=self.NO_SHADOW), self.full())

    def test_shadow_s_programs_serve_where_it_is_missing_or_unable(self):
        self.needs_package('uidmap')
        for state in ('missing', 'plain'):
            with self.subTest(state), self.helper(state):
                self.assertEqual(self.maps(), self.full())
                isolated = self.full()[1::2]
                self.assertEqual(self.maps('--map', 'isolated'), [(0, *x[1:]) for x in isolated])
                r = self.refused('^croft: write the id maps: ', 'host', 'true', env=self.NO_SHADOW)
                self.assertRegex(r.err, "newuidmap and newgidmap are (not )?installed")
                self.assertRegex(r.err, '(?m)^croft: hint: .*apt-get install uidmap.*--map self')
                self.assertEqual(self.maps('--map', 'auto', env=self.NO_SHADOW), self.alone())
                self.assertEqual(self.maps('--map', 'self', env=self.NO_SHADOW), self.alone())

    def test_where_no_program_gains_privilege_the_reason_is_said(self):
        self.needs_package('uidmap')
        for state in ('installed', 'missing'):
            with self.subTest(state), self.helper(state):
                self.assertRan(self.run_as(USER, [self.croft_path, 'run', 'host', 'true']))
                r = self.run_as(USER, ['setpriv', '--no-new-privs', self.croft_path, 'run', 'host', 'true'])
                self.assertRefused(r, 125, '^croft: write the id maps: no_new_privs is set.*newgidmap')
                self.assertRegex(r.err, '(?m)^croft: hint: .*NoNewPrivileges=.*--map self')
        with self.helper('plain'):
            r = self.run_as(USER, ['setpriv', '--no-new-privs', self.croft_path, 'run', 'host', 'true'])
            self.assertRefused(r, 125, '^croft: write the id maps: no_new_privs is set.*newgidmap')

    # A source of subordinate ids as shadow's programs and libsubid load it: one range for everybody but one user.
    MODULE = r"""
    #include <shadow/subid.h>
    #include <stdlib.h>
    #include <string.h>
    enum subid_status shadow_subid_has_range(const char *owner, unsigned long start, unsigned long count,
                                             enum subid_type t, bool *result)
    {
        *result = strcmp(owner, NOBODY) != 0 && start >= FIRST && count <= 1000 && start - FIRST <= 1000 - count;
        (void)t;
        return SUBID_STATUS_SUCCESS;
    }
    enum subid_status shadow_subid_list_owner_ranges(const char *owner, enum subid_type t, struct subid_range **ranges,
                                                     int *count)
    {
        (void)t;
        *count = 0;
        *ranges = NULL;
        if (!strcmp(owner, NOBODY))
            return SUBID_STATUS_SUCCESS;
        *ranges = calloc(1, sizeof(**ranges));
        (*ranges)->start = FIRST;
        (*ranges)->count = 1000;
        *count = 1;
        return SUBID_STATUS_SUCCESS;
    }
    enum subid_status shadow_subid_find_subid_owners(unsigned long id, enum subid_type t, uid_t **uids, int *count)
    {
        (void)id;
        (void)t;
        *uids = NULL;
        *count = 0;
        return SUBID_STATUS_SUCCESS;
    }
    """
    FIRST = 1900000000

    def with_source(self, source, *words, user=USER):
        """Runs words as user where nsswitch.conf names this source of subordinate ids and ld.so finds the module above,
        both in a mount namespace of their own."""
        folder = self.make_dir('root')
        with open('/etc/nsswitch.conf', encoding='utf-8') as f:
            lines = [line for line in f if not line.startswith('subid:')]
        self.write(folder + '/nsswitch.conf', ''.join(lines) + f'subid: {source}\n')
        self.write(folder + '/module.c', self.MODULE)
        subprocess.run(['cc', '-shared', '-fPIC', f'-DFIRST={self.FIRST}UL', f'-DNOBODY="{USER_NO_SUB}"', '-o',
                        folder + '/libsubid_crofttest.so', folder + '/module.c'], check=True)
        uid, gid = ids(user)
        script = (f'cd {folder} && mount -t tmpfs -o mode=755 none /usr/local/lib && cp libsubid_crofttest.so /usr/local/lib/ '
                  '&& ldconfig -X -C cache && mount --bind cache /etc/ld.so.cache && mount --bind nsswitch.conf /etc/nsswitch.conf '
                  f'&& exec setpriv --reuid {uid} --regid {gid} --init-groups --inh-caps=-all sh -c \'exec "$@"\' sh "$@"')
        return self.run_as('root', ['unshare', '--mount', 'sh', '-c', script, 'sh', *words])

    def test_another_source_of_ids_is_asked_through_libsubid(self):
        self.needs_package('uidmap', 'libsubid-dev')
        uid, gid = ids(USER)
        words = (self.croft_path, 'run', 'host', '--', 'sh', '-c', self.MAP)
        by_files = self.with_source('files', *words)
        self.assertRan(by_files)
        self.assertEqual(by_files.out.split(), self.run_as(USER, words).out.split())
        r = self.with_source('crofttest', *words)
        self.assertRan(r)
        self.assertEqual([int(n) for n in r.out.split()],
                         [0, uid, 1, 1, self.FIRST, 1000, 0, gid, 1, 1, self.FIRST, 1000])

    def test_another_source_that_knows_nobody_or_is_not_there_is_refused(self):
        self.needs_package('uidmap', 'libsubid-dev')
        words = (self.croft_path, 'run', 'host', '--', 'true')
        self.assertRan(self.with_source('crofttest', *words))
        for source, user, message in (('crofttest', USER_NO_SUB, r'^croft: write the id maps: uid \d+ has no subordinate uids'),
                                      ('croftnone', USER, r'^croft: ask libsubid .*libsubid_croftnone\.so cannot be loaded$')):
            r = self.with_source(source, *words, user=user)
            self.assertRefused(r, 125, '(?m)' + message)
            self.assertRegex(r.err, '(?m)^croft: hint: .*--map self')
        asker = self.libexec + '/croft-subid'
        os.rename(asker, asker + '.away')
        try:
            self.assertRan(self.run_as(USER, words), 0)
            self.assertRefused(self.with_source('crofttest', *words), 125, '^croft: ask libsubid .*/croft-subid is not installed')
        finally:
            os.rename(asker + '.away', asker)

    def test_the_policy_can_withhold_them(self):
        text = 'version 1\nallow everyone root host\nallow everyone network none\n'
        with self.policy(text + 'allow everyone ids subordinate\n'):
            self.assertEqual(self.maps(), self.full())
        with self.policy(text):
            self.refused(f'^croft: ids subordinate: denied for {USER}: no rule allows it', 'host', 'true')
            self.assertEqual(self.maps('--map', 'self'), self.alone())
            self.assertEqual(self.maps('--map', 'auto'), self.alone())
            self.assertRan(self.croft(USER, 'plan', '--map', 'auto', 'host'))
