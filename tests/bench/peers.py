"""Other tools, doing what croft does for a plan, as far as they can: the same namespaces, mounts and command.

Where one cannot, that is in its note. None is given a seccomp filter, and none has Landlock: what they leave out is to their advantage.
"""
import json
import os
import shutil

READ_ONLY, OPTIONAL = 1, 4  # OPF_ of sandbox/plan.h
EMPTY = 4096


class Peer:
    """name; note: what is not the same; argv(subject) for a start with the caller's own id, full_argv with subordinate ids (or None)."""

    def __init__(self, name, program, note, argv, full_argv=None):
        self.name, self.program, self.note = name, program, note
        self._argv, self._full_argv = argv, full_argv

    def argv(self, subject, full):
        """None: it has no such start."""
        make = self._full_argv if full else self._argv
        return make and [shutil.which(self.program) or self.program, *make(subject)]


class Subject:
    """What is started: the plan, and a folder of the user's with what a peer needs of it."""

    def __init__(self, plan, folder, maps, kind_of, cap_names):
        self.plan, self.folder, self.maps, self.kind_of, self.cap_names = plan, folder, maps, kind_of, cap_names
        self.command = plan['argv']
        self.root = folder + '/root'
        self.bundle = folder + '/bundle'

    def ops(self, *kinds):
        """[(operation, kind of its source or place)] of what is there."""
        for op in self.plan['ops']:
            kind = self.kind_of(op['source'] or op['target'])
            if op['kind'] in kinds and (kind or op['kind'] not in ('mirror', 'conf', 'mask', 'read-only', 'text')):
                yield op, kind

    def text_file(self, op):
        return self.folder + op['target'].replace('/', '_')

    def prepare(self):
        """Makes the files: as the user."""
        os.makedirs(self.root)
        for op in self.plan['ops']:
            if op['kind'] == 'text':
                with open(self.text_file(op), 'w', encoding='utf-8') as f:
                    f.write(op['text'])
        for name in ('proc', 'sys', 'dev', 'tmp', 'run', 'root', 'home', 'mnt', 'usr', 'etc'):
            os.mkdir(f'{self.root}/{name}')
        for name in ('passwd', 'group', 'hosts', 'hostname', 'resolv.conf'):  # charliecloud binds over these
            with open(f'{self.root}/etc/{name}', 'w', encoding='utf-8'):
                pass
        for op, kind in self.ops('mirror'):
            if kind == 'link':
                os.symlink(os.readlink(op['source']), self.root + op['target'])
        os.makedirs(self.bundle)
        with open(self.bundle + '/config.json', 'w', encoding='utf-8') as f:
            json.dump(oci_config(self), f)


def bubblewrap(subject):
    args = ['--unshare-user', '--uid', '0', '--gid', '0', '--unshare-pid', '--unshare-uts', '--unshare-ipc', '--die-with-parent', '--new-session',
            '--hostname', subject.plan['hostname']] + ['--unshare-net'] * (subject.plan['namespaces'] & 1)
    for op in subject.plan['ops']:
        kind, target = subject.kind_of(op['source'] or op['target']), op['target']
        if op['kind'] == 'mirror' and kind == 'link':
            args += ['--symlink', os.readlink(op['source']), target]
        elif op['kind'] in ('mirror', 'conf', 'volume') and kind:
            args += ['--ro-bind' if op['flags'] & READ_ONLY else '--bind', op['source'], target]
        elif op['kind'] == 'directory':
            args += ['--perms', f'{op["mode"]:04o}', '--dir', target]
        elif op['kind'] == 'sysfs':
            args += ['--ro-bind', '/sys', target]
        elif op['kind'] in ('proc', 'dev', 'mqueue'):
            args += ['--' + op['kind'], target]
        elif op['kind'] == 'mask' and kind == 'dir':
            args += ['--size', str(EMPTY), '--tmpfs', target, '--remount-ro', target]
        elif op['kind'] == 'mask' and kind:
            args += ['--ro-bind', '/dev/null', target]
        elif op['kind'] == 'tmpfs':
            args += ['--perms', f'{op["mode"]:04o}', '--size', str(op['size']), '--tmpfs', target]
        elif op['kind'] == 'text' and kind:
            args += ['--ro-bind', subject.text_file(op), target]
    return [*args, '--', *subject.command]


UNSHARE = ['--user', '--map-root-user', '--mount', '--pid', '--fork', '--uts', '--ipc', '--net', '--mount-proc', '--kill-child']


