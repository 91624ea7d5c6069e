#!/usr/bin/python3
"""Start-up of a sandbox, from posix_spawn to wait4, against other tools: interleaved, as an ordinary user.

    tests/bench/start.py CROFT [--rounds N] [--user NAME] [--json FILE]

Each round starts every tool once, in turn, so that a change of the machine's speed hits all alike; a ratio is taken pair by
pair with croft's run of the same round. Absolute times on a shared machine mean little; quote the ratios.
Tools that are not installed are left out and named. Run it as root: it drops to the user (default: nobody is not enough for
subordinate ids, so name one that has them).
"""
import argparse
import json
import os
import platform
import pwd
import shutil
import statistics
import subprocess
import sys
import time

SYSTEM = ['usr', 'bin', 'sbin', 'lib', 'lib64', 'etc']


def bwrap_system():
    """The host's system read-only over a tmpfs, as croft's root `host` has it."""
    args = []
    for name in SYSTEM:
        path = '/' + name
        if os.path.islink(path):
            args += ['--symlink', os.readlink(path), path]
        elif os.path.isdir(path):
            args += ['--ro-bind', path, path]
    return args


def tools(croft, root):
    """name -> (group, argv). Groups: the pairs that do the nearest to the same work."""
    bwrap = ['bwrap', '--unshare-user', '--uid', '0', '--gid', '0', '--unshare-pid', '--unshare-uts', '--unshare-ipc',
             '--die-with-parent', '--new-session']
    kernel = ['--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp', '--tmpfs', '/run', '--tmpfs', '/dev/shm', '--mqueue',
              '/dev/mqueue']
    unshare = ['unshare', '--user', '--map-root-user', '--mount', '--pid', '--fork', '--uts', '--ipc', '--net',
               '--mount-proc', '--kill-child']
    return {
        'croft --map self host': ('host', [croft, 'run', '--map', 'self', 'host', '--', '/bin/true']),
        'croft --map self --network host host':
            ('host, no net', [croft, 'run', '--map', 'self', '--network', 'host', 'host', '--', '/bin/true']),
        'bwrap (same mounts)': ('host', bwrap + ['--unshare-net'] + bwrap_system() + kernel + ['/bin/true']),
        'bwrap (same mounts, no net)': ('host, no net', bwrap + bwrap_system() + kernel + ['/bin/true']),
        'unshare (proc only)': ('host', unshare + ['/bin/true']),
        'croft full table, subordinate ids':
            ('full', [croft, 'run', '-v', '/usr/share:/mnt/share:ro', '--conf', '/etc', root, '--', '/bin/true']),
        'croft full table, own id':
            ('full', [croft, 'run', '--map', 'self', '-v', '/usr/share:/mnt/share:ro', '--conf', '/etc', root, '--',
                      '/bin/true']),
        'bwrap full table, own id':
            ('full', bwrap + ['--unshare-net', '--hostname', 'croft', '--bind', root, '/'] + kernel +
             ['--ro-bind', '/usr/share', '/mnt/share', '--ro-bind', '/etc/hosts', '/etc/hosts', '--ro-bind',
              '/etc/hostname', '/etc/hostname', '--ro-bind', '/etc/resolv.conf', '/etc/resolv.conf', '/bin/true']),
        'unshare --map-auto --root, subordinate ids':
            ('full', ['unshare', '--user', '--map-root-user', '--map-auto', '--mount', '--pid', '--fork', '--uts', '--ipc',
                      '--net', '--mount-proc', '--root', root, '/bin/true']),
    }


def once(argv):
    null = os.open('/dev/null', os.O_RDWR)
    actions = [(os.POSIX_SPAWN_DUP2, null, fd) for fd in range(3)]
    begin = time.perf_counter()
    pid = os.posix_spawnp(argv[0], argv, os.environ, file_actions=actions)
    _, status = os.waitpid(pid, 0)
    end = time.perf_counter()
    os.close(null)
    return os.waitstatus_to_exitcode(status), end - begin


def become(name):
    user = pwd.getpwnam(name)
    os.environ.update(HOME=user.pw_dir, USER=name)
    os.chdir(user.pw_dir)
    os.initgroups(name, user.pw_gid)
    os.setresgid(user.pw_gid, user.pw_gid, user.pw_gid)
    os.setresuid(user.pw_uid, user.pw_uid, user.pw_uid)


def measure(table, rounds):
    usable, left_out = {}, []
    for name, (group, argv) in table.items():
        if not shutil.which(argv[0]) or once(argv)[0] != 0:
            left_out.append(name)
        else:
            usable[name] = []
    for _ in range(rounds):
        for name, times in usable.items():
            status, seconds = once(table[name][1])
            if status != 0:
                sys.exit(f'{name}: ended with {status} in the middle of the measurement')
            times.append(seconds)
    return usable, left_out


def report(table, times):
    rows = []
    for name, mine in times.items():
        group = table[name][0]
        base = next((n for n in times if table[n][0] == group and n.startswith('croft')), name)
        ratios = [a / b for a, b in zip(mine, times[base])]
        quarter = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else [ratios[0]] * 3
        rows.append({'name': name, 'base': base, 'median_ms': statistics.median(mine) * 1000, 'ratio': quarter[1],
                     'q1': quarter[0], 'q3': quarter[2]})
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('croft')
    parser.add_argument('--rounds', type=int, default=200)
    parser.add_argument('--user')
    parser.add_argument('--json')
    options = parser.parse_args()
    if options.user:
        become(options.user)
    root = os.path.join(os.environ['HOME'], f'croft-bench-{os.getpid()}')
    subprocess.run([options.croft, 'root', 'build', '--quiet', root, 'bash', 'true', 'mount'], check=True)
    try:
        table = tools(options.croft, root)
        times, left_out = measure(table, options.rounds)
    finally:
        subprocess.run(['rm', '-rf', root], check=False)
    rows = report(table, times)
    print(f'{platform.system()} {platform.release()}, {os.cpu_count()} processors, {options.rounds} rounds')
    print(f'{"":44} {"median ms":>9}  ratio to croft of the same group (quartiles)')
    for row in rows:
        print(f'{row["name"]:44} {row["median_ms"]:9.2f}  {row["ratio"]:.2f} ({row["q1"]:.2f}-{row["q3"]:.2f})  / {row["base"]}')
    for name in left_out:
        print(f'{name:44} left out: not installed, or it does not work here')
    if options.json:
        with open(options.json, 'w', encoding='utf-8') as f:
            json.dump({'rounds': options.rounds, 'kernel': platform.release(), 'rows': rows, 'left_out': left_out}, f, indent=1)


if __name__ == '__main__':
    main()
