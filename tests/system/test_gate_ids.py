"""croft-gate with ids: a user namespace that belongs to the host's root, made when the mounts are."""
import ctypes
import fcntl
import os
import pwd
import signal
import subprocess
import time

from croft_test import USER, USER2, USER_NO_SUB, processes_of, snapshot_tree, sub_ranges, test_ids
from run_case import fields_of
from test_gate import OPEN, Direct as PlainDirect, GateTest, Killed as PlainKilled, Race as PlainRace

ALL = 'cap_sys_admin,cap_setuid,cap_setgid+p'
IDS = OPEN + 'allow everyone ids subordinate\nallow everyone ids setgroups\n'
OVERLAY = IDS.replace('root /opt/** ro', 'root /opt/** shared overlay') + 'allow everyone capability default\n'
NS_GET_OWNER_UID = 0xb704
SETNS = ctypes.CDLL(None, use_errno=True)


class IdsTest(GateTest):
    rules = IDS

    def put_gate(self, setuid=False, caps=ALL):
        super().put_gate(setuid, caps)

    def running(self, *options, script='echo ready; exec sleep 60', root='host', **kwargs):
        """A sandbox that has said ready, and the pid of its first process."""
        p = self.popen_as(USER, [self.croft_path, 'run', '--gate', *options, root, '--', '/bin/sh', '-c', script], **kwargs)
        self.assertEqual(p.stdout.readline(), b'ready\n')
        with open(f'/proc/{p.pid}/task/{p.pid}/children', encoding='utf-8') as f:
            return p, int(f.read().split()[0])

    def own_id(self):
        return pwd.getpwnam(USER).pw_uid


