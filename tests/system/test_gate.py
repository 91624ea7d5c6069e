"""croft-gate: sandboxes without a user namespace, where the policy is a boundary.

The gate is put in its place, with file capabilities or setuid, for each test, and taken away again.
"""
import array
import contextlib
import fcntl
import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import time

from croft_test import USER, USER2, Stage
from log_case import LogTest
from run_case import KERNEL_MOUNTS, Mount, RunTest, fields_of

OPEN = """version 1
allow everyone volume %h/** rw
allow everyone volume /usr/share/** ro
allow everyone root host
allow everyone root %h/**
allow everyone root /opt/** ro
allow everyone network none
allow everyone network host
"""
CAPS = 'cap_sys_admin+p'


OP_DEVICE, OP_TMPFS, OP_DIR, OP_PROC = 3, 9, 5, 6  # enum plan_op_kind of sandbox/plan.h


class Ops:
    """The operations of an encoded plan, as lists [kind, flags, mode, size, inodes, source, target, text]."""
    HEAD = 8 + 4  # the magic, and the kind of the root

    def __init__(self, plan):
        at = self.HEAD + 4 + int.from_bytes(plan[self.HEAD:self.HEAD + 4], 'little') + 3 * 4 + 8
        self.head, self.at, self.plan = plan[:at], at, plan
        self.ops = [self.op() for _ in range(self.number(4))]
        self.tail = plan[self.at:]
        assert self.encode() == plan, 'the test does not read the plan as croft writes it'

    def number(self, size):
        self.at += size
        return int.from_bytes(self.plan[self.at - size:self.at], 'little')

    def string(self):
        n = self.number(4)
        self.at += n
        return self.plan[self.at - n:self.at]

    def op(self):
        return [self.number(4), self.number(4), self.number(4), self.number(8), self.number(8), self.string(), self.string(), self.string()]

    def add(self, index, kind, target, size=0, inodes=0):
        self.ops.insert(index, [kind, 0, 0o755, size, inodes, b'', target.encode(), b''])

    def index(self, kind):
        return next(i for i, op in enumerate(self.ops) if op[0] == kind)

    def encode(self):
        out = self.head + len(self.ops).to_bytes(4, 'little')
        for op in self.ops:
            out += b''.join(n.to_bytes(size, 'little') for n, size in zip(op, (4, 4, 4, 8, 8)))
            out += b''.join(len(s).to_bytes(4, 'little') + s for s in op[5:])
        return out + self.tail


class GateTest(RunTest, LogTest):
    with_setuid = False
    rules = OPEN

    def setUp(self):
        self.gate_path = self.libexec + '/croft-gate'
        self.put_gate(self.with_setuid)
        self.addCleanup(self.remove_gate)
        if self.rules:
            self.enterContext(self.policy(self.rules))

    def put_gate(self, setuid=False, caps=CAPS):
        self.remove_gate()
        shutil.copy(Stage.prefix + '/gate/croft-gate', self.gate_path)
        os.chmod(self.gate_path, 0o4755 if setuid else 0o755)
        if not setuid and caps:
            subprocess.run(['setcap', caps, self.gate_path], check=True)

    def remove_gate(self):
        if os.path.lexists(self.gate_path):
            os.unlink(self.gate_path)

    def gate(self, *args, user=USER, **kwargs):
        return self.croft(user, 'run', '--gate', *args, **kwargs)

    def users_make_namespaces(self):
        return self.run_as(USER, ['unshare', '--user', 'true']).returncode == 0

    def inside(self, script, *options, root='host', **kwargs):
        r = self.gate(*options, root, '--', '/bin/sh', '-c', script, **kwargs)
        self.assertRan(r)
        return r.out

    def linked_root(self):
        """A root with a file that has another name elsewhere, as those out of images have it; and that name."""
        root = self.build_root('sh', 'cat')
        stored = self.write(self.home_dir() + '/stored', 'stored\n', USER)
        os.link(stored, root + '/shared')
        return root, stored

    def text_of(self, path):
        with open(path, encoding='utf-8') as f:
            return f.read()

    def refused(self, message, *args, **kwargs):
        self.assertRefused(self.gate(*args, **kwargs), 125, message)


