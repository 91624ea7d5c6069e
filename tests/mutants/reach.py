"""Which lines and conditions each system test reaches: so that a mutant is tried by tests that can notice it, and by no others.

    reach.measured(build, names)     {name: Reached} of system tests, of build/reach.json, where what is no longer true is measured anew

The tests are run once, on programs that count what they run (run.counted), and after each it is asked which counters are other than
before. Of a test of very many cases (CroftTest.each_case) each case is asked for, too; its name is 'TEST [CASE]'.
"""
import collections
import glob
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
import traceback
import unittest

import croft_test
import run  # tests/system
from croft_test import Stage

FOLDERS = ('helper/', 'policy/')
CODE, EXPANSION, BRANCH = 0, 1, 4  # kinds of regions, llvm/ProfileData/Coverage/CoverageMapping.h
ALL = '*'           # the name of what there is to be reached
TIME_LIMIT = 3600  # seconds for one test of all cases
PROGRAMS = ('croft', 'croft-idmap', 'croft-gate')


class Reached(collections.namedtuple('Reached', 'took passed regions')):
    """regions: keys of file, first line and column, last line and column, and what of it: run, true, false."""


def _digest(paths):
    h = hashlib.sha256()
    for path in sorted(paths):
        with open(f'{run.TOP}/{path}', 'rb') as f:
            h.update(path.encode() + b'\0' + f.read())
    return h.hexdigest()[:16]


def _files(*patterns):
    return [p for pattern in patterns for p in glob.glob(pattern, root_dir=run.TOP)]


def digests(tests):
    """{name of a test: what it would find}: the programs, the test's file, and what such files share."""
    programs = _digest(_files('common/*.[ch]', 'policy/*.[ch]', 'policy/*.conf', 'helper/*/*.[ch]', 'vet/*.[ch]', 'sandbox/*.[ch]'))
    shared = [p for p in _files('tests/system/*.py', 'tests/faults/*.py', 'tests/attacks/attack.py')
              if not os.path.basename(p).startswith(('test_', 'run.py'))]
    of_file = {}
    for test in tests:
        file = os.path.relpath(sys.modules[type(test).__module__].__file__, run.TOP)
        if file not in of_file:
            of_file[file] = programs + _digest([*shared, file])
    return {t.id(): of_file[os.path.relpath(sys.modules[type(t).__module__].__file__, run.TOP)] for t in tests}


class _Counters:
    """What the programs have counted up to now."""

    def __init__(self, build):
        self.build = build
        self.last = self.read()

    def read(self):
        with tempfile.TemporaryDirectory() as folder:
            merged = folder + '/merged'
            subprocess.run(['llvm-profdata', 'merge', '-o', merged, *sorted(glob.glob(Stage.profiles + '/*.profraw'))], check=True)
            first, *others = (f'{self.build}/{p}' for p in PROGRAMS)
            out = subprocess.run(['llvm-cov', 'export', f'-instr-profile={merged}', first, *(w for p in others for w in ('-object', p)),
                                  *FOLDERS], cwd=run.TOP, check=True, stdout=subprocess.PIPE).stdout
        found = collections.Counter()
        for function in json.loads(out)['data'][0]['functions']:
            files = [os.path.normpath(f) for f in function['filenames']]
            for l1, c1, l2, c2, count, file, _, kind in function['regions']:
                if files[file].startswith(FOLDERS) and kind in (CODE, EXPANSION):
                    found[f'{files[file]} {l1} {c1} {l2} {c2} run'] += count
            for l1, c1, l2, c2, true, false, file, _, kind in function['branches']:
                if files[file].startswith(FOLDERS):
                    found[f'{files[file]} {l1} {c1} {l2} {c2} true'] += true
                    found[f'{files[file]} {l1} {c1} {l2} {c2} false'] += false
        return found

    def news(self):
        """Keys whose count is another than at the last question; all there are."""
        now = self.read()
        result = {key for key, count in now.items() if count != self.last[key]}
        self.last = now
        return result