class Works(IdsTest):
    def test_root_inside_is_the_caller_and_has_his_subordinate_ids(self):
        first, count = sub_ranges(USER, '/etc/subuid')[0]
        self.assertEqual(self.inside('id -u; id -g'), '0\n0\n')
        maps = [line.split() for line in self.inside('cat /proc/self/uid_map').splitlines()]
        self.assertEqual(maps, [['0', str(self.own_id()), '1'], ['1', str(first), str(count)]])

    def test_it_has_no_capability_unless_the_policy_says_so(self):
        status = fields_of(self.inside('cat /proc/self/status'))
        for name in ('CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'):
            self.assertEqual(int(status[name], 16), 0, name)
        self.assertEqual((status['NoNewPrivs'], status['Seccomp']), ('1', '2'))
        self.refused('^croft: capability CAP_CHOWN: denied for .*: no rule allows it\ncroft: hint: croft policy explain capability CAP_CHOWN\n$',
                     '--cap-add', 'CHOWN', 'host', '--', 'true')

    def test_the_user_namespace_belongs_to_nobody(self):
        """To an id of its caller's own that nobody is, so that nobody enters it and the kernel's limits are each user's."""
        p, first = self.running()
        fd = os.open(f'/proc/{first}/ns/user', os.O_RDONLY)
        owner = ctypes.c_uint32(77)
        fcntl.ioctl(fd, NS_GET_OWNER_UID, owner)
        os.close(fd)
        self.assertEqual(owner.value, 0xe0000000 + self.own_id())
        p.terminate()
        self.assertEqual(p.wait(20), 143)

    def test_what_root_inside_makes_in_a_volume_is_the_callers(self):
        data = self.home_dir()
        self.inside('echo x >/mnt/f', '-v', data + ':/mnt')
        self.assertEqual(os.stat(data + '/f').st_uid, self.own_id())

    def test_the_loopback_interface_is_up(self):
        self.assertIn('LOOPBACK,UP', self.inside('ip link show lo 2>/dev/null || echo LOOPBACK,UP,no-ip'))
        self.assertEqual(self.inside("""python3 -c '
import socket
s = socket.socket(); s.bind(("127.0.0.1", 8080)); s.listen()
c = socket.create_connection(("127.0.0.1", 8080)); print("connected")'"""), 'connected\n')

    def test_another_user_inside_has_his_home_and_his_terminal(self):
        out = self.inside('id -u; stat -c %u ~; touch ~/x && stat -c %u ~/x; grep ^Uid /proc/self/status /proc/1/status | tr -s "\\t" " "', '-u', 'nobody:nogroup')
        self.assertEqual(out.splitlines()[0], '65534')
        t = self.terminal(USER, [self.croft_path, 'run', '--gate', '-u', '1000', 'host', '--', 'sh', '-c', 'stat -c %u-%n $(tty); read x; echo got $x'])
        t.expect('1000-/dev/pts/0')
        t.send('abc\n')
        t.expect('got abc')
        self.assertEqual(t.wait(), 0)

    def test_map_self_needs_no_subordinate_ids(self):
        r = self.gate('--map', 'self', 'host', '--', 'cat', '/proc/self/uid_map', user=USER_NO_SUB)
        self.assertRan(r)
        self.assertEqual(r.out.split(), ['0', str(pwd.getpwnam(USER_NO_SUB).pw_uid), '1'])
        self.assertEqual(self.gate('--map', 'self', 'host', '--', 'cat', '/proc/self/setgroups', user=USER_NO_SUB).out, 'deny\n')

    def test_who_has_none_is_as_he_is(self):
        r = self.gate('host', '--', 'id', '-u', user=USER_NO_SUB)
        self.assertRan(r)
        self.assertEqual(r.out, f'{pwd.getpwnam(USER_NO_SUB).pw_uid}\n')
        self.refused('has no line in /etc/subuid', '--map', 'subordinate', 'host', '--', 'true', user=USER_NO_SUB)

    def test_map_none_is_to_be_had_too(self):
        self.assertEqual(self.inside('id -u', '--map', 'none'), f'{self.own_id()}\n')
        self.assertEqual(self.inside('readlink /proc/self/ns/user', '--map', 'none').strip(), os.readlink('/proc/self/ns/user'))

    def test_a_root_of_the_callers(self):
        root = self.build_root('sh', 'cat', 'id')
        self.assertEqual(self.inside('id -u; echo x >/new && cat /new', root=root), '0\nx\n')
        self.assertEqual(os.stat(root + '/new').st_uid, self.own_id())
        self.assertRefused(self.gate('--read-only', root, '--', '/bin/sh', '-c', 'echo x >/other'), 2, 'Read-only file system')

    def test_no_user_namespace_inside_unless_the_policy_says_so(self):
        self.assertRefused(self.gate('host', '--', 'unshare', '--user', 'true'), 1, 'Operation not permitted')
        self.refused('^croft: userns inside: denied', '--allow-userns', 'host', '--', 'true')

    def test_exit_codes(self):
        for command, status in ((['sh', '-c', 'exit 3'], 3), (['sh', '-c', 'kill -9 $$'], 137), (['nothing'], 127), (['/etc/passwd'], 126)):
            self.assertEqual(self.gate('host', '--', *command).status, status, command)
        self.assertEqual(self.gate('--timeout', '1', '-u', '1000', 'host', '--', 'sleep', '60').status, 124)

    def test_signals_reach_the_command_of_another_user_inside(self):
        p = self.popen_as(USER, [self.croft_path, 'run', '--gate', '-u', '1000', 'host', '--', 'bash', '-c',
                                 'trap "echo term; exit 9" TERM; echo ready; while :; do sleep 0.02; done'])
        self.assertEqual(p.stdout.readline(), b'ready\n')
        p.terminate()
        self.assertEqual(p.wait(20), 9)

    def test_what_is_used_inside_is_not_the_hosts_roots(self):
        """inotify instances are counted up to the owner of each user namespace."""
        script = 'import os,ctypes\nc = ctypes.CDLL(None)\nfds = [c.inotify_init() for _ in range(100000)]\nprint("ready", flush=True)\nimport time; time.sleep(60)'
        with open('/proc/sys/fs/inotify/max_user_instances', encoding='ascii') as f:
            self.assertLess(int(f.read()), 100000)
        p, _ = self.running('--map', 'self', script=f"exec python3 -c '{script}'")
        fd = ctypes.CDLL(None).inotify_init()
        self.assertGreaterEqual(fd, 0, 'a sandbox used up what the host\'s root has')
        os.close(fd)
        p.kill()
        p.wait(20)

    def test_one_nobody_could_end_is_refused(self):
        self.assertEqual(self.gate('--no-init', 'host', '--', 'sh', '-c', 'echo $$').out, '1\n')
        self.refused('^croft: croft-gate makes no sandbox with ids that has no init which its caller may end', '--no-init', '-u', '1000', 'host', '--', 'true')

    def test_it_dies_with_croft(self):
        for user in ('0', '1000'):
            p, first = self.running('-u', user)
            os.kill(p.pid, signal.SIGKILL)
            p.wait(20)
            self.await_gone(first)

    def await_gone(self, pid):
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                with open(f'/proc/{pid}/status', encoding='utf-8') as f:
                    if fields_of(f.read())['State'][0] in 'ZX':
                        return
            except (FileNotFoundError, ProcessLookupError):
                return
            time.sleep(0.02)
        self.fail('the sandbox outlives croft')

    def test_the_plan_says_who_gets_what(self):
        r = self.croft(USER, 'plan', '--gate', 'host')
        self.assertRan(r)
        self.assertRegex(r.out, r'\nids +you and your subordinate ids, made by croft-gate +\[')
        self.assertRegex(r.out, r'\ncapabilities none\n')

    def test_an_oom_score_is_to_be_had(self):
        self.assertEqual(self.inside('cat /proc/self/oom_score_adj', '--oom-score-adj', '500'), '500\n')
        self.assertEqual(self.inside('cat /proc/self/oom_score_adj', '--oom-score-adj', '500', '--map', 'none'), '500\n')