class Works(GateTest):
    def test_preserved_descriptors_go_through_the_gate_and_no_other(self):
        """On both sides of the gate's own, whose number croft chooses."""
        path = self.write(self.home_dir() + '/f', 'through\n', USER)

        def fill():
            fd = fcntl.fcntl(os.open(path, os.O_RDONLY), fcntl.F_DUPFD_CLOEXEC, 50)
            for n in (8, 9, 40, 41):
                os.dup2(fd, n)
        words = ('--preserve-fd', '3', '--preserve-fd', '9', '--preserve-fd', '40')
        out = self.inside('cd /proc/self/fd; cat <&9; for n in *; do [ ! -e $n ] || echo $n; done', *words, preexec_fn=lambda: (fill(), os.dup2(9, 3)), close_fds=False)
        self.assertEqual(out.split(), ['through', '0', '1', '2', '3', '40', '9'])
        self.refused('^croft: option --preserve-fd: descriptor 9: Bad file descriptor\n$', '--preserve-fd', '9', 'host', '--', 'true')

    def test_the_command_is_the_caller_with_nothing_to_gain(self):
        me = pwd.getpwnam(USER)
        self.assertEqual(self.inside('id -u; id -g; echo $HOME; echo $USER'), f'{me.pw_uid}\n{me.pw_gid}\n{me.pw_dir}\n{USER}\n')
        status = fields_of(self.inside('cat /proc/self/status'))
        for name in ('CapInh', 'CapPrm', 'CapEff', 'CapAmb'):
            self.assertEqual(int(status[name], 16), 0, name)
        self.assertEqual(status['NoNewPrivs'], '1')
        self.assertEqual(status['Seccomp'], '2')
        self.assertEqual(status['Groups'].split(), [str(g) for g in os.getgrouplist(USER, me.pw_gid)])

    def test_init_too_has_nothing(self):
        status = fields_of(self.inside('cat /proc/1/status'))
        self.assertEqual(status['Name'], 'croft-init')
        for name in ('CapInh', 'CapPrm', 'CapEff', 'CapAmb'):
            self.assertEqual(int(status[name], 16), 0, name)

    def test_the_namespaces_are_new_but_for_the_user_namespace(self):
        def links(text):
            return dict(line.split(':', 1) for line in text.split())
        script = 'for n in mnt pid uts ipc net user; do readlink /proc/self/ns/$n; done'
        outside = links(self.run_as(USER, ['/bin/sh', '-c', script]).out)
        within = links(self.inside(script))
        self.assertEqual({n for n in outside if outside[n] == within[n]}, {'user'})
        self.assertEqual(self.inside('readlink /proc/self/ns/net', '--network', 'host').strip(), 'net:' + outside['net'])

    def test_it_sees_its_own_processes_its_name_and_nothing_mounted_but_the_table(self):
        self.assertEqual(self.inside('hostname; echo /proc/[0-9]*', '--hostname', 'plot'), 'plot\n/proc/1 /proc/2\n')
        mounts = [Mount(line) for line in self.inside('while read -r l; do echo "$l"; done </proc/self/mountinfo').splitlines()]
        host = {p for p in ('/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32', '/etc') if os.path.isdir(p) and not os.path.islink(p)}
        conf = {'/etc/hosts', '/etc/hostname', '/etc/resolv.conf'}
        extra = {m.point for m in mounts} - KERNEL_MOUNTS - host - conf
        self.assertEqual({p for p in extra if not any(p.startswith(h + '/') for h in host)}, set())
        for m in mounts:
            self.assertIn('nosuid', m.flags, m)
            self.assertTrue('nodev' in m.flags or m.point.startswith('/dev') or m.type == 'devtmpfs', m)
            self.assertEqual(m.tags, [], f'{m} is shared with somebody')

    def test_a_volume_is_the_callers_outside(self):
        data = self.home_dir()
        self.inside('echo hello >/mnt/x; mkdir /mnt/d', '-v', data + ':/mnt')
        st = os.stat(data + '/x')
        self.assertEqual((st.st_uid, st.st_gid), (pwd.getpwnam(USER).pw_uid, pwd.getpwnam(USER).pw_gid))

    def test_read_only_and_noexec_hold(self):
        data = self.home_dir()
        self.write(data + '/run', '#!/bin/sh\necho ran\n', USER, 0o755)
        self.assertEqual(self.inside('/mnt/run', '-v', data + ':/mnt:ro'), 'ran\n')
        self.assertRefused(self.gate('-v', data + ':/mnt:ro', 'host', '--', 'touch', '/mnt/x'), 1, 'Read-only file system')
        self.assertRefused(self.gate('-v', data + ':/mnt:noexec', 'host', '--', '/mnt/run'), 126, 'Permission denied')

    def test_a_root_of_the_callers(self):
        root = self.build_root('sh', 'cat', 'id')
        self.assertEqual(self.inside('id -u; echo x >/new && cat /new', root=root), f'{pwd.getpwnam(USER).pw_uid}\nx\n')
        self.assertTrue(os.path.exists(root + '/new'))
        self.assertRefused(self.gate('--read-only', root, '--', '/bin/sh', '-c', 'echo x >/other'), 2, 'Read-only file system')

    def test_a_root_of_hard_links_is_read_only_as_elsewhere(self):
        root, stored = self.linked_root()
        self.inside('echo x >>/shared', root=root)  # nothing says yet that its files are others' as well
        self.assertEqual(self.text_of(stored), 'stored\nx\n')
        os.chmod(root, 0o4755)
        self.assertRefused(self.gate(root, '--', '/bin/sh', '-c', 'echo x >>/shared'), 2, 'Read-only file system')
        self.assertRefused(self.gate('--read-only=false', root, '--', '/bin/sh', '-c', 'echo x >>/shared'), 2, 'Read-only file system')
        self.assertEqual(self.inside('cat /shared', root=root), 'stored\nx\n')
        self.assertEqual(self.text_of(stored), 'stored\nx\n')

    def test_exit_codes(self):
        for command, status in ((['sh', '-c', 'exit 3'], 3), (['sh', '-c', 'kill -9 $$'], 137), (['nothing'], 127), (['/etc/passwd'], 126)):
            self.assertEqual(self.gate('host', '--', *command).status, status, command)
        self.assertEqual(self.gate('--no-init', 'host', '--', 'sh', '-c', 'exit 4').status, 4)
        self.assertEqual(self.gate('--timeout', '1', 'host', '--', 'sleep', '60').status, 124)

    def test_a_terminal_of_its_own(self):
        t = self.terminal(USER, [self.croft_path, 'run', '--gate', 'host', '--', 'sh', '-c', 'tty; read x; echo got $x'])
        t.expect('/dev/pts/0')
        t.send('abc\n')
        t.expect('got abc')
        self.assertEqual(t.wait(), 0)

    def test_signals_reach_the_command(self):
        p = self.popen_as(USER, [self.croft_path, 'run', '--gate', 'host', '--', 'bash', '-c',
                                 'trap "echo term; exit 9" TERM; echo ready; while :; do sleep 0.02; done'])
        self.assertEqual(p.stdout.readline(), b'ready\n')
        p.terminate()
        self.assertEqual(p.wait(20), 9)

    def test_one_more_command_is_confined_as_the_first(self):
        env = {'XDG_RUNTIME_DIR': self.make_dir(USER, 0o700)}
        look = 'grep -E "^(Uid|Gid|Groups|Cap...|NoNewPrivs|Seccomp)" /proc/self/status; readlink /proc/self/ns/user /proc/self/ns/mnt /proc/self/ns/pid; pwd'
        p = self.popen_as(USER, [self.croft_path, 'run', '--gate', '--name', 'a', 'host', '--', 'sh', '-c', look + '; echo ready; exec sleep 300'], env=env)
        first = ''
        while not first.endswith('ready\n'):
            line = p.stdout.readline().decode()
            self.assertTrue(line, p.stderr.read() if not line else '')
            first += line
        r = self.croft(USER, 'exec', 'a', 'sh', '-c', look + '; echo ready', env=env)
        self.assertEqual((r.out, r.status), (first, 0), r)
        self.assertRan(self.croft(USER, 'stop', 'a', env=env))

    def test_its_phases_are_told(self):
        r, w = os.pipe()
        self.assertRan(self.gate('--status-fd', str(w), 'host', '--', 'true', pass_fds=(w,)))
        os.close(w)
        with os.fdopen(r, encoding='utf-8') as f:
            lines = [json.loads(line) for line in f]
        self.assertEqual([line['phase'] for line in lines], ['policy', 'ids', 'image', 'mounts', 'exec', 'exit'])
        self.assertTrue(lines[1]['gate'])

    def test_no_user_namespace_inside(self):
        self.assertRefused(self.gate('host', '--', 'unshare', '--user', 'true'), 1, 'Operation not permitted')

    def test_nothing_can_be_mounted_or_unmounted_inside(self):
        for command in (['mount', '-t', 'tmpfs', 'x', '/tmp'], ['umount', '/proc/sys'], ['mount', '-o', 'remount,rw', '/usr']):
            self.assertNotEqual(self.gate('host', '--', *command).status, 0, command)

    def test_the_plan_says_who_makes_it(self):
        r = self.croft(USER, 'plan', '--gate', 'host')
        self.assertRan(r)
        self.assertRegex(r.out, r'\nids +you \(\d+:\d+\) as you are, without a user namespace, made by croft-gate\n')
        self.assertRegex(r.out, r'\ncapabilities none\n')