def oci_mounts(subject):
    def bind(source, target, *more):
        return {'destination': target, 'type': 'bind', 'source': source, 'options': ['rbind', 'nosuid', 'nodev', *more]}

    safe = ['nosuid', 'nodev']
    for op, kind in subject.ops('mirror', 'proc', 'sysfs', 'dev', 'devpts', 'tmpfs', 'mqueue', 'text', 'conf', 'volume'):
        target, how = op['target'], op['kind']
        if how in ('mirror', 'conf', 'volume') and kind != 'link':
            yield bind(op['source'], target, *['ro'] * (op['flags'] & READ_ONLY))
        elif how == 'text':
            yield bind(subject.text_file(op), target)
        elif how in ('proc', 'sysfs', 'mqueue'):
            yield {'destination': target, 'type': how, 'source': how, 'options': [*safe, 'noexec'] + ['ro'] * (how == 'sysfs')}
        elif how == 'dev':
            yield {'destination': target, 'type': 'tmpfs', 'source': 'tmpfs', 'options': ['nosuid', 'noexec', 'mode=755', 'size=64k']}
        elif how == 'devpts':
            yield {'destination': target, 'type': 'devpts', 'source': 'devpts',
                   'options': ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620']}
        elif how == 'tmpfs':
            yield {'destination': target, 'type': 'tmpfs', 'source': 'tmpfs', 'options': [*safe, f'mode={op["mode"]:o}', f'size={op["size"]}']}


def oci_map(text):
    lines = [list(map(int, line.split())) for line in text.splitlines()]
    return [{'containerID': inside, 'hostID': outside, 'size': count} for inside, outside, count in lines]


def oci_config(subject):
    """For crun and runc."""
    plan, names = subject.plan, ['mount', 'pid', 'uts', 'ipc', 'user'] + ['network'] * (subject.plan['namespaces'] & 1)
    with open('/proc/sys/kernel/cap_last_cap', encoding='ascii') as f:
        every = range(int(f.read()) + 1)
    caps = [subject.cap_names[n] for n in every if plan['caps'] >> n & 1]
    places = {kind: [op['target'] for op, _ in subject.ops(kind)] for kind in ('mask', 'read-only')}
    return {
        'ociVersion': '1.0.2', 'hostname': plan['hostname'], 'root': {'path': subject.root},
        'process': {'user': {'uid': 0, 'gid': 0}, 'args': plan['argv'], 'env': plan['env'], 'cwd': plan['cwd'], 'noNewPrivileges': True,
                    'capabilities': {kind: caps for kind in ('bounding', 'effective', 'permitted')}},
        'mounts': list(oci_mounts(subject)),
        'linux': {'namespaces': [{'type': name} for name in names], 'maskedPaths': places['mask'], 'readonlyPaths': places['read-only'],
                  'uidMappings': oci_map(subject.maps[0]), 'gidMappings': oci_map(subject.maps[1])}}


def of_bundle(*options):
    return lambda subject: [*options, '--root', subject.folder + '/state', 'run', '--bundle', subject.bundle, 'bench']


def podman(subject):
    return ['run', '--rm', '--cgroups=disabled', '--network', 'none', '--security-opt', 'seccomp=unconfined',
            '--volume', '/usr:/usr:ro', '--rootfs', subject.root, *subject.command]


BUBBLEWRAP = Peer('bubblewrap', 'bwrap', 'the host\'s /sys; it ends before its sandbox has', bubblewrap)
PEERS = [
    BUBBLEWRAP,
    Peer('unshare', 'unshare', 'only /proc is mounted, nothing is hidden', lambda s: UNSHARE + s.command,
         lambda s: UNSHARE[:2] + ['--map-auto'] + UNSHARE[2:] + s.command),
    Peer('charliecloud', 'ch-run', 'mount and user namespace only', lambda s: ['--bind', '/usr:/usr', s.root, '--', *s.command]),
    Peer('firejail', 'firejail', 'setuid root; no user namespace; its own mounts',
         lambda s: ['--quiet', '--noprofile', '--net=none', '--private-dev', '--private-tmp', '--', *s.command]),
    Peer('crun', 'crun', '', of_bundle('--cgroup-manager=disabled'), of_bundle('--cgroup-manager=disabled')),
    Peer('runc', 'runc', '', of_bundle(), of_bundle()),
    Peer('podman', 'podman', 'its own mounts', None, podman),
]