class WorksWithSetuid(Works):
    with_setuid = True


class Capabilities(IdsTest):
    rules = IDS + 'allow everyone capability default\nallow everyone capability SYS_ADMIN\nallow everyone userns\ndeny everyone capability SETFCAP\n'

    def test_those_that_are_allowed_are_there_and_a_deny_wins(self):
        status = fields_of(self.inside('cat /proc/self/status'))
        self.assertEqual(int(status['CapPrm'], 16), 0x405fb)  # CAPS_DEFAULT without CAP_SETFCAP
        self.assertEqual(int(status['CapBnd'], 16), 0x405fb)
        self.refused('^croft: capability CAP_SETFCAP: denied for .*: .*:[0-9]+ denies', '--cap-add', 'SETFCAP', 'host', '--', 'true')
        self.refused('^croft: capability CAP_NET_ADMIN: denied for .*: no rule allows it', '--cap-add', 'NET_ADMIN', 'host', '--', 'true')

    def test_the_log_names_them(self):
        with self.log_lines('croft-gate') as got:
            self.inside('true', '--cap-add', 'SYS_ADMIN')
        self.assertRegex('\n'.join(got), rf'uid \d+ \({USER}\) gets capabilities 0x2405fb inside\n')
        with self.log_lines('croft-gate') as got:
            self.inside('true', '--cap-drop', 'ALL', '--allow-userns')
        self.assertRegex('\n'.join(got), rf'uid \d+ \({USER}\) gets capabilities 0 inside, and user namespaces(\n|$)')

    def test_files_can_be_given_to_others_inside(self):
        data = self.home_dir()
        self.inside('touch /mnt/f; chown 5:6 /mnt/f', '-v', data + ':/mnt')
        st = os.stat(data + '/f')
        self.assertEqual((st.st_uid, st.st_gid), (sub_ranges(USER, '/etc/subuid')[0][0] + 4, sub_ranges(USER, '/etc/subgid')[0][0] + 5))

    def test_F2_mounts_are_locked_for_a_command_with_sys_admin(self):
        data = self.home_dir()
        self.write(data + '/f', 'x', USER)
        options = ('--cap-add', 'SYS_ADMIN', '-v', data + ':/mnt:ro')
        self.assertEqual(self.inside('mount -t tmpfs none /tmp && umount /tmp && cat /mnt/f', *options), 'x')
        for script, why in (('mount -o remount,rw,bind /mnt', 'permission denied|Operation not permitted'),
                            ('mount -o remount,suid,dev,bind /mnt', 'permission denied|Operation not permitted'),
                            ('umount -l /mnt', 'not mounted|Invalid argument'),
                            ('umount -l /proc/keys', 'not mounted|Invalid argument'),
                            ('umount -l /proc', 'not mounted|Invalid argument'),
                            ('mkdir /tmp/b && mount --bind /mnt /tmp/b && mount -o remount,rw,bind /tmp/b', 'permission denied|Operation not permitted')):
            with self.subTest(script):
                r = self.gate(*options, 'host', '--', 'sh', '-c', script)
                self.assertNotEqual(r.status, 0, r)
                self.assertRegex(r.err, why)

    def test_mounts_are_locked_in_a_user_namespace_inside(self):
        data = self.home_dir()
        options = ('--allow-userns', '-u', '1000', '-v', data + ':/mnt:ro')
        r = self.gate(*options, 'host', '--', 'unshare', '-Urm', 'mount', '-t', 'tmpfs', 'none', '/tmp')
        if not self.users_make_namespaces():  # Debian's switch and a profile go for them inside, too
            self.assertRefused(r, 1, 'unshare failed: (Operation not permitted|Permission denied)')
            return
        self.assertRan(r)
        self.assertNotEqual(self.gate(*options, 'host', '--', 'unshare', '-Urm', 'mount', '-o', 'remount,rw,bind', '/mnt').status, 0)

    def test_a_user_other_than_root_gets_what_was_added(self):
        status = fields_of(self.inside('cat /proc/self/status', '-u', '1000', '--cap-add', 'NET_BIND_SERVICE'))
        for name in ('CapPrm', 'CapEff', 'CapAmb', 'CapInh'):
            self.assertEqual(int(status[name], 16), 1 << 10, name)

    def test_with_capabilities_there_is_an_init(self):
        """Else the first process could become another user, whom the caller may not end and nobody counts."""
        self.refused('^croft: croft-gate makes no sandbox with ids that has no init which its caller may end', '--no-init', 'host', '--', 'true')
        self.assertRan(self.gate('--no-init', '--cap-drop', 'ALL', 'host', '--', 'true'))

    def test_the_lid_on_user_namespaces_cannot_be_lifted(self):
        r = self.gate('--cap-add', 'SYS_ADMIN', 'host', '--', 'sh', '-c', 'unshare --user true')
        self.assertRefused(r, 1, 'unshare failed: (No space left on device|Operation not permitted)')


