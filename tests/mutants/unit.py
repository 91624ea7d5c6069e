"""Unit tests against a mutant: those that hold the changed file, the ones that killed its neighbours first."""
import collections
import os
import signal
import subprocess
import threading
import time

import build
import run  # tests/system

LEAST_TIMEOUT = 10
SLOW = 2            # seconds; such tests come last
# Exhaustive ones, seconds each: only for what they are about.
ABOUT = {
    'test_policy_decide': ('policy/decide.c', 'policy/match.c', 'policy/refuse.c', 'policy/rule.c'),
    'test_all_policies': ('policy/decide.c', 'policy/match.c', 'policy/rule.c'),
    'test_all_ids': ('policy/ids_rule.c',),
    'test_plan': (),
    'test_rmtree': (),
    'test_inroot': (),
}
MEMORY = 4 << 30  # a mutant must not take the machine with it


def run_program(path, timeout):
    """Whether it passes. What it started ends with it."""
    process = subprocess.Popen(['prlimit', f'--as={MEMORY}', '--core=0', path], cwd=run.TOP, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
                               env={**os.environ, 'CMOCKA_MESSAGE_OUTPUT': 'TAP'})
    try:
        return process.wait(timeout) == 0
    except subprocess.TimeoutExpired:
        return False
    finally:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()


class Tests:
    kind = 'd'

    def __init__(self, folder):
        self.commands = build.Commands(folder, 'unit-tests')
        self.programs = sorted(t for t in self.commands.links if os.path.basename(t).startswith(('test_', 'replay_')))
        self.symbols = {p: self.commands.defines(p) for p in self.programs}
        self.took = {}
        self.kills = collections.defaultdict(collections.Counter)  # by function, and by file
        self.lock = threading.Lock()

    def relevant(self, source):
        """Programs that hold the file."""
        made = self.commands.object(source, self.kind)
        own = self.commands.defines(made) - {'main'} if os.path.exists(made) else set()
        return [p for p in self.programs if (own & self.symbols[p] or made in self.commands.links[p])
                and source in ABOUT.get(os.path.basename(p), (source,))]

    def check(self, program):
        """It passes without a change, or nothing that follows means anything."""
        with self.lock:
            if program not in self.took:
                begin = time.monotonic()
                if not run_program(program, 300):
                    raise SystemExit(f'mutants: {program} fails without any change')
                self.took[program] = time.monotonic() - begin

    def order(self, mutant, programs):
        of_function, of_file = self.kills[mutant.file, mutant.function], self.kills[mutant.file]
        name = os.path.basename(mutant.file)[:-2]
        return sorted(programs, key=lambda p: (
            self.took.get(p, 0) > SLOW or os.path.basename(p) in ABOUT, -of_function[p], -of_file[p], name not in os.path.basename(p),
            'test_all' in p, self.took.get(p, 0)))

    def kill(self, mutant, text):
        """(verdict, by whom)"""
        programs = self.relevant(mutant.file)
        if not programs:
            return 'survived', ''
        with build.folder() as folder:
            made = self.commands.compile(mutant.file, self.kind, text, folder)
            if not made:
                return 'no program', ''
            for program in self.order(mutant, programs):
                self.check(program)
                if not self.commands.link(program, mutant.file, self.kind, made, folder + '/test'):
                    return 'no program', ''
                if not run_program(folder + '/test', max(LEAST_TIMEOUT, 10 * self.took[program])):
                    with self.lock:
                        self.kills[mutant.file, mutant.function][program] += 1
                        self.kills[mutant.file][program] += 1
                    return 'killed', os.path.basename(program)
        return 'survived', ''
