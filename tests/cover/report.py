#!/usr/bin/env python3
"""What the tests have not reached in helper/ and policy/, of the counters of programs built by clang (run.py --coverage).

    report.py --build DIR --profiles DIR [--html DIR]

Prints lines and branches of each folder, and of each file of helper/ and policy/. There, a condition that was never true or never
false, and a function that was never run, is listed in `allowed` with its reason, or is a failure; so is an entry there that fits
nothing. Ends with "N passed, N failed": conditions and functions that are as they should be, and the others.
"""
import argparse
import collections
import glob
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [os.path.dirname(HERE)]
from allowed import read_allowed  # noqa: E402  (found by the line above)

EVERYTHING = ('helper/', 'policy/')  # of which everything has to be reached
CODE, BRANCH = 0, 4  # kinds of regions, llvm/ProfileData/Coverage/CoverageMapping.h


def programs(build):
    """Those of croft first: of a function that is in several, llvm-cov looks at the first."""
    found = [p for pattern in ('croft*', 'test/test_*', 'test/replay_*') for p in sorted(glob.glob(f'{build}/{pattern}'))]
    return [p for p in found if os.path.isfile(p) and os.access(p, os.X_OK)]


def llvm_cov(verb, merged, build, *options):
    first, *others = programs(build)
    objects = [word for p in others for word in ('-object', p)]
    return subprocess.run(['llvm-cov', verb, f'-instr-profile={merged}', first, *objects, *options], cwd=TOP, check=True,
                          stdout=subprocess.PIPE, text=True).stdout


class Source:
    """Text of regions."""

    def __init__(self):
        self.lines = {}

    def text(self, file, region):
        if file not in self.lines:
            with open(f'{TOP}/{file}', encoding='utf-8') as f:
                self.lines[file] = f.read().split('\n')
        line, column, last_line, last_column = region[:4]
        part = self.lines[file][line - 1:last_line]
        part[-1] = part[-1][:last_column - 1]
        part[0] = part[0][column - 1:]
        return ' '.join(' '.join(part).split())


def name_of(function):
    """A static one is called after its file, too."""
    return function['name'].rpartition(':')[2]


def facts(functions):
    """(key, is reached, line) of each side of each condition, and of each function of which nothing was run."""
    source, seen = Source(), collections.Counter()

    def fact(file, function, text, reached, line):
        key = f'{file}:{function}: {text}'
        seen[key] += 1
        return (key if seen[key] == 1 else f'{key} #{seen[key]}'), reached, line

    for function in sorted(functions, key=lambda f: (f['filenames'], f['regions'][0][:2])):
        files = [os.path.normpath(f) for f in function['filenames']]
        if not files[0].startswith(EVERYTHING):
            continue
        name = name_of(function)
        yield fact(files[0], name, '[never run]', function['count'] > 0, function['regions'][0][0])
        if not function['count']:
            continue
        unreached = 0
        for region in function['branches']:
            true, false, number = region[4:7]
            if not files[number].startswith(EVERYTHING) or not (true or false):
                continue  # of a macro of the system; of what is not run, or what the compiler decides
            text = source.text(files[number], region)
            for count, what in ((true, 'true'), (false, 'false')):
                unreached += not count
                yield fact(files[number], name, f'{text} [never {what}]', count > 0, region[0])
        if unreached:
            continue
        for region in function['regions']:  # behind what does not return
            if region[7] == CODE and not region[4] and files[region[5]].startswith(EVERYTHING):
                yield fact(files[region[5]], name, source.text(files[region[5]], region) + ' [never run]', False, region[0])


def percent(n):
    return f'{n["covered"]:6} of {n["count"]:6} {100 * n["covered"] / max(1, n["count"]):5.1f} %'


def table(files):
    """Of a folder; of a file where everything has to be reached."""
    sums = collections.defaultdict(lambda: collections.defaultdict(collections.Counter))
    for file in files:
        name = os.path.normpath(file['filename'])
        folder = os.path.dirname(name)
        if name.startswith('tests/') or name.startswith('..') or os.path.isabs(name) or name.endswith('.h'):
            continue
        for row in [folder + '/', *([name] if name.startswith(EVERYTHING) else [])]:
            for what in ('lines', 'branches'):
                sums[row][what].update({key: file['summary'][what][key] for key in ('covered', 'count')})
    for row, n in sorted(sums.items()):
        yield f'{row:26} lines {percent(n["lines"])}, branches {percent(n["branches"])}'


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--build', required=True)
    parser.add_argument('--profiles', required=True)
    parser.add_argument('--html', help='folder for a page a file, with the lines that were not reached')
    args = parser.parse_args()
    build = os.path.abspath(args.build)
    allowed = read_allowed(HERE + '/allowed')
    with tempfile.TemporaryDirectory() as folder:
        merged = folder + '/merged'
        subprocess.run(['llvm-profdata', 'merge', '-o', merged, *sorted(glob.glob(f'{args.profiles}/*.profraw'))], check=True)
        data = json.loads(llvm_cov('export', merged, build))['data'][0]
        if args.html:
            llvm_cov('show', merged, build, '-format=html', '-show-branches=count', '-output-dir=' + args.html)
    good = bad = 0
    left = dict(allowed)
    for key, reached, line in facts(data['functions']):
        listed = left.pop(key, None)
        if reached and listed:
            print(f'FAIL  {key}\n      is listed in tests/cover/allowed, and was reached: take it out')
        elif not reached and not listed:
            print(f'FAIL  {key}\n      {key.partition(":")[0]}:{line}')
        good += reached != bool(listed)
        bad += reached == bool(listed)
    for key in left:
        print(f'FAIL  {key}\n      is in tests/cover/allowed and fits nothing')
    for line in table(data['files']):
        print(line)
    bad += len(left)
    print(f'{good} passed, {bad} failed')
    return 0 if good and not bad else 1


if __name__ == '__main__':
    sys.exit(main())