class SharedRoot(IdsTest):
    def shared_root(self):
        root = self.make_dir('root')
        r = subprocess.run([self.croft_path, 'root', 'build', root + '/r', 'sh', 'cat', 'stat', 'touch', 'chmod', 'chown', 'id', 'ls', 'rm', 'mkdir'], capture_output=True, text=True, check=False)
        self.assertEqual(r.returncode, 0, r.stderr)
        self.write(root + '/r/etc/rootonly', 'secret of the image', mode=0o600)
        for name in ('hosts', 'hostname', 'resolv.conf'):
            self.write(f'{root}/r/etc/{name}', '')
        self.write(root + '/r/etc/five', '')
        self.write(root + '/r/etc/six', '')
        os.chown(root + '/r/etc/five', 5, 6)
        return root + '/r'


class NobodysOwner(IdsTest):
    """The namespace belongs to a uid that follows from the caller's, and is to be nobody's."""

    def by_uid(self, uid):
        return self.run_as('root', ['setpriv', f'--reuid={uid}', f'--regid={uid}', '--clear-groups', self.croft_path, 'run', '--gate', '--map', 'self',
                                    'host', '--', 'id', '-u'], cwd='/')

    def test_a_caller_whose_uid_is_too_high_has_none(self):
        r = self.by_uid(0x1ffffffd)
        self.assertEqual((r.status, r.out), (0, '0\n'), r)
        self.assertRefused(self.by_uid(0x1ffffffe), 125, r'^croft: your uid is too high for a sandbox with ids: the highest is 536870909\n$')

    def test_where_somebody_is_that_uid_there_is_no_sandbox(self):
        uid = pwd.getpwnam(USER).pw_uid
        self.assertRan(self.gate('--map', 'self', 'host', '--', 'true'))
        subprocess.run(['useradd', '-lMN', '-u', str(0xe0000000 + uid), USER + 'o'], check=True, capture_output=True)
        self.addCleanup(subprocess.run, ['userdel', USER + 'o'], check=True, capture_output=True)
        self.refused(f'^croft: uid {0xe0000000 + uid}, which would own your sandbox, is {USER}o in /etc/passwd\n$', '--map', 'self', 'host', '--', 'true')