class WorksWithSetuid(Works):
    with_setuid = True


class Choice(GateTest):
    def test_map_none_is_the_gate(self):
        self.assertEqual(self.croft(USER, 'run', '--map', 'none', 'host', '--', 'id', '-u').out, f'{pwd.getpwnam(USER).pw_uid}\n')

    def test_without_a_word_the_user_namespace_is_taken_where_there_is_one(self):
        if self.users_make_namespaces():
            self.assertEqual(self.croft(USER, 'run', '--map', 'self', 'host', '--', 'id', '-u').out, '0\n')
        else:
            self.assertEqual(self.croft(USER, 'run', 'host', '--', 'id', '-u').out, f'{pwd.getpwnam(USER).pw_uid}\n')

    def refused_userns(self, *args):
        """As a user whom a filter forbids user namespaces; he can still gain privilege."""
        me = pwd.getpwnam(USER)
        return self.run_as('root', [self.probes + '/nouserns', '-u', str(me.pw_uid), str(me.pw_gid), self.croft_path, 'run', *args],
                           cwd=me.pw_dir, env={'HOME': me.pw_dir})

    def test_where_user_namespaces_are_refused_it_is_taken_and_said(self):
        r = self.refused_userns('host', '--', 'id', '-u')
        self.assertRan(r)
        self.assertEqual(r.out, f'{pwd.getpwnam(USER).pw_uid}\n')
        why = 'a seccomp filter .*' if self.users_make_namespaces() else '.*'
        self.assertRegex(r.err, rf'^croft: create a user namespace: {why}; croft-gate makes the sandbox, with you as you are inside\n$')

    def test_mode_enforced_leaves_no_other_way(self):
        helper = [self.idmap_path, '3', '0', '0']
        self.remove_policy()
        with self.policy(OPEN + 'allow everyone ids subordinate\nmode enforced\n') as path:
            self.assertEqual(self.croft(USER, 'run', 'host', '--', 'id', '-u').out, f'{pwd.getpwnam(USER).pw_uid}\n')
            self.assertRefused(self.croft(USER, 'run', '--no-gate', 'host', '--', 'true'), 125,
                               rf'^croft: option --no-gate: {path}:10 says mode enforced: sandboxes are made by croft-gate alone\n')
            self.assertRefused(self.croft(USER, 'run', '--map', 'isolated', 'host', '--', 'true'), 125, r'^croft: option --map isolated: not with croft-gate')
            fd = os.open('/proc/self', os.O_PATH | os.O_DIRECTORY)
            r = self.run_as(USER, helper, preexec_fn=lambda: os.dup2(fd, 3), pass_fds=(3,))
            os.close(fd)
            self.assertRefused(r, 1, rf'^croft-idmap: {path}:10 says mode enforced: sandboxes are started by croft-gate alone\n')
            self.remove_gate()
            self.assertRefused(self.croft(USER, 'run', 'host', '--', 'true'), 125, r'^croft: croft-gate is not installed \(.*/croft-gate\)\n'
                               rf'croft: hint: {path}:10 says mode enforced\n$')

    def remove_policy(self):
        shutil.rmtree(self.sysconfdir + '/croft')
        self.addCleanup(os.makedirs, self.sysconfdir + '/croft', exist_ok=True)

    def test_what_it_cannot_give_is_said(self):
        for options in (['--map', 'isolated'], ['--network', 'user']):
            self.refused(rf'^croft: option {" ".join(options)}: not with croft-gate\ncroft: hint: croft-gate\(8\)', *options, 'host', '--', 'true')
        for options in (['--user', '0'], ['--cap-add', 'SYS_ADMIN'], ['--allow-userns']):
            self.refused(rf'^croft: option {options[0]}: only with a user namespace, and croft-gate is installed for sandboxes without a user namespace\n$',
                         *options, 'host', '--', 'true')
            self.refused(rf'^croft: option {options[0]}: only with a user namespace, not with --map none\n$', '--map', 'none', *options, 'host', '--', 'true')
        self.refused(r'^croft: croft-gate is installed without cap_setuid and cap_setgid, so it makes no user namespace\ncroft: hint: --map none; or as root: setcap ',
                     '--map', 'self', 'host', '--', 'true')
        self.assertRefused(self.croft(USER, 'run', '--no-gate', '--map', 'none', 'host', '--', 'true'), 125,
                           r'^croft: option --no-gate: --map none is made by croft-gate alone\n$')

    def test_root_needs_no_gate(self):
        self.assertRefused(self.croft('root', 'run', '--gate', 'host', '--', 'true'), 125, 'started by root')


