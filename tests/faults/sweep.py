"""Every system call of a start fails in turn, and each time the sandbox is complete or refused in one sentence.

A Way says how a sandbox is started, and which command it runs: the probe `confined`, whose report is compared with that of an
undisturbed start. The probe `fault` makes one call fail, and waits until every process of the start is gone.
"""
import collections
import errno
import os
import re

from errnos import OLD_KERNEL, errnos_of
from injected import Call, calls_of

COMMAND = '/mnt/confined'
SENTENCE = re.compile(r'\Acroft: [^\n]+\n(croft: hint: [^\n]+\n)?\Z')
NOTES = re.compile(r'\A(croft: [^\n]+\n)?\Z')
# What a program that ended by a signal leaves its parent to say. It names no step.
MUTE = re.compile(r'and said nothing')
# After which failures of a call, or of its Nth, a privileged program may go on, None: all. After every other it refuses.
GOES_ON = {
    'fcntl': None,                     # musl says close-on-exec again, which the open(2) before has done
    'munmap': None,
    'open': 'ENOENT',                  # a file that a host may have or not
    'openat': 'ENOENT',
    'openat2': 'EINTR EAGAIN ELOOP',   # is asked again; ELOOP: through links, as whose path is known (sandbox/plain.h)
    'read': 'EINTR',
    'readlink': 'ENOENT',              # as open
    'sendmsg': 'EINTR',
    'setitimer': None,                 # of a timer that exists it does not fail
    'setresuid 2': None,               # the try to be root again, which has to fail
}
GOES_ON_IDMAP = {**GOES_ON, 'socket': None, 'sendto': None}  # a map does not wait for the log
GOES_ON_GATE = {**GOES_ON,
                'sendto': 'EAGAIN ENOENT',  # there is no log, or it is asked again
                'capget 1': None}           # which installation it is: the lesser then, and what it has is asked again and has to fit
TRIES = 5
NAMESPACES = ('mnt', 'pid', 'uts', 'ipc', 'net', 'user', 'cgroup')

def role(process):
    """The end of a birth: what a person calls it."""
    if ':' in process.rsplit('/', 1)[-1]:
        return process.rsplit(':', 1)[-1]
    return {0: 'front end', 1: 'child', 2: 'grandchild'}.get(process.count('/'), 'descendant')


def normal(report):
    """A report without the numbers that differ from start to start."""
    lines = []
    for line in report.splitlines():
        m = re.match(r'namespace (\w+):\[(\d+)\]$', line)
        if m:
            own = os.stat('/proc/self/ns/' + m[1]).st_ino == int(m[2])
            line = f'namespace {m[1]} {"of the host" if own else "new"}'
        lines.append(re.sub(r'^(/proc/self/mountinfo) \d+ \d+ \d+:\d+ ', r'\1 ', line))
    return lines


def pairs_of(calls, stride, always=()):
    """[(Call, errno)]: every stride-th, those of always, and each new call as on a kernel that does not have it (NTH 0)."""
    pairs = [(call, code) for call in calls for code in errnos_of(call.name)]
    names = {call.name for call in calls}
    chosen = [pair for i, pair in enumerate(pairs)
              if i % stride == 0 or f'{pair[0].name} {errno.errorcode[pair[1]]}' in always]
    return chosen + [(Call('*', name, 0), errno.ENOSYS) for name in OLD_KERNEL if name in names]


def may_go_on(table, call, code):
    errors = table.get(f'{call.name} {call.nth}', table.get(call.name, ''))
    return errors is None or errno.errorcode[code] in errors.split()


def is_static(program):
    """A loader makes calls of its own, before there is a program."""
    with open(program, 'rb') as f:
        return b'/ld-linux' not in f.read()


def name_of(pair):
    """Of a pair, whichever libc makes the call."""
    call, code = pair
    name = {'open': 'openat', 'stat': 'newfstatat', 'lstat': 'newfstatat', 'fstat': 'newfstatat', 'dup2': 'dup3'}.get(call.name, call.name)
    return f'{role(call.process)} {name} {errno.errorcode[code]}'