class Owners(SharedRoot):
    """Idmapped mounts, which a user can have only from the gate."""
    rules = IDS + 'allow everyone root /opt/** shared\nallow everyone volume /opt/**\nallow everyone capability default\n'

    def owner(self, path):
        st = os.stat(path)
        return st.st_uid, st.st_gid

    def test_what_the_user_inside_writes_is_the_callers(self):
        me = pwd.getpwnam(USER)
        data = self.home_dir(mode=0o700)
        self.assertRefused(self.gate('-u', '1000', '-v', data + ':/mnt', 'host', '--', 'touch', '/mnt/x'), 1, 'Permission denied')
        self.inside('stat -c %u:%g /mnt; touch /mnt/user', '-u', '1000', '-v', data + ':/mnt:idmap')
        self.assertEqual(self.owner(data + '/user'), (me.pw_uid, me.pw_gid))
        self.inside('touch /mnt/root', '-v', data + ':/mnt:idmap')
        self.assertEqual(self.owner(data + '/root'), (me.pw_uid, me.pw_gid))

    def test_the_exchange_is_one_and_flags_hold(self):
        data = self.home_dir()
        first = sub_ranges(USER, '/etc/subuid')[0][0]
        self.write(data + '/mine', 'x', USER)
        self.write(data + '/his', 'x')
        os.chown(data + '/his', first + 999, first + 999)
        out = self.inside('stat -c %u /mnt/mine /mnt/his', '-u', '1000', '-v', data + ':/mnt:idmap')
        self.assertEqual(out.split(), ['1000', '0'])
        self.assertRefused(self.gate('-u', '1000', '-v', data + ':/mnt:ro,idmap', 'host', '--', 'touch', '/mnt/y'), 1, 'Read-only file system')

    def test_files_of_the_hosts_root_are_nobodys(self):
        data = self.home_dir()
        self.write(data + '/roots', 'x', mode=0o600)
        out = self.inside('stat -c %u /mnt/roots; cat /mnt/roots || echo no; touch /mnt/s; chmod 4755 /mnt/s', '-u', '1000', '-v', data + ':/mnt:idmap')
        self.assertEqual(out.split()[-1], 'no')
        self.assertEqual(self.owner(data + '/s')[0], self.own_id())

    def test_V8_what_is_not_the_callers_is_refused(self):
        other = self.make_dir(USER2)
        data = self.home_dir()
        self.refused(rf'^croft: volume {other}:/mnt: idmap is for what belongs to you, and this belongs to uid [0-9]+\n$', '-v', other + ':/mnt:ro,idmap', 'host', '--', 'true')
        self.refused('^croft: option --volume: idmap: only where croft-gate gives you subordinate ids\n$', '--map', 'none', '-v', data + ':/mnt:idmap', 'host', '--', 'true')
        self.assertRefused(self.croft(USER, 'run', '--no-gate', '-v', data + ':/mnt:idmap', 'host', '--', 'true'), 125,
                           '^croft: option --volume: idmap: only croft-gate can map owners\n$')

    def test_a_file_system_without_them_is_named(self):
        data = self.home_dir()
        subprocess.run(['mount', '-t', 'ramfs', 'none', data], check=True)
        try:
            os.chown(data, self.own_id(), -1)
            self.refused(rf'^croft: volume {data}:/mnt: its file system, or one that is mounted below it, has no idmapped mounts', '-u', '1000',
                         '-v', data + ':/mnt:idmap', 'host', '--', 'true')
        finally:
            subprocess.run(['umount', data], check=True)

    def test_V6_what_a_group_is_denied_stays_denied(self):
        data = self.home_dir()
        self.write(data + '/f', 'denied to the group', 'root', 0o604)
        with self.group('crofttestblocked', USER) as gid:
            self.assertEqual(self.inside('cat /mnt/f', '-v', data + ':/mnt:idmap', '-u', '1000'), 'denied to the group')
            os.chown(data + '/f', 0, gid)
            for user in ('0', '1000'):
                self.assertRefused(self.gate('-v', data + ':/mnt:idmap', '-u', user, 'host', '--', 'cat', '/mnt/f'), 1, 'Permission denied')
        os.chown(data + '/f', 0, 0)
        subprocess.run(['gpasswd', '-a', USER, 'root'], check=True, capture_output=True)
        try:
            self.assertRefused(self.run_as(USER, ['cat', data + '/f']), 1, 'Permission denied')
            self.assertRefused(self.gate('-v', data + ':/mnt:idmap', '-u', '1000', 'host', '--', 'cat', '/mnt/f'), 1, 'Permission denied')
        finally:
            subprocess.run(['gpasswd', '-d', USER, 'root'], check=True, capture_output=True)

    def test_a_shared_root_has_its_owners_inside_and_is_read_only(self):
        root = self.shared_root()
        before = snapshot_tree(root)
        self.assertEqual(self.inside('id -u; stat -c %u:%g /etc/five /; cat /etc/rootonly', root=root).split('\n'),
                         ['0', '5:6', '0:0', 'secret of the image'])
        for script in ('touch /etc/x', 'chmod 777 /etc/rootonly'):
            self.assertRefused(self.gate(root, '--', '/bin/sh', '-c', script), 1, 'Read-only file system')
        self.assertEqual(self.inside('touch /tmp/x && stat -c %u /tmp/x', root=root), '0\n')
        self.assertUnchanged(root, before)

    def test_a_shared_root_is_roots_and_for_ids_alone(self):
        root = self.shared_root()
        self.refused(rf'^croft: root {root}: denied for .*: rule .* allows it read-only', '--map', 'none', root, '--', 'true')
        self.assertRefused(self.gate('--map', 'none', '--read-only', root, '--', '/bin/sh', '-c', 'cat /etc/rootonly'), 1, 'Permission denied')
        os.chown(root, pwd.getpwnam(USER2).pw_uid, -1)
        self.refused(rf'^croft: root {root}: denied for ', root, '--', 'true')


