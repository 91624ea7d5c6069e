#!/usr/bin/env python3
"""Measures what a start costs, beside the floor of the same sandbox. As root: make bench."""
import argparse
import os
import sys

from stage import USER, Stage, croft_test

croft_test.USERS = (USER,)  # before run.py looks at them
import run  # noqa: E402  (found by stage.py)

import measure  # noqa: E402


def start(stage, rounds):
    for full in (False, True):
        floor, croft, _ = stage.pair('floor-full' if full else 'floor-self', full=full)
        runs = measure.interleaved(stage, rounds, {'floor': floor, 'croft': croft})
        print('full map' if full else '--map self')
        for row in measure.rows(runs, 'floor'):
            print('  {name:40} {median_ms:9.3f} ms  {ratio:6.2f} ({q1:.2f}-{q3:.2f})'.format(**row))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build', required=True, help='folder to build in')
    parser.add_argument('--rounds', type=int, default=200)
    options = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit('bench.py: makes a user and installs programs with capabilities: run as root')
    run.isolate()
    os.umask(0o022)
    run.LOCK = '/run/lock/croft-bench.lock'
    run.only_run()
    with Stage(os.path.abspath(options.build)) as stage:
        start(stage, options.rounds)


if __name__ == '__main__':
    main()
