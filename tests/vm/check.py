#!/usr/bin/env python3
"""System tests in an emulated machine: systemd, cgroup v2 delegated to users, AppArmor, Debian's own kernel.

    check.py --build DIR [--select PATTERN[,PATTERN...]] [--setup LINE] [--dir DIR] [--suite SUITE] [--append 'KERNEL ARGUMENTS']

Started by `make check-vm`, as root. croft is built here and tested there, by tests/system/run.py. --setup is a shell line that
prepares the machine, run in the tree there, as 'sysctl -w kernel.unprivileged_userns_clone=0' or 'sh tests/vm/deny-userns'. Ends with the status of the tests.
"""
import argparse
import os
import shlex
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, HERE)
import vm  # noqa: E402  (found by the line above)

TREE = '/root/croft'  # in the machine


def pack(build, folder):
    """What the machine needs: the tree without what was built, and below `pack` what is installed."""
    if os.path.lexists(folder):
        shutil.rmtree(folder)
    os.makedirs(folder)
    subprocess.run([sys.executable, '-B', TOP + '/tests/system/run.py', '--build', build, '--pack', folder + '/pack'], check=True)
    listed = subprocess.run(['git', '-C', TOP, 'ls-files', '-coz', '--exclude-standard'], capture_output=True, check=False)
    if listed.returncode == 0:
        names = [n for n in listed.stdout.decode('utf-8', 'surrogateescape').split('\0') if n and os.path.lexists(f'{TOP}/{n}')]
    else:  # an archive of a release
        names = [os.path.relpath(os.path.join(at, f), TOP) for at, _, files in os.walk(TOP) for f in files
                 if not os.path.join(at, f).startswith(build)]
    for name in names:
        os.makedirs(os.path.dirname(f'{folder}/{name}'), exist_ok=True)
        shutil.copy2(f'{TOP}/{name}', f'{folder}/{name}', follow_symlinks=False)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--build', required=True, help='folder to build in')
    parser.add_argument('--select', default='test_limits,test_run_table', help='as of run.py, several with commas')
    parser.add_argument('--setup', default='', help='shell line that prepares the machine')
    vm.add_arguments(parser)
    args = parser.parse_args()
    build = os.path.abspath(args.build)
    m = vm.machine(args)
    pack(build, build + '-pack')
    ci = 'CI=1 ' if os.environ.get('CI') else ''
    with m:
        m.copy_in(build + '-pack', TREE)
        status = m.run(f'cd {TREE} && {args.setup}') if args.setup else 0
        return status or m.run(f'cd {TREE} && CROFT_VM=1 {ci}python3 -B tests/system/run.py --build {shlex.quote(build)} '
                               f'--unpack {TREE}/pack --select {shlex.quote(args.select)}')


if __name__ == '__main__':
    sys.exit(main())