class Overlay(SharedRoot):
    rules = OVERLAY

    def test_an_overlay_on_a_shared_root_is_thrown_away(self):
        root = self.shared_root()
        before = snapshot_tree(root)
        out = self.inside('echo new >/etc/x; rm /etc/five; chmod 700 /etc/rootonly; chown 7:8 /etc/six; mkdir -p /srv/d; '
                          'stat -c "%a %u:%g" /etc/x /etc/rootonly /etc/six /srv/d /; cat /etc/rootonly; ls /etc/five 2>/dev/null || true', '--ephemeral', root=root)
        self.assertEqual(out.splitlines(), ['644 0:0', '700 0:0', '644 7:8', '755 0:0', '755 0:0', 'secret of the image'])
        self.assertUnchanged(root, before)
        self.assertEqual(self.inside('ls /etc/x 2>/dev/null; stat -c %u:%g /etc/five', '--ephemeral', root=root), '5:6\n')
        self.assertEqual(self.inside('id -u; touch /tmp/x && echo ok', '--ephemeral', '-u', '1000', root=root), '1000\nok\n')
        self.assertRefused(self.gate('--ephemeral', '--ephemeral-size', '1M', root, '--', '/bin/sh', '-c', 'cat /dev/zero >/etc/big'), 1, 'No space left on device')
        self.assertRefused(self.gate('--ephemeral', '--read-only', root, '--', '/bin/sh', '-c', 'touch /etc/x'), 1, 'Read-only file system')
        self.assertUnchanged(root, before)

    def test_a_volume_finds_its_mount_point_in_the_overlay(self):
        data, root = self.home_dir(), self.shared_root()
        self.assertEqual(self.inside('echo x >/new/dir/f; stat -c %u /new/dir/f', '--ephemeral', '-v', data + ':/new/dir', root=root), '0\n')
        self.assertEqual(os.stat(data + '/f').st_uid, self.own_id())
        self.assertFalse(os.path.lexists(root + '/new'))

    def test_an_overlay_is_a_word_of_its_own_and_for_shared_roots_alone(self):
        root, mine = self.shared_root(), self.build_root('sh')
        self.inside('true', '--ephemeral', root=root)
        for other, options, message in ((root, ['--map', 'none'], 'with an overlay over a root that is not shared'),
                                        (mine, [], r'^croft: root .*: denied for .*: rule .* allows it without an overlay')):
            self.refused(message, '--ephemeral', *options, other, '--', 'true')
        with open(self.sysconfdir + '/croft/policy.conf', 'w', encoding='utf-8') as f:
            f.write(OVERLAY.replace('shared overlay', 'shared'))
        self.refused(rf'^croft: root {root}: denied for .*: rule .* allows it without an overlay', '--ephemeral', root, '--', 'true')
        self.assertRefused(self.gate(root, '--', '/bin/sh', '-c', 'touch /etc/x'), 1, 'Read-only file system')

    def test_nothing_that_is_hidden_below_a_mount_is_seen_in_an_overlay(self):
        root = self.shared_root()
        os.mkdir(root + '/data')
        self.write(root + '/data/under', 'hidden below')
        with open(self.sysconfdir + '/croft/policy.conf', 'w', encoding='utf-8') as f:
            f.write(OVERLAY.replace('shared overlay', 'shared overlay submounts'))
        self.assertIn('hidden below', self.inside('cat /data/under', '--ephemeral', root=root))
        subprocess.run(['mount', '-t', 'tmpfs', 'none', root + '/data'], check=True)
        self.addCleanup(subprocess.run, ['umount', root + '/data'], check=True)
        self.refused(rf'^croft: root {root}: denied for .*: rule .* allows it without the mounts below it', '--ephemeral', root, '--', '/bin/cat', '/data/under')

    def test_nobody_is_in_the_namespace_that_the_overlay_was_made_in(self):
        root = self.shared_root()
        status = fields_of(self.inside('cat /proc/self/status', '--ephemeral', '--cap-drop', 'ALL', root=root))
        for name in ('CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'):
            self.assertEqual(int(status[name], 16), 0, name)
        mounts = self.inside('cat /proc/self/mountinfo', '--ephemeral', root=root)
        self.assertEqual([line.split(' - ')[1].split()[0] for line in mounts.splitlines() if line.split()[4] == '/'], ['overlay'])
        self.assertNotIn(root, mounts)
        p, first = self.running('--ephemeral', root=root, script='echo ready; exec cat /dev/zero >/dev/null')
        namespaces = {os.readlink(f'/proc/{pid}/ns/user') for pid, _ in processes_of(test_ids())}
        self.assertEqual(namespaces, {os.readlink('/proc/self/ns/user'), os.readlink(f'/proc/{first}/ns/user')})
        p.terminate()
        self.assertEqual(p.wait(20), 143)