class Sweep:
    """The pairs of one way. run: (fault or None) -> Run. refused: the undisturbed start is, and no fault may change that.
    others: how the names of programs begin that are not croft's, whose calls are theirs. goes_on: {role: after which failures}."""

    def __init__(self, run, may_differ=(), refused=False, others=(), goes_on=None):
        self.run = run
        self.goes_on = goes_on or {}
        self.refused = refused
        self.may_differ = may_differ  # [(call, errors or None for all, regex of lines of the report)]
        self.tally = collections.Counter()
        self.complaints = []
        good = run(None)
        self.calls = [c for c in calls_of(good) if not any(':' + other in c.process for other in others)]
        self.report = normal(good.out)
        self.undisturbed = good
        # In a start that is refused, the last of each process: it fails when the refusal is said, and is not tried twice. What cannot
        # give its capabilities up says nothing.
        self.telling = set({(c.process, c.name): c for c in self.calls if c.name in ('write', 'sendmsg', 'capset', 'capget')}.values())

    def differs(self, call, code, out):
        """Lines of a report that should be as in the undisturbed one, and are not."""
        allowed = [regex for name, errors, regex in self.may_differ
                   if name == call.name and (errors is None or errno.errorcode[code] in errors.split())]
        got = normal(out)
        lines = set(got) ^ set(self.report)
        if len(got) != len(self.report) and not lines:
            lines = {f'{len(got)} lines'}
        return sorted(line for line in lines if not any(re.match(regex, line) for regex in allowed))

    def statuses(self, call):
        """The execve(2) of the command is the command's own failure, and so is a place that Landlock could not open to it."""
        command = self.calls[-1].process
        return (125, 126, 127) if call.process == command and call.name in ('execve', 'open', 'openat') else (125,)

    def judge(self, call, code, r):
        """What is wrong, or None; counts."""
        words = [line.split()[0] for line in r.lines]
        if 'hang' in words:
            return 'hangs'
        if 'left' in words:
            return 'leaves ' + ', '.join(line for line in r.lines if line.startswith('left'))
        if 'injected' not in words:
            self.tally['not reached'] += 1
            return None
        if 'killed' in words:
            return 'croft is killed by a signal'
        if call in self.telling and self.refused and r.status == 125 and not r.out + r.err:
            self.tally['refused without a word'] += 1
            return None
        if self.refused and (r.status == 0 or any(word == 'executed' for word in words)):
            return 'lets in what is to be refused'
        if r.status == 0:
            wrong = self.differs(call, code, r.out)
            if wrong:
                return f'the sandbox is not complete: {wrong[:4]}'
            table = self.goes_on.get(role(call.process))
            if table and not may_go_on(table, call, code):
                return 'a privileged program goes on as if it had not failed'
            self.tally['complete'] += 1
            return None if NOTES.match(r.err) else 'a complete sandbox with complaints'
        if r.status not in self.statuses(call):
            return f'status {r.status}'
        if r.out:
            return 'refused, and the command has run'
        if not SENTENCE.match(r.err):
            return 'not one sentence'
        if MUTE.search(r.err) and not before_main(call):
            return 'does not name the step'
        self.tally['refused'] += 1
        return None

    def reach(self, fault):
        """A start that gets to the call: one that waits is made as often as there is something to wait for."""
        for _ in range(TRIES):
            r = self.run(fault)
            if any(line.split()[0] in ('injected', 'hang', 'left') for line in r.lines):
                break
        return r

    def all(self, test, stride, always=()):
        pairs = pairs_of(self.calls, stride, always)
        for call, code in test.each_case(pairs, name_of):
            r = self.reach((call, code))
            wrong = self.judge(call, code, r)
            self.tally[role(call.process)] += 1
            if wrong:
                self.complaints.append(f'{call.process} {call.name} {call.nth} {errno.errorcode[code]}: {wrong}; status {r.status}, {r.err!r}')
        self.tally['pairs'] = len(pairs)


def before_main(call):
    """The start of libc in a privileged program looks at descriptors 0-2 and stops by a fault where it cannot: nothing has begun."""
    return call.name == 'poll' and call.nth == 1 and call.process.rpartition(':')[2].startswith(('croft-idmap', 'croft-gate', 'idmap-'))