class _Result(unittest.TestResult):
    """What each test, and each case of a test, has reached."""

    def __init__(self, counters):
        super().__init__()
        self.counters, self.found, self.cases = counters, {}, collections.defaultdict(set)
        self.bad = set()

    def startTest(self, test):
        super().startTest(test)
        self.begin = self.last = time.monotonic()
        self.so_far, self.times = set(), collections.Counter()

    def after_case(self, name, case):
        took = time.monotonic() - self.last
        news = self.counters.news()
        self.so_far |= news
        self.cases[f'{name} [{case}]'] |= news
        self.times[f'{name} [{case}]'] += took
        self.last = time.monotonic()

    def stopTest(self, test):
        super().stopTest(test)
        took = time.monotonic() - self.begin
        reached = self.counters.news() | self.so_far
        self.found[ALL] = Reached(0, True, sorted(self.counters.last))
        self.found[test.id()] = Reached(took, test.id() not in self.bad, sorted(reached))
        for case, seconds in self.times.items():
            self.found[case] = Reached(seconds, True, sorted(self.cases[case]))
        print(f'      {took:6.1f} s  {len(reached):5} regions  {test.id()}' + ('' if test.id() not in self.bad else ' (did not pass)'), flush=True)

    def addError(self, test, err):
        self.bad.add(test.id())
        print(''.join(traceback.format_exception(*err))[-600:], flush=True)

    addFailure = addError

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.addError(test, err)


def _measure(build, names, save):
    """In a process of its own, since the installation is another one."""
    run.set_up(build, instrument=lambda b: run.counted(b, *(f'{b}-coverage/{p}' for p in PROGRAMS)))
    result = _Result(_Counters(build + '-coverage'))
    Stage.after_case = result.after_case
    all_tests = {t.id(): t for t in run.all_tests()}
    for name in names:
        all_tests[name].time_limit = TIME_LIMIT
        unittest.TestSuite([all_tests[name]]).run(result)
        croft_test.kill_processes_of(croft_test.test_ids())
        save(result.found)
    run.end()


def measured(build, folder, tests):
    """tests: those that are asked for. build: where mutants are built; folder: where the answer is kept."""
    path = folder + '/reach.json'
    kept = {}
    if os.path.exists(path):
        with open(path, encoding='utf-8') as f:
            kept = json.load(f)
    now = digests(tests)
    kept = {name: row for name, row in kept.items() if row['of'] == now.get(name.partition(' [')[0], row['of'])}
    missing = [name for name in now if name not in kept]

    def save(found):
        rows = {**kept, **{name: {'of': now.get(name.partition(' [')[0], ''), **r._asdict()} for name, r in found.items()}}
        with open(path + '.new', 'w', encoding='utf-8') as f:
            json.dump(rows, f)
        os.rename(path + '.new', path)

    if missing:
        print(f'      {len(missing)} system tests are run once, to see what each reaches', flush=True)
        child = os.fork()
        if child == 0:
            try:
                _measure(build, missing, save)
                os._exit(0)
            except BaseException:
                traceback.print_exc()
                run.end()
                os._exit(1)
        if os.waitpid(child, 0)[1] != 0:
            raise SystemExit('mutants: what the system tests reach could not be measured')
        with open(path, encoding='utf-8') as f:
            kept = json.load(f)
    return {name: Reached(row['took'], row['passed'], frozenset(row['regions'])) for name, row in kept.items()
            if name.partition(' [')[0] in (*now, ALL)}


class Places:
    """Which tests can notice a mutant."""

    def __init__(self, reached):
        self.reached = reached
        self.known = reached[ALL].regions
        self.of_file = collections.defaultdict(list)
        for key in self.known:
            file, *numbers, what = key.split(' ')
            if what == 'run':
                self.of_file[file].append((*map(int, numbers), key))

    def keys(self, mutant, source):
        """Of which one must be reached. Nothing: a table, an enum."""
        def position(offset):
            line = source.count('\n', 0, offset)
            return line + 1, offset - source.rfind('\n', 0, offset)

        sides = [' '.join(map(str, (mutant.file, *position(start), *position(end), what))) for start, end, what in mutant.shows or ()]
        sides = [key for key in sides if key in self.known]
        if sides:
            return sides
        line, column = position(mutant.start)
        around = [r for r in self.of_file[mutant.file] if (r[0], r[1]) <= (line, column) < (r[2], r[3])]
        return [max(around, key=lambda r: (r[0], r[1], -r[2], -r[3]))[4]] if around else []

    def tests(self, mutant, source):
        """{test: None, or which of its cases}"""
        keys = set(self.keys(mutant, source))
        found, cases, of = {}, collections.defaultdict(set), collections.Counter()
        for name, r in self.reached.items():
            test, _, case = name.partition(' [')
            of[test] += bool(case)
            if name != ALL and (not keys or keys & r.regions):
                if case:
                    cases[test].add(case[:-1])
                else:
                    found[test] = None
        for test, some in cases.items():
            if len(some) < of[test] / 2:  # else nothing of them is special there
                found[test] = some
        return found
