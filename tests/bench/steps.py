"""What a start consists of: the time of each call of the floor, and of each kind of namespace."""
import array
import re
import statistics

from report import Table

LINE = re.compile(r'\t\{__NR_(\w+), \{(.*)\}, \d+\},$')
TEXT = re.compile(r'\(long\)"((?:[^"\\]|\\.)*)"')
BIND = 4096  # MS_BIND
GROUPS = {
    'pivot_root': 'the old root is left', 'umount2': 'the old root is left', 'chdir': 'the old root is left', 'fchdir': 'the old root is left',
    'seccomp': 'seccomp filter', 'landlock_create_ruleset': 'Landlock', 'landlock_add_rule': 'Landlock', 'landlock_restrict_self': 'Landlock',
    'prctl': 'capabilities and no_new_privs', 'capset': 'capabilities and no_new_privs', 'keyctl': 'session keyring',
    'socket': 'interface lo', 'ioctl': 'interface lo', 'mount_setattr': 'flags of mounts',
    **{name: 'files and directories' for name in ('mkdirat', 'symlinkat', 'mknodat', 'openat', 'write', 'close', 'unlinkat', 'fchmod', 'fchmodat')},
}


def group(name, arguments):
    """What a call is counted as."""
    if name != 'mount':
        return GROUPS.get(name, 'everything else')
    values = [value.strip() for value in TEXT.sub(lambda m: m[0].replace(',', ';'), arguments).split(',')]
    if int(values[3]) & BIND:
        return 'bind mounts'
    if TEXT.fullmatch(values[2]):
        return 'new ' + TEXT.fullmatch(values[2])[1]
    return 'flags of mounts'


def calls_of(source):
    """The group of each call, in the order in which they are made."""
    with open(source, encoding='utf-8') as f:
        return [group(*m.groups()) for m in map(LINE.match, f) if m]


def floor_table(stage, rounds):
    plan, _ = stage.plan('--map', 'self')
    path = stage.programs.floor('floor.times', plan, *stage.maps(False), times=True)
    groups, runs = calls_of(path + '.c'), []
    for _ in range(rounds):
        done = stage.run([path], capture_output=True, text=False)
        took = array.array('q', done.stdout)
        if done.returncode != 0 or len(took) != len(groups):
            raise RuntimeError(f'{path}: status {done.returncode}, {len(took)} of {len(groups)} calls: {done.stderr!r}')
        run = dict.fromkeys(groups, 0)
        for name, ns in zip(groups, took):
            run[name] += ns
        runs.append(run)
    rows = [{'name': name, 'calls': groups.count(name), 'us': statistics.median(run[name] for run in runs) / 1000} for name in dict.fromkeys(groups)]
    return Table('where', 'The calls of the floor inside the namespaces, own id alone', [('', 'name'), ('calls', 'calls'), ('median of all, us', 'us')],
                 sorted(rows, key=lambda row: -row['us']))


def namespace_table(stage, rounds):
    done = stage.run([stage.programs.own('namespaces'), str(rounds)], capture_output=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip())
    took = {name: int(ns) / 1000 for name, ns in (line.split() for line in done.stdout.splitlines())}
    rows = [{'name': name, 'us': us, 'added': us - took['none' if name in ('none', 'user') else 'user']} for name, us in took.items()]
    return Table('where', 'A process in a new namespace of one kind and a user namespace, from clone to wait4',
                 [('', 'name'), ('median, us', 'us'), ('added, us', 'added')], rows)