class OverlayWithSetuid(Overlay):
    with_setuid = True


class OwnersWithSetuid(Owners):
    with_setuid = True


class Joining(IdsTest):
    """POLICY fact 3: where the caller owned the namespace, each of these would succeed."""
    TRY = r"""
import ctypes, os, sys
c = ctypes.CDLL(None, use_errno=True)
pid = int(sys.argv[1])
def said(what, r):
    print(what, 'ok' if r >= 0 else os.strerror(ctypes.get_errno()))
for ns in ('user', 'mnt', 'pid', 'net'):
    try:
        fd = os.open(f'/proc/{pid}/ns/{ns}', os.O_RDONLY)
        said('setns-' + ns, c.setns(fd, 0))
    except OSError as e:
        print('setns-' + ns, e.strerror)
pidfd = c.syscall(434, pid, 0)
said('pidfd-setns', c.setns(pidfd, 0x10000000 | 0x20000))
said('pidfd-getfd', c.syscall(438, pidfd, 0, 0))
for name in ('root/etc', 'cwd/.', 'fd/0', 'mem', 'environ'):
    try:
        os.readlink(f'/proc/{pid}/{name}') if name == 'fd/0' else os.listdir(f'/proc/{pid}/{name}') if '/' in name else os.close(os.open(f'/proc/{pid}/{name}', os.O_RDWR if name == 'mem' else os.O_RDONLY))
        print(name, 'ok')
    except OSError as e:
        print(name, e.strerror)
said('ptrace', c.ptrace(0x4206, pid, 0, 0))
"""

    def attempts(self, pid):
        r = self.run_as(USER, ['python3', '-c', self.TRY, str(pid)])
        self.assertRan(r)
        return dict(line.split(' ', 1) for line in r.out.splitlines())

    def test_B1_B2_nobody_of_the_same_user_gets_in(self):
        own = self.popen_as(USER, ['sleep', '60'])
        control = self.attempts(own.pid)
        self.assertEqual({control[k] for k in ('root/etc', 'cwd/.', 'fd/0', 'mem', 'environ', 'ptrace', 'pidfd-getfd')}, {'ok'}, control)
        for user in ('0', '1000'):
            p, first = self.running('-u', user)
            with open(f'/proc/{first}/task/{first}/children', encoding='utf-8') as f:
                command = int(f.read().split()[0])
            for pid in (first, command):
                got = self.attempts(pid)
                self.assertEqual([what for what, answer in got.items() if answer == 'ok'], [], got)
            p.kill()
            p.wait(20)
        own.kill()


