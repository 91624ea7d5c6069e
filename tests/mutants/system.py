"""System tests against a mutant: one installation, in which just the changed programs are exchanged."""
import collections
import math
import os
import re
import shutil
import subprocess
import time
import traceback
import unittest

import build
import croft_test
import reach
import run  # tests/system
from croft_test import Stage

UNFIT = 3          # times that a test did not pass without a change: it is not used any more
LAST = 3           # seconds; tests that take longer are tried last

# The tests that are asked what they reach: those that start what is privileged, and show what they do without croft.
ASKED = ('test_idmap.', 'test_computed_ids.', 'test_gate.', 'test_gate_ids.', 'test_policy_status.', 'attacks.a', 'attacks.b',
         'test_faults.Gate.', 'test_faults.GateIds.', 'test_faults.SetuidGateIds.')

# Where to look first: functions, by a regular expression, and a part of the names of tests.
HINTS = (
    (r'usage|parse', '.Arguments.'),
    (r'one_line|^who|log_|finish|refuse$', '.Log.'),
    (r'enforced|decide$', '.Policies.'),
    (r'explain|traced|nosuid|bounded|refuse_root|initial_namespace|read_proc', '.Installation.'),
    (r'explain|traced|nosuid|bounded|reduce|keep_needed|has_no', 'A13_'),
    (r'reduce|keep_needed|bounded|no_way_back|launch|borrow', '.Privilege.'),
    (r'descriptors|open_gate|decide_ids', '.Direct.'),
    (r'check_owner', 'Owner.'),
    (r'count_|is_sandbox|see$|shows_all', '.Sandboxes.'),
    (r'start_|timers|signals|umask|memory', '.StartState.'),
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
        self.by, self.why = None, ''
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

    def _stop(self, test, err):
        self.why = self.why or ''.join(traceback.format_exception(*err))[-1000:]
        self.by = self.by or test.id()
        self.stop()

    def addError(self, test, err):
        self._stop(test, err)

    def addFailure(self, test, err):
        self._stop(test, err)

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self._stop(test, err)


class Tests:
    kind = 's'

    def __init__(self, folder, keep, patience):
        """folder: to build in. keep: for what the tests reach."""
        asked = [t for t in run.all_tests() if t.id().startswith(ASKED)]
        asked.sort(key=lambda t: 'Faults.' in t.id() or t.id().startswith('test_faults.'))  # long ones
        self.places = reach.Places(reach.measured(folder, keep, asked))
        self.digests = reach.digests(asked)
        run.set_up(folder)
        self.patience = patience
        self.commands = build.Commands(folder, *run.stage_variables(), *(f'{folder}/{p}' for p in build.PROGRAMS))
        self.tests = {t.id(): t for t in run.all_tests() if t.id() in self.digests}
        self.kills = collections.defaultdict(collections.Counter)
        self.bad = collections.Counter()

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

    def took(self, name, cases):
        """Seconds, without a change."""
        reached = self.places.reached
        return 1 + sum(reached[f'{name} [{case}]'].took for case in cases) if cases else reached[name].took

    def try_test(self, name, cases, until=float('inf')):
        """.by is set where it does not pass; .late behind a moment."""
        result = First(until)
        test, Stage.cases = self.tests[name], cases
        test.time_limit = math.ceil(8 + 4 * self.took(name, cases))  # what hangs is killed, too
        unittest.TestSuite([test]).run(result)
        if result.by:
            test.doCleanups()
        Stage.cases = None
        croft_test.kill_processes_of(croft_test.test_ids())
        return result

    def certain(self, mutant, name, cases):
        """Whether a test that does not pass does so for the change: it passes without, and fails with it again. Chance may play a part."""
        self.restore()
        control = self.try_test(name, cases)
        self.put_all(mutant)
        if not control.by and not control.skipped:
            return self.try_test(name, cases).by is not None
        self.bad[name] += 1
        print(f'mutants: not counted, since it does not pass without a change: {name}\n{control.why}', flush=True)
        return False

    def order(self, mutant, tests):
        of_function, of_file = self.kills[mutant.file, mutant.function], self.kills[mutant.file]
        took = {n: self.took(n, cases) for n, cases in tests.items()}
        hints = [h for functions, h in HINTS if re.search(functions, mutant.function)]
        return sorted(tests, key=lambda n: (took[n] > LAST, not any(h in n for h in hints) and not of_function[n], -of_function[n], -of_file[n], took[n] > 1, -self.kills['all'][n], took[n]))

    def put_all(self, mutant):
        for program in programs_with(mutant.file):
            self.put(program, self.folder + '/' + program)

    def made(self, mutant, text):
        """Whether the programs could be made, in self.folder."""
        made = self.commands.compile(mutant.file, self.kind, text, self.folder)
        return made and all(self.commands.link(f'{self.commands.build}/{program}', mutant.file, self.kind, made, self.folder + '/' + program)
                            for program in programs_with(mutant.file))

    def kill(self, mutant, source, tried):
        """(verdict, by whom, tests that have not noticed it). tried: such of an earlier run, which are not tried again."""
        tests = self.places.tests(mutant, source)
        if not tests:
            return 'survived', 'no test reaches it', tried
        names = {n: self.digests[n] + ('' if cases is None else ' some') for n, cases in tests.items() if self.bad[n] < UNFIT}
        tried = {n: d for n, d in tried.items() if names.get(n) == d}
        until = time.monotonic() + self.patience
        left = {n: cases for n, cases in tests.items() if n in names and n not in tried}
        if not left:
            return 'survived', '', tried
        with build.folder() as self.folder:
            if not self.made(mutant, mutant.apply(source)):
                return 'no program', '', {}
            self.put_all(mutant)
            for name in self.order(mutant, left):
                result = self.try_test(name, left[name], until)
                if result.by and self.certain(mutant, name, left[name]):
                    for of in ((mutant.file, mutant.function), mutant.file, 'all'):
                        self.kills[of][name] += 1
                    return 'killed', name, {}
                if not result.by:
                    tried[name] = names[name]
                if result.late and len(tried) < len(names):
                    return 'not decided', '', tried
        return ('survived' if tried.keys() == names.keys() else 'not decided'), '', tried
