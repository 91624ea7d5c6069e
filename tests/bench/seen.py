"""What a process sees of its sandbox, as JSON: run inside, to compare two sandboxes that should be the same."""
import ctypes
import json
import os
import resource
import socket
import stat
import sys

LANDLOCK_CREATE, LANDLOCK_RESTRICT = 444, 446
KEYCTL = {'x86_64': 250, 'aarch64': 219}.get(os.uname().machine)
KEYCTL_DESCRIBE, SESSION_KEYRING = 6, -3
STATUS = ('Umask', 'Uid', 'Gid', 'Groups', 'NSpid', 'NSpgid', 'NSsid', 'CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb', 'NoNewPrivs', 'Seccomp',
          'Seccomp_filters', 'SigBlk', 'SigIgn')
STATUS_OF_INIT = ('Uid', 'Gid', 'CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb', 'NoNewPrivs', 'Seccomp', 'Seccomp_filters')
libc = ctypes.CDLL(None, use_errno=True)


def read(path):
    try:
        with open(path, encoding='utf-8', errors='replace') as f:
            return f.read()
    except OSError as e:
        return e.strerror


def mounts():
    """Without what is different in each: numbers, and what a file system without a privilege to change it says of itself."""
    found = []
    for line in read('/proc/self/mountinfo').splitlines():
        left, right = line.split(' - ')
        _, _, device, root, place, options, *propagation = left.split()
        kind, _, of_all = right.split()
        of_all = ','.join(o for o in of_all.split(',') if o not in ('ro', 'rw'))
        found.append([place, root, options, propagation, kind, of_all, device if not device.startswith('0:') else ''])
    return sorted(found)


def files(folder):
    """[(name, mode, owner, group, target of a link)]."""
    found = []
    for name in sorted(os.listdir(folder)):
        st = os.lstat(f'{folder}/{name}')
        link = os.readlink(f'{folder}/{name}') if stat.S_ISLNK(st.st_mode) else ''
        found.append([name, stat.filemode(st.st_mode), st.st_uid, st.st_gid, link])
    return found


def fields(path, names):
    lines = dict(line.split(':', 1) for line in read(path).splitlines() if ':' in line)
    if 'SigIgn' in lines:  # without 32 and 33, which libc keeps for itself: whoever has them ignored cannot take that back
        lines['SigIgn'] = f'{int(lines["SigIgn"], 16) & ~(3 << 31):016x}'
    return {name: lines[name].split() for name in names if name in lines}


def attempt(path):
    """What comes of writing to it."""
    try:
        os.close(os.open(path, os.O_WRONLY))
        return 'open'
    except OSError as e:
        return e.strerror


def session_keyring():
    """Whose it is, and what others may: two sandboxes have two, so not its number."""
    text = ctypes.create_string_buffer(200)
    n = libc.syscall(KEYCTL, KEYCTL_DESCRIBE, SESSION_KEYRING, text, len(text)) if KEYCTL else 0
    return text.value.decode() if n > 0 else os.strerror(ctypes.get_errno())


def landlock_layers():
    """How many walls of Landlock there are: the kernel takes 16."""
    rights = (ctypes.c_uint64 * 1)(1 << 12)
    most = 0
    while most < 64:
        ruleset = libc.syscall(LANDLOCK_CREATE, rights, 8, 0)
        if ruleset < 0 or libc.syscall(LANDLOCK_RESTRICT, ruleset, 0) < 0:
            break
        os.close(ruleset)
        most += 1
    return 16 - most


def main():
    init = fields('/proc/1/status', STATUS_OF_INIT)
    seen = {
        'mounts': mounts(), '/': files('/'), '/dev': files('/dev'), '/tmp': files('/tmp'), '/run': files('/run'),
        'status': fields('/proc/self/status', STATUS), 'init': init, 'memory of init': attempt('/proc/1/mem'),
        'processes': sorted(int(n) for n in os.listdir('/proc') if n.isdigit()),
        'descriptors': sorted(int(n) for n in os.listdir('/proc/self/fd')),
        'maps': [read(f'/proc/self/{name}') for name in ('uid_map', 'gid_map', 'setgroups')],
        'user namespaces': read('/proc/sys/user/max_user_namespaces'), 'host name': socket.gethostname(), 'directory': os.getcwd(),
        'environment': dict(os.environ), 'limits': [resource.getrlimit(n) for n in range(16)],
        'interfaces': {name: read(f'/sys/class/net/{name}/flags') for name in os.listdir('/sys/class/net')},
        'texts': {name: read(name) for name in ('/etc/hosts', '/etc/hostname', '/etc/resolv.conf')},
        'writing': {name: attempt(name) for name in ('/etc/passwd', '/proc/sys/kernel/hostname', '/proc/sysrq-trigger', '/proc/keys', '/etc/hosts')},
        'keyring': session_keyring(),
        'namespaces': {name: os.readlink(f'/proc/self/ns/{name}') for name in sorted(os.listdir('/proc/self/ns'))},
    }
    seen['landlock'] = landlock_layers()  # last, since it adds some
    json.dump(seen, sys.stdout)


if __name__ == '__main__':
    main()