class Sandboxes(IdsTest):
    rules = IDS + 'limit everyone sandboxes 3\n'

    def test_a_fourth_is_refused_and_one_that_ended_does_not_count(self):
        running = [self.running()[0] for _ in range(3)]
        self.refused(r'^croft: you have 3 sandboxes, and the policy allows 3\n$', 'host', '--', 'true')
        self.refused(r'^croft: you have 3 sandboxes', '--map', 'none', 'host', '--', 'true')
        self.assertRan(self.gate('host', '--', 'true', user=USER2))
        running.pop().kill()
        deadline = time.monotonic() + 10
        while self.gate('host', '--', 'true').status and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertRan(self.gate('host', '--', 'true'))

    def test_a_zombie_whose_threads_live_is_counted(self):
        script = ('import ctypes,threading,time\nthreading.Thread(target=time.sleep, args=(60,)).start()\n'
                  'print("ready", flush=True)\nctypes.CDLL(None).pthread_exit(None)')
        running = [self.running('--no-init', script=f"exec python3 -c '{script}'")[0] for _ in range(3)]
        time.sleep(0.3)
        self.refused(r'^croft: you have 3 sandboxes', 'host', '--', 'true')
        for p in running:
            p.kill()
            p.wait(20)

    def test_those_that_start_at_once_do_not_slip_through(self):
        """Never more than three are left."""
        started = [self.popen_as(USER, [self.croft_path, 'run', '--gate', 'host', '--', 'sleep', '3']) for _ in range(12)]
        status = [p.wait(30) for p in started]
        self.assertLessEqual(status.count(0), 3, status)
        self.assertEqual(set(status) - {0, 125}, set(), status)

    def test_where_proc_hides_processes_it_is_refused(self):
        script = 'mount -t proc -o hidepid=2 proc /proc && exec "$@"'
        r = subprocess.run(['unshare', '-m', 'sh', '-c', script, 'sh', 'runuser', '-u', USER, '--', self.croft_path, 'run', '--gate', 'host', '--', 'true'],
                           capture_output=True, text=True, check=False)
        self.assertEqual(r.returncode, 125, r)
        self.assertRegex(r.stderr, r'^croft: count your sandboxes, of which the policy has a limit: .*\ncroft: hint: an administrator mounts /proc without hidepid')


class Policy(IdsTest):
    rules = OPEN

    def test_without_the_word_there_are_no_ids(self):
        self.assertEqual(self.inside('id -u'), f'{self.own_id()}\n')
        self.refused('^croft: ids subordinate: denied for .*: no rule allows it', '--map', 'subordinate', 'host', '--', 'true')


class Direct(PlainDirect, IdsTest):
    """The same plans, and what has ids."""
    rules = IDS

    def put_gate(self, setuid=False, caps=ALL):
        super().put_gate(setuid, caps)

    def test_another_users_plan_is_refused(self):
        plan = self.plan('--map', 'none')
        self.assertGateRefuses(plan, 'for another user than its caller', user=USER2)

    def test_the_gate_itself_asks_for_each_word(self):
        self.rewrite(IDS + 'allow everyone capability CHOWN\nallow everyone userns\n')
        plans = tuple(self.plan('--map', 'subordinate', '--cap-drop', 'ALL', *more) for more in (('--cap-add', 'CHOWN'), ('--allow-userns',), ()))
        self.rewrite(IDS)
        self.assertTrue(self.start(plans[2])[2])
        self.assertGateRefuses(plans[0], 'capability CAP_CHOWN: denied')
        self.assertGateRefuses(plans[1], 'userns inside: denied')
        self.rewrite(OPEN)
        self.assertGateRefuses(plans[2], 'ids subordinate: denied')

    def test_owners_are_exchanged_in_volumes_alone(self):
        def mirror(ops):
            op = ops.ops[ops.index(0)]
            op[1] |= 1 << 4
        _, message, child = self.hand_made(mirror, '--map', 'subordinate', '--cap-drop', 'ALL')
        self.assertIn('exchanges the owners of something else than a volume', message)
        self.assertFalse(child)

    def test_who_may_write_the_limit_on_user_namespaces_may_have_them(self):
        more = 'allow everyone capability SYS_RESOURCE\nallow everyone proc unmasked\n'
        self.rewrite(IDS + more)
        options = ('--map', 'subordinate', '--cap-drop', 'ALL', '--cap-add', 'SYS_RESOURCE')
        self.assertRan(self.gate(*options, 'host', '--', 'true'))
        self.refused('^croft: userns inside: denied', '--unmask', *options, 'host', '--', 'true')
        self.rewrite(IDS + more + 'allow everyone userns\n')
        self.assertRan(self.gate('--unmask', *options, 'host', '--', 'true'))

    def rewrite(self, rules):
        with open(self.sysconfdir + '/croft/policy.conf', 'w', encoding='utf-8') as f:
            f.write(rules)


class DirectWithSetuid(Direct):
    with_setuid = True


class Killed(PlainKilled, IdsTest):
    pass


class KilledWithSetuid(Killed):
    with_setuid = True


class Race(PlainRace, IdsTest):
    rules = IDS

    def put_gate(self, setuid=False, caps=ALL):
        super().put_gate(setuid, caps)


class RaceWithSetuid(Race):
    with_setuid = True


del PlainDirect, PlainKilled, PlainRace
