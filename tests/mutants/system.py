"""System tests against a mutant: one installation, in which just the changed programs are exchanged."""
import collections
import os
import re
import shutil
import subprocess
import time
import unittest

import build
import croft_test
import run  # tests/system
from croft_test import Stage

TIME_LIMIT = 20    # seconds for a test; what hangs is killed, too
CONTROL_EVERY = 20
# Those that take seconds are tried last.
SLOW = ('.Log', '.Killed', '.Race', '.Faults.', '.Interference.', 'WithSetuid.', 'every_byte', 'start_at_once', 'exit_codes',
        'lines_that_are_refused', 'milliseconds')

# Which tests speak of which programs.
PATTERNS = {
    'croft-idmap': ['test_idmap.', 'test_computed_ids.'],
    'croft-gate': ['test_gate.', 'test_gate_ids.'],
    'croft': ['test_policy_status.'],
}


# Where to look first: functions, by a regular expression, and a part of the names of tests.
HINTS = (
    (r'usage|parse', '.Arguments.'),
    (r'one_line|who|log_', '.Log.'),
    (r'finish|refuse$', '.Log.'),
    (r'enforced|decide$', '.Policies.'),
    (r'explain|traced|nosuid|bounded|refuse_root|initial_namespace|read_proc|reduce$', '.Installation.'),
    (r'reduce|keep_needed|bounded|no_way_back', '.Privilege.'),
    (r'set_caps|take_callers|effective|drop|write_map', '.Interference.'),
    (r'descriptors|open_gate|decide_ids', '.Direct.'),
    (r'check_owner', 'Direct.'),
)


def programs_with(source):
    """The changed file is in these."""
    if source.startswith('helper/idmap/'):
        return ['croft-idmap']
    if source.startswith('helper/gate/'):
        return ['croft-gate']
    return ['croft-idmap', 'croft-gate'] if source.startswith('helper/') else list(build.PROGRAMS)


class First(unittest.TestResult):
    """Stops at the first test that does not pass, which is `by`, or behind a moment: then it is `late`."""

    def __init__(self, until):
        super().__init__()
        self.until, self.late = until, False
        self.by = None
        self.took = {}

    def startTest(self, test):
        super().startTest(test)
        self.begin = time.monotonic()

    def stopTest(self, test):
        super().stopTest(test)
        self.took[test.id()] = time.monotonic() - self.begin
        if time.monotonic() > self.until and not self.by:
            self.late = True
            self.stop()

    def _stop(self, test):
        self.by = self.by or test.id()
        self.stop()

    def addError(self, test, err):
        self._stop(test)

    def addFailure(self, test, err):
        self._stop(test)

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self._stop(test)


class Tests:
    kind = 's'

    def __init__(self, folder, patience):
        run.set_up(folder)
        self.patience = patience
        self.commands = build.Commands(folder, *run.stage_variables(), *(f'{folder}/{p}' for p in build.PROGRAMS))
        croft_test.CroftTest.time_limit = TIME_LIMIT
        self.tests = {t.id(): t for t in run.all_tests() if not isinstance(t, unittest.loader._FailedTest)}
        self.kills = collections.defaultdict(collections.Counter)
        self.took, self.good, self.bad = {}, set(), set()
        self.since_control = 0

    def put(self, program, made):
        """As make install does, and as tests/system/run.py keeps croft-gate."""
        place = {'croft': '/bin/croft', 'croft-idmap': '/libexec/croft/croft-idmap', 'croft-gate': '/gate/croft-gate'}
        to = Stage.prefix + place[program]
        shutil.copy(made, to + '.new')
        os.chmod(to + '.new', 0o755)
        os.rename(to + '.new', to)
        if program == 'croft-idmap':
            subprocess.run(['sh', run.TOP + '/packaging/grant', to, 'cap_setuid,cap_setgid+p'], check=True)

    def restore(self):
        for program in build.PROGRAMS:
            self.put(program, f'{self.commands.build}/{program}')

    def try_tests(self, names, until=float('inf')):
        """Up to the first that does not pass, which is in .by, or until a moment: then .late is true."""
        result = First(until)
        unittest.TestSuite(self.tests[n] for n in names).run(result)
        if result.by and result.by in self.tests:
            self.tests[result.by].doCleanups()
        croft_test.kill_processes_of(croft_test.test_ids())
        self.took.update(result.took)
        return result

    def passes(self, name):
        """Without a change."""
        self.restore()
        result = self.try_tests([name])
        return not result.by and not result.skipped

    def names_for(self, programs):
        patterns = [p for program in programs for p in PATTERNS[program]]
        return [n for n in self.tests if n.startswith(tuple(patterns)) and n not in self.bad]

    def order(self, mutant, names):
        of_function, of_file = self.kills[mutant.file, mutant.function], self.kills[mutant.file]
        failing = re.search(r'err_|failed|refuse|cannot|errno|< 0', mutant.key)  # what happens when a call fails
        hints = [h for functions, h in HINTS if re.search(functions, mutant.function)]
        return sorted(names, key=lambda n: (
            not (failing and '.Faults.' in n), not any(h in n for h in hints), self.took.get(n, 0) > 3 or any(s in n for s in SLOW), -of_function[n], -of_file[n],
            -self.kills['all'][n], self.took.get(n, 0)))

    def fails_by(self, mutant, names, until):
        """The test that does not pass with the change and passes without it; None; or False where time was too short."""
        while names:
            result = self.try_tests(names, until)
            by = result.by
            if not by:
                return False if result.late else None
            self.since_control += 1
            if by not in self.good or self.since_control >= CONTROL_EVERY:
                if self.passes(by):
                    self.good.add(by)
                    self.since_control = 0
                elif by in self.good:
                    raise SystemExit(f'mutants: {by} no longer passes without a change: what it killed is not certain')
                else:
                    print(f'mutants: not used, since it does not pass without a change: {by}', flush=True)
                    self.bad.add(by)
                    names = names[names.index(by) + 1:]
                    self.put_all(mutant)
                    continue
            return by
        return None

    def put_all(self, mutant):
        for program in programs_with(mutant.file):
            self.put(program, self.folder + '/' + program)

    def kill(self, mutant, text):
        programs = programs_with(mutant.file)
        with build.folder() as self.folder:
            made = self.commands.compile(mutant.file, self.kind, text, self.folder)
            for program in programs:
                target = f'{self.commands.build}/{program}'
                if not made or not self.commands.link(target, mutant.file, self.kind, made, self.folder + '/' + program):
                    return 'no program', ''
            self.put_all(mutant)
            by = self.fails_by(mutant, self.order(mutant, self.names_for(programs)), time.monotonic() + self.patience)
        if not by:
            return 'survived' if by is None else 'not decided', ''
        self.kills[mutant.file, mutant.function][by] += 1
        self.kills[mutant.file][by] += 1
        self.kills['all'][by] += 1
        return 'killed', by
