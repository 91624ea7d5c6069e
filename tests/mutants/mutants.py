#!/usr/bin/env python3
"""Changes helper/ and policy/ in small ways, one at a time, and looks whether a test notices (mutate.py says which ways).

    mutants.py --build DIR [--unit-only] [--sample N] [--seed SEED] [--seconds N] [--patience N] [--keep] [FILE...]

DIR is a build folder with unit tests in it. A mutant is killed by a unit test that holds its file, else, as root, by a system
test. A survivor is listed in `allowed`, with the reason why it cannot matter, or is a failure; so is an entry there that fits
nothing, or whose mutant is killed. At the end a line a file, and "N passed, N failed": mutants, and survivors and entries.
--keep does not run again what DIR/mutants/results.json calls killed. --seconds: what was not run by then is counted as such;
--patience: what no system test has killed in that many seconds, too.
"""
import argparse
import collections
import concurrent.futures
import glob
import json
import os
import random
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
sys.path[:0] = [HERE, TESTS + '/system', TESTS]
import mutate  # noqa: E402  (found by the line above)
import run  # noqa: E402
import system  # noqa: E402
import unit  # noqa: E402
from allowed import read_allowed  # noqa: E402


def in_turn(mutants, seed):
    """One of each function, then a second of each: so that any beginning of it is a fair part."""
    chance = random.Random(seed)
    of_function = collections.defaultdict(list)
    for m in mutants:
        of_function[m.file, m.function].append(m)
    rows = list(of_function.values())
    for row in rows:
        chance.shuffle(row)
    chance.shuffle(rows)
    result = []
    while rows:
        result += [row.pop() for row in rows]
        rows = [row for row in rows if row]
    return result


NOT_RUN = ('not run', '')


class Results:
    """What happened to each mutant, and which system tests have not noticed it, kept in a file."""

    def __init__(self, path, keep):
        self.path, self.verdicts, self.tried = path, {}, {}
        if keep and os.path.exists(path):
            with open(path, encoding='utf-8') as f:
                kept = json.load(f)
            self.verdicts = {k: v[:2] for k, v in kept.items() if v[0] in ('killed', 'no program')}
            self.tried = {k: v[2] for k, v in kept.items()}

    def put(self, mutant, verdict, by, tried=None):
        self.verdicts[mutant.key] = [verdict, by]
        if tried is not None:
            self.tried[mutant.key] = tried

    def save(self):
        with open(self.path + '.new', 'w', encoding='utf-8') as f:
            json.dump({k: [*self.verdicts.get(k, NOT_RUN), self.tried.get(k, {})] for k in {**self.verdicts, **self.tried}}, f, indent=1)
        os.rename(self.path + '.new', self.path)


def run_unit(mutants, sources, build, results, until):
    tests = unit.Tests(build)

    def one(m):
        if time.monotonic() > until:
            return
        results.put(m, *tests.kill(m, m.apply(sources[m.file])))

    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for n, _ in enumerate(pool.map(one, mutants)):
            if n % 100 == 99:
                print(f'      {n + 1} of {len(mutants)} with unit tests', flush=True)
                results.save()


def run_system(mutants, sources, folder, results, until, patience):
    tests = system.Tests(folder + '/system', folder, patience)
    for n, m in enumerate(mutants):
        if time.monotonic() > until:
            for late in mutants[n:]:
                results.verdicts.pop(late.key, None)
            break
        verdict, by, tried = tests.kill(m, sources[m.file], results.tried.get(m.key, {}))
        results.put(m, verdict, by, tried)
        results.save()
        print(f'      {n + 1} of {len(mutants)} with system tests: {verdict} {by if verdict == "killed" else m.key}', flush=True)
    tests.restore()


def report(mutants, allowed, results, files, whole):
    """Prints; returns (what is good, what is bad)."""
    bad = good = 0
    table = collections.defaultdict(collections.Counter)
    for m in mutants:
        verdict, by = results.verdicts.get(m.key, NOT_RUN)
        if verdict == 'survived' and m.key in allowed:
            verdict = 'allowed'
        table[m.file][verdict] += 1
        if verdict == 'survived':
            print(f'FAIL  {m.key}\n      survived: {m.file}:{m.line}{by and ", " + by}')
        elif verdict == 'killed' and m.key in allowed:
            print(f'FAIL  {m.key}\n      is allowed to survive, and was killed by {by}: take it out of tests/mutants/allowed')
        bad += verdict == 'survived' or (verdict == 'killed' and m.key in allowed)
        good += verdict in ('killed', 'allowed')
    keys = {m.key for m in whole}
    for key in allowed:
        if key.split(':', 1)[0] in files and key not in keys:
            print(f'FAIL  {key}\n      is in tests/mutants/allowed and fits nothing')
            bad += 1
    for file, n in [*sorted(table.items()), ('all', sum(table.values(), collections.Counter()))]:
        print(f'{file:26} {n["killed"]:5} of {n["killed"] + n["survived"] + n["allowed"]:5} killed, {n["allowed"]} allowed to live, '
              f'{n["survived"]} survived, {n["no program"]} did not compile, {n["not run"] + n["not decided"]} not run to the end')
    return good, bad


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--build', required=True)
    parser.add_argument('--unit-only', action='store_true')
    parser.add_argument('--sample', type=int, default=0)
    parser.add_argument('--seed', default='croft')
    parser.add_argument('--seconds', type=float, default=float('inf'))
    parser.add_argument('--patience', type=float, default=float('inf'))
    parser.add_argument('--keep', action='store_true')
    parser.add_argument('files', nargs='*')
    args = parser.parse_args()
    os.chdir(run.TOP)
    build = os.path.abspath(args.build)
    if not args.unit_only:
        if os.geteuid() != 0:
            raise SystemExit('mutants: system tests need root; --unit-only does without')
        run.name_prefix(build + '/mutants/system')
        run.isolate()
    until = time.monotonic() + args.seconds
    files = args.files or sorted(glob.glob('policy/*.c') + glob.glob('helper/*/*.c'))
    os.makedirs(build + '/mutants', exist_ok=True)
    includes = unit.build.Commands(build, 'unit-tests', *(f'{build}/{p}' for p in unit.build.PROGRAMS)).includes
    whole = [m for f in files for m in mutate.mutants(f, includes(f))]
    allowed = read_allowed(HERE + '/allowed')
    mutants = in_turn(whole, args.seed)
    if args.sample:
        mutants = [m for m in mutants if m.key not in allowed][:args.sample]
    results = Results(build + '/mutants/results.json', args.keep)
    todo = [m for m in mutants if m.key not in results.verdicts]
    sources = {}
    for f in files:
        with open(f, encoding='utf-8') as text:
            sources[f] = text.read()
    run_unit(todo, sources, build, results, until)
    if not args.unit_only:
        left = [m for m in todo if results.verdicts.get(m.key, [''])[0] == 'survived']
        left.sort(key=lambda m: m.key in allowed)
        run_system(left, sources, build + '/mutants', results, until, args.patience)
    results.save()
    good, bad = report(mutants, allowed, results, files, whole)
    print(f'{good} passed, {bad} failed')
    return 0 if good and not bad else 1


if __name__ == '__main__':
    sys.exit(main())