class Privilege(GateTest):
    def test_without_its_capability_it_says_so(self):
        for caps, message in ((None, 'it has no privilege'), ('cap_setuid+p', 'it has no privilege'), ('cap_sys_admin,cap_setuid+p', 'it has no privilege'),
                              ('cap_sys_admin,cap_net_admin+p', 'it has more capabilities than cap_sys_admin')):
            self.put_gate(caps=caps)
            self.refused(rf'^croft: {message}', 'host', '--', 'true')

    def test_no_name_is_looked_up_while_it_is_effective(self):
        """Whose directory it is might answer as late as he likes (FUSE)."""
        self.needs_package('strace')
        log, data = self.make_dir('root'), self.home_dir()
        r = self.run_as('root', ['strace', '-ff', '-qq', '-s', '200', '-u', USER, '-o', log + '/log', self.croft_path, 'run', '--gate', '--map', 'none', '-t',
                                 '-v', data + ':/mnt', 'host', '--', 'true'])
        self.assertRan(r)
        names, looked_up = set(), set()
        for path in os.listdir(log):
            effective = False
            for line in self.text_of(f'{log}/{path}').splitlines():
                if line.startswith('capset(') and line.endswith(' = 0'):
                    effective = 'effective=0' not in line
                elif effective:
                    name, _, arguments = line.partition('(')
                    names.add(name)
                    if name == 'mount':  # its second is the place
                        arguments = re.sub(r'^[^,]*,', '', arguments).partition(',')[0]
                    if name not in ('fsopen', 'fsconfig', 'sethostname'):
                        looked_up.update(re.findall(r'"([^"]*)"', arguments))
        self.assertEqual(names, {'clone3', 'mount', 'fsopen', 'fsconfig', 'fsmount', 'open_tree', 'mount_setattr', 'move_mount', 'pivot_root', 'umount2', 'sethostname'})
        self.assertEqual(looked_up, {'', '.', '/'})

    def test_no_new_privs_is_named(self):
        r = self.run_as(USER, ['setpriv', '--no-new-privs', self.croft_path, 'run', '--gate', 'host', '--', 'true'])
        # The second: croft is under a profile of AppArmor (tests/vm/deny-userns) that it cannot leave then.
        self.assertRefused(r, 125, '^croft: (no_new_privs is set|start .*/croft-gate: Operation not permitted)')

    def test_one_who_may_not_start_it_is_told(self):
        os.chmod(self.gate_path, 0o750)
        self.refused(r'^croft: start .*/croft-gate: Permission denied\ncroft: hint: an administrator says who may use it', 'host', '--', 'true')

    def test_without_a_policy_nothing_is_allowed(self):
        shutil.rmtree(self.sysconfdir + '/croft')
        self.addCleanup(os.makedirs, self.sysconfdir + '/croft', exist_ok=True)
        self.refused(r'^croft: no policy is installed, and without one nothing is allowed\n', 'host', '--', 'true')


class Boundary(GateTest):
    """The policy, asked by croft first and by the gate again."""

    def test_a_mount_below_needs_its_word_and_keeps_the_flags(self):
        data = self.home_dir()
        os.mkdir(data + '/sub')
        self.write(data + '/sub/hidden', 'hidden', USER)
        self.assertEqual(self.inside('ls /mnt/sub', '-v', data + ':/mnt:ro'), 'hidden\n')
        subprocess.run(['mount', '-t', 'tmpfs', '-o', 'mode=777', 'none', data + '/sub'], check=True)
        try:
            self.refused(r'without the mounts below it', '-v', data + ':/mnt:ro', 'host', '--', 'true')
            self.write(self.sysconfdir + '/croft/policy.d/sub.conf', 'version 1\nallow everyone volume %h/** rw submounts\n')
            self.assertEqual(self.inside('ls /mnt/sub; touch /mnt/sub/x 2>&1 | grep -o "Read-only file system"', '-v', data + ':/mnt:ro'),
                             'Read-only file system\n')
            self.assertEqual(self.inside('touch /mnt/sub/x; echo $?', '-v', data + ':/mnt'), '0\n')
        finally:
            subprocess.run(['umount', data + '/sub'], check=True)

    def test_a_kernel_file_system_below_is_never_part_of_a_volume(self):
        data = self.home_dir()
        os.mkdir(data + '/proc')
        self.write(self.sysconfdir + '/croft/policy.d/sub.conf', 'version 1\nallow everyone volume %h/** rw submounts\n')
        self.inside('true', '-v', data + ':/mnt')
        subprocess.run(['mount', '-t', 'proc', 'none', data + '/proc'], check=True)
        try:
            self.refused(r'proc', '-v', data + ':/mnt', 'host', '--', 'true')
        finally:
            subprocess.run(['umount', data + '/proc'], check=True)

    def test_what_is_there_and_forbidden_looks_as_what_is_not_there(self):
        self.write(self.sysconfdir + '/croft/policy.d/all.conf', 'version 1\nallow everyone volume /** ro\n')
        a, b = (self.gate('-v', f'/root/{name}:/mnt:ro', 'host', '--', 'true') for name in ('.bashrc', 'missing'))
        self.assertEqual(a.status, b.status)
        self.assertEqual(a.err.replace('.bashrc', 'X'), b.err.replace('missing', 'X'))

    def test_a_keyring_that_somebody_has_named_is_not_joined(self):
        """A user without a user namespace of his own is among the keyrings of everybody."""
        probe, folder = self.probes + '/keyring', self.home_dir()
        shutil.copy(probe, folder)
        self.write(self.sysconfdir + '/croft/policy.d/seccomp.conf', 'version 1\nallow everyone seccomp unconfined\n')
        words = [self.croft_path, 'run', '--gate', '-v', folder + ':/mnt:ro', '--seccomp', 'unconfined', 'host', '--', '/mnt/keyring', 'find', 'bait']
        bait = self.popen_as(USER2, [probe, 'open', 'croft', 'bait', '/bin/sh', '-c', 'echo up; read x'], stdin=subprocess.PIPE)
        self.assertEqual(bait.stdout.readline(), b'up\n')
        self.assertEqual(self.run_as(USER, [probe, 'join', 'croft', probe, 'find', 'bait']).out, 'yes\n')
        self.assertEqual(self.run_as(USER, [probe, 'hold', 'x', *words]).out, 'no\n')
        self.assertRefused(self.with_all_keys(words), 125, 'make a session keyring: the caller has as many keys as he may have')

    def test_an_administrators_read_only_mount_is_not_lifted(self):
        base = self.make_dir()
        root = self.build_root('sh', 'true')
        subprocess.run(['mount', '--bind', root, base], check=True)
        try:
            self.write(self.sysconfdir + '/croft/policy.d/x.conf', f'version 1\nallow everyone root {base}\nallow everyone volume {base}\n')
            self.inside('true', '-v', self.home_dir() + ':/mnt', root=base)
            os.rmdir(root + '/mnt')
            subprocess.run(['mount', '-o', 'remount,bind,ro', base], check=True)
            for options in ([], ['--read-only']):
                r = self.gate(*options, '-v', self.home_dir() + ':/mnt', base, '--', '/bin/sh', '-c', 'echo x >/new')
                self.assertRefused(r, 125, 'Read-only file system')
                self.assertFalse(os.path.exists(root + '/mnt'))
        finally:
            subprocess.run(['umount', base], check=True)


