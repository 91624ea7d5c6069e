"""What the host has: counted before and after, to see what sandboxes have left."""
import contextlib
import os
import re
import time

MIB = 1 << 10  # the files of /proc count in KiB


def _read(path):
    with open(path, encoding='utf-8', errors='replace') as f:
        return f.read()


def keys_of(uids):
    """Keys that the kernel counts for users."""
    total = 0
    for line in _read('/proc/key-users').splitlines():
        uid, counts = line.split(':')
        if int(uid) in uids:
            total += int(counts.split()[1].split('/')[0])
    return total


def cgroups():
    return sum(len(dirs) for _, dirs, _ in os.walk('/sys/fs/cgroup'))


def memory():
    """KiB of all memory, of the kernel's objects that cannot be given back on demand, and in tmpfs."""
    fields = {name: int(n) for name, n in re.findall(r'(?m)^(\w+): +(\d+) kB', _read('/proc/meminfo'))}
    return {'KiB of memory': fields['MemTotal'] - fields['MemAvailable'], 'KiB of kernel objects': fields['SUnreclaim'],
            'KiB in tmpfs': fields['Shmem']}


class Host:
    """before = Host(uids); ...; before.changes(count) -> sentences, empty where nothing of it stayed.

    What a sandbox may not leave is less than one of anything for each; what else runs on the host moves the numbers
    a little, and for a while: so some of each is allowed, and time to settle.
    """
    FILES, MEMORY = 500, 1024 * MIB  # of other work on the host

    def __init__(self, uids):
        self.uids = uids
        self.begin = self.now()

    def now(self):
        return {'open files': int(_read('/proc/sys/fs/file-nr').split()[0]), 'mounts': _read('/proc/self/mountinfo').count('\n'),
                'keys': keys_of(self.uids), 'cgroups': cgroups(), **memory()}

    def _allowed(self, count):
        return {'open files': self.FILES + count // 5, 'mounts': 0, 'keys': 4, 'cgroups': 0,
                'KiB of memory': self.MEMORY + 4 * count, 'KiB of kernel objects': 32 * MIB + 2 * count, 'KiB in tmpfs': 64 * MIB + count}

    def changes(self, count, seconds=60):
        deadline = time.monotonic() + seconds
        allowed = self._allowed(count)
        while True:
            self.end = self.now()
            more = [f'{n - self.begin[what]} {what} more than before' for what, n in self.end.items() if n - self.begin[what] > allowed[what]]
            if not more or time.monotonic() > deadline:
                return more
            with contextlib.suppress(OSError), open('/proc/sys/vm/drop_caches', 'w', encoding='ascii') as f:
                f.write('2')
            time.sleep(0.5)

    def __str__(self):
        return ', '.join(f'{what} {self.end[what] - n:+d}' for what, n in self.begin.items())
