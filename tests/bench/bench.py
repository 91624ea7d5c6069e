#!/usr/bin/env python3
"""Measures what a start of croft costs, beside the floor of the same sandbox and other tools.

    bench.py --build DIR [--rounds N] [--only start,cpu,...] [--out FOLDER] [--document FILE]...

As root, by `make bench`: installs to a folder of its own, makes a user, removes both. Writes bench.md, bench.json and bench.svg to
the folder, and into the documents what stands between their marks, as <!-- bench: start -->.
"""
import argparse
import contextlib
import os
import subprocess
import sys
import time
import zlib

from stage import Stage, croft_test

USER = 'croftbench'
croft_test.USERS = (USER,)  # before run.py looks at them
import run  # noqa: E402  (found by stage.py)

import machine  # noqa: E402
import report  # noqa: E402
import resting  # noqa: E402
import sections  # noqa: E402


def log(what):
    print(f'{time.strftime("%H:%M:%S")} {what}', file=sys.stderr, flush=True)


def one_cgroup_tree():
    """cgroup v2 where the host has the older tree, in this mount namespace: crun and podman of today start nothing else."""
    if os.path.exists('/sys/fs/cgroup/cgroup.controllers'):
        return
    subprocess.run(['umount', '--recursive', '/sys/fs/cgroup'], check=False)
    subprocess.run(['mount', '-t', 'cgroup2', 'none', '/sys/fs/cgroup'], check=True)


@contextlib.contextmanager
def installed(build):
    """croft in a folder of its own, and the user; both are gone afterwards."""
    prefix = f'/opt/croft-bench.{zlib.crc32(build.encode()):08x}'

    def remove():
        ids = croft_test.test_ids()
        croft_test.kill_processes_of(ids)
        for path in croft_test.files_of(ids):  # locks of podman's
            croft_test.remove_tree(path)
        problem = run.remove_user(USER)
        croft_test.remove_tree(prefix)
        if problem:
            print(f'bench.py: {problem}', file=sys.stderr)

    remove()  # what a killed run has left
    try:
        os.makedirs(prefix, mode=0o755)
        croft_test.Stage.prefix = prefix
        run.make(build, 'install')
        run.make_user(USER, True, 0o755)
        yield prefix
    finally:
        remove()


def chosen(text):
    names = [name for name in text.split(',') if name]
    for name in names:
        if name not in sections.SECTIONS:
            raise argparse.ArgumentTypeError(f'no section {name}; there are {", ".join(sections.SECTIONS)}')
    return names or list(sections.SECTIONS)


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--build', required=True, type=os.path.abspath, help='folder to build in')
    parser.add_argument('--rounds', type=int, default=200)
    parser.add_argument('--only', type=chosen, default='', help='sections: ' + ', '.join(sections.SECTIONS))
    parser.add_argument('--out', type=os.path.abspath, help='folder of the results (default: beside the build)')
    parser.add_argument('--document', action='append', default=[], help='a file with marks')
    return parser.parse_args()


def main():
    asked = options()
    if os.geteuid() != 0:
        sys.exit('bench.py: makes a user and installs programs with capabilities: run as root')
    if asked.rounds < 2:
        sys.exit('bench.py: quartiles need two rounds at least')
    run.isolate()
    one_cgroup_tree()
    os.umask(0o022)
    run.LOCK = '/run/lock/croft-bench.lock'
    run.only_run()
    run.on_signal(run.interrupt)
    resting.allow_many(1000)
    with installed(asked.build) as prefix, Stage(prefix, asked.build + '/gen', USER) as stage:
        bench = sections.Bench(stage, asked.rounds, log)
        about = machine.describe(stage.croft, asked.rounds, sections.PEERS)
        tables = [table for name in asked.only for table in sections.SECTIONS[name](bench)]
    out = asked.out or asked.build + '/results'
    report.write(out, about, tables, bench.left_out, asked.document)
    print(report.markdown(about, tables, bench.left_out))
    log(f'written to {out}')


if __name__ == '__main__':
    try:
        main()
    except run.Interrupted as interrupted:
        sys.exit(128 + interrupted.args[0])