class Race(GateTest):
    """Another process of the same user does what it can while sandboxes start."""
    SWAPS = 100_000

    def test_D2_an_exchanged_directory_is_never_the_wrong_one(self):
        good, bad = self.home_dir() + '/a', self.make_dir(USER)
        os.mkdir(good)
        self.give(good, USER)
        self.write(good + '/who', 'good', USER)
        self.write(bad + '/who', 'bad', USER)
        link = os.path.dirname(good) + '/b'
        os.symlink(bad, link)
        self.assertEqual(self.inside('cat /mnt/who', '-v', good + ':/mnt'), 'good')
        swap = self.popen_as(USER, ['python3', '-c', f'''
import ctypes, os
c = ctypes.CDLL(None)
while True:
    for _ in range(1000):
        c.renameat2(-100, {good.encode()!r}, -100, {link.encode()!r}, 2)
    os.write(1, b".")
'''])
        os.set_blocking(swap.stdout.fileno(), False)
        seen, swaps, starts = {'good': 0, 'refused': 0}, 0, 0
        # Both answers are met in the end: one start in some dozens finds the same directory at each look.
        while swaps < self.SWAPS or starts < 40 or (not all(seen.values()) and starts < 2000):
            r = self.gate('-v', good + ':/mnt', 'host', '--', 'cat', '/mnt/who')
            self.assertNotIn('bad', r.out)
            seen['good' if r.out == 'good' else 'refused'] += 1
            swaps += 1000 * len(swap.stdout.read() or b'')
            starts += 1
        swap.kill()
        self.assertGreater(seen['good'], 0, seen)
        self.assertGreater(seen['refused'], 0, seen)  # so the attack did take place

    def test_B1_nobody_looks_into_it_before_the_command_runs(self):
        """The attacker's control is an ordinary process of the same user; he stops what he looks at, at any step."""
        attack = self.popen_as(USER, ['python3', '-u', '-c', r'''
import contextlib, ctypes, os, signal, sys
c = ctypes.CDLL(None, use_errno=True)
won = set()
def tries(pid):
    for what in ('mem', 'root/etc', 'fd/0', 'cwd/.', 'ns/mnt', 'ns/user', 'environ', 'uid_map'):
        path = f'/proc/{pid}/{what}'
        with contextlib.suppress(OSError):
            if what == 'fd/0':
                os.readlink(path)
            else:
                os.close(os.open(path, os.O_RDWR if what in ('mem', 'uid_map') else os.O_RDONLY))
            yield what
    pidfd = c.syscall(434, pid, 0)
    if pidfd >= 0:
        if c.syscall(438, pidfd, 0, 0) >= 0:
            yield 'getfd'
        if c.setns(pidfd, 0x10000000) == 0 or c.setns(pidfd, 0x20000) == 0:
            yield 'setns'
        os.close(pidfd)
    if c.ptrace(0x4206, pid, 0, 0) == 0:
        yield 'ptrace'  # after its execve a command may be traced; one that ends so waits for its tracer
        c.ptrace(0x4207, pid, 0, 0)
        with contextlib.suppress(OSError):
            os.waitpid(pid, 0x40000000)
        c.ptrace(17, pid, 0, 0)
def name_of(pid):
    with contextlib.suppress(OSError):
        with open(f'/proc/{pid}/comm') as f:
            return f.read().strip()
    return ''
while True:
    for pid in filter(str.isdigit, os.listdir('/proc')):
        name, pid = name_of(pid), int(pid)
        if name not in ('croft-gate', 'control'):
            continue
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGSTOP)
        for what in tries(pid):
            if name_of(pid) == name and (name, what) not in won:
                won.add((name, what))
                print(name, what)
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGCONT)
'''])
        control = self.popen_as(USER, ['python3', '-c', 'open("/proc/self/comm","w").write("control"); import time; time.sleep(60)'])
        time.sleep(0.5)
        data = self.home_dir()
        for _ in range(60):
            self.assertRan(self.gate('--no-init', '-v', data + ':/mnt', 'host', '--', 'true'))
        control.kill()
        attack.kill()
        won = attack.communicate()[0].decode().splitlines()
        for what in ('mem', 'root/etc', 'fd/0', 'getfd', 'ptrace'):
            self.assertIn('control ' + what, won)
        self.assertEqual([w for w in won if w.startswith('croft-gate')], [])


