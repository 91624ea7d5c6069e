#!/usr/bin/env python3
"""Usage: run.py --build DIR --seconds N --jobs N [--merge] NAME...

Runs fuzz targets from the top folder, a few at a time, each over its seeds in tests/data/fuzz/NAME and over the corpus
that grows in DIR/corpus/NAME. At the end a line a target: executions, edges reached, size of the corpus. Status 1 when
one found something; the input is then in DIR/found, and belongs into tests/data/fuzz/NAME once it is understood.

--merge: instead, adds to the seeds the least inputs of the corpus that reach edges which the seeds do not.
"""
import argparse
import concurrent.futures
import os
import re
import resource
import subprocess
import sys

SEEDS = 'tests/data/fuzz'
INPUT_SECONDS = 10  # an input that takes longer is a finding
INPUT_MB = 2048
SEED_BYTES = 2048
KEPT_AS_TEXT = {'plan', 'gate_check'}  # written by hand: their bytes change with each version of plans


def limits():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def run(build, name, arguments):
    log = f'{build}/{name}.log'
    with open(log, 'wb') as out:
        status = subprocess.run([f'{build}/test/fuzz_{name}', *arguments], stdin=subprocess.DEVNULL, stdout=out,
                                stderr=subprocess.STDOUT, preexec_fn=limits, check=False).returncode
    with open(log, encoding='utf-8', errors='replace') as f:
        return status, f.read()


def folders(build, name):
    corpus = f'{build}/corpus/{name}'
    os.makedirs(corpus, exist_ok=True)
    os.makedirs(f'{build}/found', exist_ok=True)
    return corpus, f'{SEEDS}/{name}'


def fuzz(build, name, seconds):
    corpus, seeds = folders(build, name)
    words = f'tests/fuzz/{name}.dict'
    arguments = [f'-max_total_time={seconds}', f'-timeout={INPUT_SECONDS}', f'-rss_limit_mb={INPUT_MB}',
                 f'-artifact_prefix={build}/found/{name}-', '-print_final_stats=1',
                 *([f'-dict={words}'] if os.path.exists(words) else []), corpus, seeds]
    return run(build, name, arguments)


def merge(build, name):
    corpus, seeds = folders(build, name)
    return run(build, name, ['-merge=1', '-set_cover_merge=1', '-use_counters=0', f'-max_len={SEED_BYTES}', seeds,
                             corpus])


def last(pattern, text):
    found = re.findall(pattern, text)
    return int(found[-1]) if found else 0


def report(name, status, text):
    executions = last(r'stat::number_of_executed_units: *(\d+)', text)
    edges = last(r'cov: (\d+)', text)
    corpus = last(r'corp: (\d+)', text)
    print(f'{name:20} {executions:12} executions {edges:6} edges {corpus:6} inputs'
          f'{"" if status == 0 else f"  FAILED, status {status}"}')
    return status == 0 and executions > 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--build', required=True)
    parser.add_argument('--seconds', type=int, default=60)
    parser.add_argument('--jobs', type=int, default=1)
    parser.add_argument('--merge', action='store_true')
    parser.add_argument('name', nargs='+')
    a = parser.parse_args()
    if a.merge and KEPT_AS_TEXT & set(a.name):
        parser.error(f'{" and ".join(sorted(KEPT_AS_TEXT))} are kept as text (plan_text.h), and not merged')
    with concurrent.futures.ThreadPoolExecutor(max(1, a.jobs)) as pool:
        work = [pool.submit(merge, a.build, n) if a.merge else pool.submit(fuzz, a.build, n, a.seconds)
                for n in a.name]
        results = [(n, *w.result()) for n, w in zip(a.name, work)]
    bad = [n for n, status, text in results if a.merge and status or not a.merge and not report(n, status, text)]
    for name, _, text in results:
        if name in bad:
            print(f'--- {name}\n' + '\n'.join(text.splitlines()[-40:]))
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