class Log(GateTest):
    def test_what_cannot_be_logged_does_not_start(self):
        s = self.silent_log()
        self.refused('^croft: write to the system log, without which nothing starts: Resource temporarily unavailable\n$', 'host', '--', 'true')
        s.close()
        self.refused('^croft: write to the system log, without which nothing starts: Connection refused\n$', 'host', '--', 'true')

    def test_D8_a_mount_below_that_comes_after_the_decision_is_refused(self):
        """The log holds the gate up just between the decision and the mount."""
        data = self.home_dir()
        os.mkdir(data + '/d')
        self.assertRan(self.gate('-v', data + ':/mnt', 'host', '--', 'true'))
        s = self.silent_log()
        p = self.popen_as(USER, [self.croft_path, 'run', '--gate', '-v', data + ':/mnt', 'host', '--', 'ls', '/mnt/d'])
        self.await_poll('croft-gate')
        subprocess.run(['mount', '-t', 'tmpfs', 'none', data + '/d'], check=True)
        try:
            s.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while True:
                    s.recv(1000)
            err = p.communicate(timeout=20)[1].decode()
        finally:
            subprocess.run(['umount', data + '/d'], check=True)
        self.assertEqual(p.returncode, 125, err)
        self.assertRegex(err, f'^croft: something was mounted below {re.escape(data)} while the sandbox was started\n$')

    def await_poll(self, name):
        """Until a process of that name waits in poll(2)."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            for pid in filter(str.isdigit, os.listdir('/proc')):
                with contextlib.suppress(OSError):
                    with open(f'/proc/{pid}/comm', encoding='utf-8') as comm, open(f'/proc/{pid}/wchan', encoding='utf-8') as wchan:
                        if comm.read() == name + '\n' and 'poll' in wchan.read():
                            return
        self.fail(f'no {name} waits')

    def test_every_start_and_every_refusal_is_said_with_its_rule(self):
        data = self.home_dir()
        with self.log_lines('croft-gate') as got:
            self.inside('true', '-v', data + ':/mnt')
        text = '\n'.join(got)
        policy = re.escape(self.sysconfdir + '/croft/policy.conf')
        self.assertRegex(text, rf'uid \d+ \({USER}\) starts sandbox croft of root host; allowed by {policy}:4')
        self.assertRegex(text, rf'uid \d+ \({USER}\): {data} is mounted on /mnt; allowed by {policy}:2')
        self.put_gate(caps=None)
        with self.log_lines('croft-gate') as got:
            self.gate('host', '--', 'true')
        self.assertRegex('\n'.join(got), r'uid \d+ \(.*\) gets no sandbox: it has no privilege')


class ByHand(GateTest):
    """Starts the gate by hand, with plans that croft would never make: those of croft, changed."""
    FAKE = '#!/bin/sh\ncat /proc/self/fd/$2 >"{out}"\n'

    def plan(self, *args, **kwargs):
        out = self.home_dir() + '/plan'
        self.write(self.gate_path + '.sh', self.FAKE.format(out=out), mode=0o755)
        os.rename(self.gate_path + '.sh', self.gate_path)
        self.assertRefused(self.gate(*args, 'host', '--', 'cat', '/mnt/who', **kwargs), 125, 'croft-gate ended with status 0 and said nothing')
        self.put_gate(self.with_setuid)
        with open(out, 'rb') as f:
            return f.read()

    def start(self, plan, user=USER, sealed=True, std=None, keep=(), prefix=(), number=None):
        """Starts the gate with these bytes. Returns its status, its error message, and whether it made a child."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        if number is not None:
            os.dup2(theirs.fileno(), number)
            theirs.close()
            theirs = socket.socket(fileno=number)
        fd = os.memfd_create('plan', os.MFD_ALLOW_SEALING)
        os.write(fd, plan)
        if sealed:
            fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW)
        r = self.run_as(user, [*prefix, self.gate_path, str(theirs.fileno()), str(fd)], pass_fds=(theirs.fileno(), fd, *keep), **(std or {}))
        theirs.close()
        os.close(fd)
        message, child, made = '', False, []
        ours.settimeout(5)
        with contextlib.suppress(TimeoutError):
            while True:
                data, anc, _, _ = ours.recvmsg(65536, socket.CMSG_SPACE(16))
                if not data:
                    break
                kind = int.from_bytes(data[:4], 'little')
                if kind == 6:
                    child = True
                elif kind == 4 and not message:
                    message = data[4:].decode(errors='replace')
                for _, _, raw in anc:
                    a = array.array('i')
                    a.frombytes(raw[:4])
                    made.append(a[0])
        ours.close()
        for pidfd in made:
            # It is a child of this process (CLONE_PARENT); as a zombie it would keep the keyring of its user.
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(pidfd, signal.SIGKILL)
            os.waitid(os.P_PIDFD, pidfd, os.WEXITED)
            os.close(pidfd)
        return r, message, child

    def assertGateRefuses(self, plan, text, **kwargs):
        r, message, child = self.start(plan, **kwargs)
        self.assertIn(text, message + r.err)
        self.assertFalse(child)
        self.assertGreater(r.returncode, 0)


class Direct(ByHand):
    def test_a_plan_of_crofts_is_carried_out(self):
        data = self.home_dir()
        self.write(data + '/who', 'it is me', USER)
        r, message, child = self.start(self.plan('-v', data + ':/mnt'))
        self.assertEqual((r.returncode, message, child), (0, '', True))

    def test_what_the_command_keeps_is_neither_the_socket_nor_a_way_out(self):
        number = 99

        def put(path, flags):
            fd = os.open(path, flags)
            os.dup2(fd, number)
            os.close(fd)
        file = self.write(self.home_dir() + '/f', 'x', USER)
        plan = self.plan('--preserve-fd', str(number), preexec_fn=lambda: put(file, os.O_RDONLY), close_fds=False)
        self.assertGateRefuses(plan, 'the socket is no descriptor for the command', number=number)
        self.addCleanup(os.close, number)
        for path, flags, why in ((file, os.O_RDONLY, ''), ('/', os.O_RDONLY | os.O_DIRECTORY, 'is a directory or O_PATH'), (file, os.O_PATH, 'is a directory or O_PATH')):
            put(path, flags)
            if why:
                self.assertGateRefuses(plan, why, keep=(number,))
            else:
                self.assertEqual(self.start(plan, keep=(number,))[1:], ('', True))

    def test_another_source_of_the_same_length_is_refused_by_the_policy(self):
        data = self.home_dir()
        other = '/' + 'x' * (len(data) - 1)
        os.symlink('/etc', other)
        self.addCleanup(os.unlink, other)
        plan = self.plan('-v', data + ':/mnt')
        self.assertIn(data.encode(), plan)
        self.assertGateRefuses(plan.replace(data.encode(), other.encode()), 'denied for ' + USER + ': no rule allows it')

    def test_another_system_than_the_hosts_is_refused(self):
        plan = self.plan()
        changed = plan.replace(b'/sbin', b'/root')
        self.assertNotEqual(changed, plan)
        self.assertGateRefuses(changed, 'none of its system')

    def test_a_kernel_file_system_elsewhere_is_refused(self):
        self.assertGateRefuses(self.plan().replace(b'/dev/mqueue', b'/dev/mqueuf'), 'in another place than its own')

    def test_a_mask_less_is_refused(self):
        self.assertGateRefuses(self.plan().replace(b'/proc/keys', b'/proc/kezs'), 'a mask that it does not know')

    def hand_made(self, change, *args, **kwargs):
        ops = Ops(self.plan(*args))
        change(ops)
        return self.start(ops.encode(), **kwargs)

    def test_E2_nothing_but_the_kernels_own_is_mounted_in_its_places(self):
        for target in ('/proc', '/proc/sys', '/sys/fs', '/dev', '/dev/pts/x'):
            _, message, child = self.hand_made(lambda ops, t=target: ops.add(len(ops.ops), OP_TMPFS, t, 4096, 100))
            self.assertIn('with something else in /proc, /sys or /dev', message)
            self.assertFalse(child)

    def test_masks_are_put_on_what_was_mounted_not_on_what_has_its_name(self):
        """Links in the root lead /proc to a place that a tmpfs covers before the masks are put on."""
        root = self.build_root('sh', 'cat')
        for path in ('real', 'a'):
            os.makedirs(f'{root}/{path}', exist_ok=True)
            self.give(f'{root}/{path}', USER)
        os.rmdir(root + '/proc') if os.path.isdir(root + '/proc') else None
        os.symlink('/a/p', root + '/proc')
        os.symlink('/real', root + '/a/p')
        out = self.home_dir()
        ops = Ops(self.plan_of(root, out, 'cat /real/keys >/mnt/keys; echo done >/mnt/done'))
        ops.add(ops.index(OP_PROC) + 1, OP_TMPFS, '/a', 65536, 10)
        r, message, child = self.start(ops.encode())
        self.assertEqual((r.returncode, message, child), (0, '', True))
        deadline = time.monotonic() + 10
        while not os.path.exists(out + '/done') and time.monotonic() < deadline:
            time.sleep(0.02)
        with open(out + '/keys', encoding='utf-8') as f:
            self.assertEqual(f.read(), '')

    def plan_of(self, root, out, script):
        file = self.home_dir() + '/plan'
        self.write(self.gate_path + '.sh', self.FAKE.format(out=file), mode=0o755)
        os.rename(self.gate_path + '.sh', self.gate_path)
        self.gate('-v', out + ':/mnt', root, '--', '/bin/sh', '-c', script)
        self.put_gate(self.with_setuid)
        with open(file, 'rb') as f:
            return f.read()

    def await_text(self, path, text):
        deadline = time.monotonic() + 10
        while self.text_of(path) != text and time.monotonic() < deadline:
            time.sleep(0.02)
        self.assertEqual(self.text_of(path), text)

    def test_a_plan_that_writes_to_a_root_of_hard_links_reaches_what_is_the_callers_and_no_more(self):
        """The store is his own, and he can write to it without any gate: the mark is croft's to heed, the rights are the policy's."""
        root, stored = self.linked_root()
        out = self.home_dir()
        roots = self.write(self.home_dir() + '/roots', 'kept\n')
        os.link(roots, root + '/not-his')
        done = self.write(out + '/done', '', USER)
        plan = self.plan_of(root, out, 'echo x >>/shared; echo x >>/not-his; chmod 666 /not-his; echo x >/mnt/done')
        os.chmod(root, 0o4755)  # croft itself would make another plan now
        self.assertEqual(self.start(plan)[1:], ('', True))
        self.await_text(done, 'x\n')
        self.assertEqual((self.text_of(stored), self.text_of(roots)), ('stored\nx\n', 'kept\n'))
        self.assertEqual(os.stat(roots).st_mode & 0o777, 0o644)
        self.write(self.sysconfdir + '/croft/policy.conf', OPEN.replace('root %h/**', 'root %h/** ro'))
        self.assertGateRefuses(plan, 'denied for ' + USER)
        self.assertEqual(self.start(self.plan_of(root, out, 'echo x >>/shared || echo y >/mnt/done'))[1:], ('', True))
        self.await_text(done, 'y\n')
        self.assertEqual(self.text_of(stored), 'stored\nx\n')

    def test_B11_whoever_cannot_be_told_does_not_wait_with_the_capability(self):
        """The socket is full, its other end is held by the sandbox itself, and the start fails."""
        ops = Ops(self.plan())
        ops.add(len(ops.ops), OP_DIR, '/etc/passwd')
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        fd = os.memfd_create('plan', os.MFD_ALLOW_SEALING)
        os.write(fd, ops.encode())
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW)
        theirs.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                theirs.send(b'x' * 1000)
        theirs.setblocking(True)
        r = self.run_as(USER, [self.gate_path, str(theirs.fileno()), str(fd)], pass_fds=(theirs.fileno(), fd))
        self.assertEqual(r.returncode, 1, r)
        self.assertRegex(r.err, 'hand the sandbox over')
        deadline = time.monotonic() + 10
        while Killed.holders() and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertEqual(Killed.holders(), [])
        ours.close()
        theirs.close()
        os.close(fd)

    def test_every_byte_that_is_changed_gives_an_answer(self):
        """No signal death, no hang; and never the capability in the command (its own words would tell)."""
        plan = self.plan()
        for at in range(0, len(plan), max(1, len(plan) // 120)):
            changed = bytearray(plan)
            changed[at] ^= 0xff
            r, _, _ = self.start(bytes(changed))
            self.assertIn(r.returncode, (0, 1, 2, 6), f'byte {at}: {r}')

    def test_cut_short_and_too_long(self):
        plan = self.plan()
        for bad in (b'', plan[:8], plan[:-1], plan + b'\0'):
            r, message, child = self.start(bad)
            self.assertEqual((r.returncode, child), (1, False), message)
            self.assertRegex(message, 'plan')

    def test_a_plan_that_may_still_change_is_refused(self):
        self.assertGateRefuses(self.plan(), "the plan's descriptor is no sealed memfd", sealed=False)

    def test_A3_a_directory_as_standard_input_is_refused(self):
        plan = self.plan()
        fd = os.open('/', os.O_RDONLY | os.O_DIRECTORY)
        self.addCleanup(os.close, fd)
        self.assertGateRefuses(plan, 'directory', std={'stdin': fd})
        fd = os.open('/', os.O_PATH)
        self.addCleanup(os.close, fd)
        self.assertGateRefuses(plan, 'O_PATH', std={'stdin': fd})

    def test_another_users_plan_is_refused(self):
        self.assertGateRefuses(self.plan(), 'for another user than its caller', user=USER2)

    def test_A8_A9_arguments(self):
        for args, message in (([], 'two arguments are needed'), (['3'], 'two arguments'), (['3', '4', '5'], 'two arguments'), (['2', '4'], "2 is not the number of a descriptor"),
                              (['3', '3'], 'one descriptor'), (['3', '-1'], 'is not the number'), (['x' * 100000, '3'], 'is not the number')):
            self.assertRefused(self.run_as(USER, [self.gate_path, *args]), 2, f'^croft-gate: .*{message}')

    def test_descriptors_that_are_not_there(self):
        self.assertRefused(self.run_as(USER, [self.gate_path, '300', '301']), 1, "^croft-gate: the caller's descriptor is no socket of the kind that croft makes\n$")
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        r = self.run_as(USER, [self.gate_path, str(theirs.fileno()), '301'], pass_fds=(theirs.fileno(),))
        self.assertEqual(r.returncode, 1)
        self.assertIn(b"the plan's descriptor is no sealed memfd", ours.recv(65536))
        for s in (ours, theirs):
            s.close()

    def test_R15_a_policy_that_others_may_write_refuses_everything(self):
        plan = self.plan()
        path = self.sysconfdir + '/croft/policy.conf'
        self.assertTrue(self.start(plan)[2])
        os.chmod(path, 0o666)
        self.assertGateRefuses(plan, 'may be written by others than root')
        os.chmod(path, 0o644)
        self.give(path, USER)
        self.assertGateRefuses(plan, 'belongs to uid')

    def test_A1_A12_states_that_must_not_matter(self):
        plan = self.plan()
        for state in ('close0', 'close1', 'close2', 'closeall', 'memlock', 'stack', 'sigpending', 'sigign', 'chldign', 'umask0', 'umask777', 'cwdgone',
                      'env', 'envhuge', 'argv0', 'name', 'fds'):
            with self.subTest(state):
                r, message, child = self.start(plan, prefix=[self.probes + '/nasty', state])
                self.assertEqual((r.returncode, message, child), (0, '', True), r)

    def test_A13_A4_states_in_which_it_must_not_work(self):
        plan = self.plan()
        for state, status, text in (('traced', 3, 'it is traced'), ('sharefs', 3, 'it has no privilege'), ('nnp', 3, 'no_new_privs is set'), ('as', None, '')):
            with self.subTest(state):
                r, message, child = self.start(plan, prefix=[self.probes + '/nasty', state])
                self.assertFalse(child)
                self.assertIn(text, message + r.err)
                self.assertGreater(r.returncode, 0)
                self.assertIn(r.returncode, (status,) if status else range(1, 128), r)

    def test_A15_in_a_user_namespace_of_the_callers_it_does_nothing(self):
        plan = self.plan()
        r, message, child = self.start(plan, prefix=['unshare', '-r'])
        self.assertRegex(message + r.err, 'user namespace|root' if self.users_make_namespaces() else 'unshare failed')
        self.assertFalse(child)


class Killed(GateTest):
    def test_whatever_is_killed_nothing_stays(self):
        """croft and the gate, at moments all over the start: check_leftovers() of every test looks for what is left."""
        for i in range(60):
            p = self.popen_as(USER, [self.croft_path, 'run', '--gate', 'host', '--', 'sleep', '30'])
            time.sleep(i * 0.0004)
            if i % 2:
                p.kill()
            else:
                subprocess.run(['pkill', '-KILL', '-u', USER, '-x', 'croft-gate'], check=False)
                p.send_signal(signal.SIGKILL) if i % 4 else time.sleep(0.01)
                p.kill()
            p.wait(10)
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline and self.holders():
            time.sleep(0.05)
        self.assertEqual(self.holders(), [])

    @staticmethod
    def holders():
        """Processes of the user that hold a capability."""
        uid, found = str(pwd.getpwnam(USER).pw_uid), []
        for pid in filter(str.isdigit, os.listdir('/proc')):
            with contextlib.suppress(OSError):
                with open(f'/proc/{pid}/status', encoding='utf-8') as f:
                    fields = fields_of(f.read())
                if fields['Uid'].split()[0] == uid and int(fields['CapPrm'], 16) and fields['State'][0] not in 'ZX':
                    with open(f'/proc/{pid}/stack', encoding='utf-8') as f:
                        found.append((pid, fields['Name'], fields['State'], fields['PPid'], f.read()))
        return found


