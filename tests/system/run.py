#!/usr/bin/env python3
"""Builds croft, installs it in a folder of its own, makes users, runs tests/system/test_*.py and tests/attacks/, removes everything.

    run.py --build DIR [--select PATTERN] [--sanitize FLAGS | --coverage DIR]
    run.py --build DIR --pack FOLDER      builds, and puts what would be installed into the folder: no root, no tests
    run.py --build DIR --unpack FOLDER    tests what is in the folder, on a machine without a compiler (make check-vm)

Started by `make check-system` as root. Output: a line a test, why a test failed, the table of attacks, at the end "N passed, N failed".
A pattern that selects a test of an attack selects what else covers the attack, too.
A skipped test is a failure when CI is set.
"""
import argparse
import atexit
import ctypes
import fcntl
import fnmatch
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
import traceback
import unittest
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
import beside  # noqa: E402  (found by the line above)
import croft_test  # noqa: E402
import debian_root  # noqa: E402
import test_packages  # noqa: E402
import test_rpm  # noqa: E402
from attacks import registry  # noqa: E402
from sanitize import exempt as sanitize  # noqa: E402
from cover import exempt as cover  # noqa: E402
from croft_test import Stage, USER, USER2, USER_NO_SUB, USERS  # noqa: E402

TOP = os.path.dirname(os.path.dirname(HERE))
LOCK = '/run/lock/croft-test.lock'
made = []  # files of the host that were not there
COMMENT = 'croft test user'
MARK = 'CROFT_TEST_ISOLATED'
CLONE_NEWNS = 0x20000  # linux/sched.h


class Interrupted(KeyboardInterrupt):
    """A signal asks for the end. unittest lets KeyboardInterrupt through, and nothing else."""


def on_signal(handler):
    for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sig, handler)


def forget_ignored():
    """What a shell has ignored for a command in the background (QUIT), croft would pass over for its command too."""
    for sig in signal.valid_signals() - {signal.SIGPIPE, signal.SIGXFSZ}:  # these two subprocess sets back itself
        if signal.getsignal(sig) == signal.SIG_IGN:
            signal.signal(sig, signal.SIG_DFL)


def interrupt(signum, _frame):
    raise Interrupted(signum)


def isolate():
    """Begins again without inheritable capabilities, in a mount namespace whose mounts are shared.

    Shared, because a sandbox that forgets to cut propagation then shows its mounts here.
    """
    if os.environ.get(MARK):
        subprocess.run(['mount', '--make-rshared', '/'], check=True)
        return
    os.environ[MARK] = '1'
    # Not by unshare(1): tests/vm/deny-userns has a profile for that, and every process below would be under it.
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS) < 0:
        raise OSError(ctypes.get_errno(), 'unshare')
    subprocess.run(['mount', '--make-rprivate', '/'], check=True)
    os.execvp('setpriv', ['setpriv', '--inh-caps=-all', '--ambient-caps=-all', sys.executable, '-B', *sys.argv])


def only_run():
    """Waits until no other run holds the test users. The lock is held until this process is gone."""
    os.makedirs(os.path.dirname(LOCK), exist_ok=True)
    fd = os.open(LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print('waiting for another run of the system tests', flush=True)
        fcntl.flock(fd, fcntl.LOCK_EX)


# --- users -------------------------------------------------------------------------------------------------------

def remove_user(name):
    """Removes a test user with his home and his subordinate ids. Returns what went wrong, or None."""
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    if entry.pw_gecos.split(',')[0] != COMMENT:
        raise SystemExit(f'user {name} exists and is not a test user of croft; rename it')
    croft_test.kill_processes_of(croft_test.test_ids())
    croft_test.remove_tree(entry.pw_dir)  # before userdel -r, which would follow a mount
    done = subprocess.run(['userdel', '-r', name], capture_output=True, text=True)
    for file in ('/etc/subuid', '/etc/subgid'):
        if croft_test.sub_ranges(name, file):
            return f'{file} still names {name}'
    try:
        pwd.getpwnam(name)
    except KeyError:
        return None
    return f'user {name} is still there: {done.stderr.strip()}'


def make_user(name, sub_ids, home_mode):
    count = '65536' if sub_ids else '0'
    os.makedirs('/home', exist_ok=True)
    subprocess.run(['useradd', '-m', '-d', '/home/' + name, '-s', '/bin/bash', '-c', COMMENT, '-U',
                    '-K', 'SUB_UID_COUNT=' + count, '-K', 'SUB_GID_COUNT=' + count, name], check=True)
    os.chmod('/home/' + name, home_mode)
    for file, option in (('/etc/subuid', '--add-subuids'), ('/etc/subgid', '--add-subgids')):
        ranges = croft_test.sub_ranges(name, file)
        if sub_ids and not ranges:  # a system whose useradd gives none
            start = 2000000000 + 65536 * USERS.index(name)
            subprocess.run(['usermod', option, f'{start}-{start + 65535}', name], check=True)
        if ranges and not sub_ids:
            raise SystemExit(f'{name} was given subordinate ids against our will')


# --- the staging prefix --------------------------------------------------------------------------------------------

def run_make(*args):
    """make, quiet unless it fails; returns what it wrote. Only variables given to the outer make are handed down."""
    env = dict(os.environ)
    variables = env.pop('MAKEFLAGS', '').partition('-- ')[2]
    if variables:
        env['MAKEFLAGS'] = ' -- ' + variables
    env.pop('MAKELEVEL', None)
    command = [os.environ.get('MAKE', 'make'), '-C', TOP, f'-j{len(os.sched_getaffinity(0))}', *args]
    done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors='replace')
    if done.returncode != 0:
        raise SystemExit(f'{done.stdout}run.py: {" ".join(command)}: exit status {done.returncode}')
    return done.stdout


def make(build, *args, destdir=''):
    return run_make('O=' + build, *stage_variables(destdir), *Stage.variables, *args)


def stage_variables(destdir=''):
    return ['DESTDIR=' + destdir, 'PREFIX=' + Stage.prefix, 'BINDIR=' + Stage.prefix + '/bin',
            'LIBEXECDIR=' + Stage.prefix + '/libexec/croft', 'MANDIR=' + Stage.prefix + '/share/man',
            'SYSCONFDIR=' + Stage.prefix + '/etc', 'STATEDIR=' + Stage.prefix + '/var/lib/croft']


def copy_programs(folder, to):
    """To the prefix, since users may be unable to read the folder croft is built in."""
    os.makedirs(to)
    with os.scandir(folder) as entries:
        for entry in entries:
            if '.' not in entry.name:
                shutil.copy(entry.path, f'{to}/{entry.name}')


def name_prefix(build):
    """It follows from the build folder, since it is compiled in: a second run builds little."""
    Stage.prefix = f'/opt/croft-test.{zlib.crc32(build.encode()):08x}'
    Stage.plain = build


def fill(build, destdir=''):
    """All that tests use, below destdir and the prefix."""
    prefix = destdir + Stage.prefix
    os.makedirs(prefix)
    os.chmod(prefix, 0o755)
    make(build, 'install', 'unit-tests', destdir=destdir)
    run_make('O=' + Stage.plain, *stage_variables(), 'probes')  # with other paths all would be made again the next time
    copy_programs(Stage.plain + '/probes', prefix + '/probes')
    os.makedirs(prefix + '/gate')  # not installed: its tests do that, with the privilege that they are about
    shutil.copy(build + '/croft-gate', prefix + '/gate/croft-gate')
    copy_programs(build + '/test', prefix + '/unit')
    os.makedirs(prefix + '/gen')  # of which tests/bench makes the floor
    for name in ('seccomp_filters.c', 'capnames.c'):
        shutil.copy(build + '/gen/' + name, prefix + '/gen')
    # what unit tests read, from the top folder
    os.makedirs(prefix + '/tests/data')
    if os.path.isdir(TOP + '/tests/data'):
        shutil.copytree(TOP + '/tests/data', prefix + '/tests/data', dirs_exist_ok=True)
    os.makedirs(prefix + '/policy')
    for name in os.listdir(TOP + '/policy'):
        if name.endswith('.conf'):
            shutil.copy(f'{TOP}/policy/{name}', f'{prefix}/policy/{name}')
    shutil.copy(TOP + '/tests/run-unit', prefix + '/tests/run-unit')


def sanitized(build, flags):
    """All programs are built with these flags from now on, in a folder of its own, which is returned."""
    build += '-sanitize'
    options = build + '/d/tests/sanitize/options.o'
    Stage.exempt, Stage.mark = sanitize.EXEMPT, b'__asan_init'
    Stage.variables = ('LIBC=glibc', 'SANFLAGS=' + flags, 'CFLAGS=-U_FORTIFY_SOURCE -O1', 'LDFLAGS=' + options)
    make(build, options)
    return build


def counted(build, *first):
    """As sanitized(): all programs count what they run, in files that every user may write. first: targets that are made before.

    The counters are mapped from there (%c), one file a program (%m): so nothing has to be written at an end, which KILL,
    exec and _exit() leave out, and from where the file is no longer seen.
    """
    build += '-coverage'
    Stage.unjudged, Stage.mark, Stage.profiles = cover.UNJUDGED, b'__llvm_profile_runtime', Stage.prefix + '.coverage'
    remove_profiles()
    os.mkdir(Stage.profiles)
    os.chmod(Stage.profiles, 0o777)
    Stage.variables = ('LIBC=glibc', 'CC=clang', 'CFLAGS=-U_FORTIFY_SOURCE -O1 -mllvm -runtime-counter-relocation',
                       f'SANFLAGS=-fprofile-instr-generate={Stage.profiles}/%m%c.profraw -fprofile-update=atomic -fcoverage-mapping')
    os.umask(0)
    make(build, *(first or ('check',)))
    for name in os.listdir(build):
        if name.startswith('croft') and os.path.isfile(f'{build}/{name}'):
            subprocess.run([f'{build}/{name}'], stdin=subprocess.DEVNULL, capture_output=True, check=False)  # makes its file, for all users
    os.umask(0o022)
    return build


def remove_profiles():
    if Stage.profiles and os.path.lexists(Stage.profiles):
        croft_test.remove_tree(Stage.profiles)


def check_instrumented():
    """That a privileged program is built without would be seen by no test."""
    for path in ('bin/croft', 'libexec/croft/croft-idmap', 'gate/croft-gate', 'libexec/croft/croft-root'):
        with open(f'{Stage.prefix}/{path}', 'rb') as f:
            if Stage.mark not in f.read():
                raise SystemExit(f'run.py: {path} is built without {Stage.mark.decode()}')


def install(build, unpack):
    if os.path.lexists(Stage.prefix):
        croft_test.remove_tree(Stage.prefix)
    if unpack:
        shutil.copytree(unpack + Stage.prefix, Stage.prefix, symlinks=True)
        # not packed: capabilities are the machine's
        subprocess.run(['sh', TOP + '/packaging/grant', Stage.prefix + '/libexec/croft/croft-idmap', 'cap_setuid,cap_setgid+p'], check=True)
    else:
        fill(build)
        if Stage.variables:
            check_instrumented()


def remove_dead_log():
    """The socket of a test that was killed (log_case.py): whoever would log to it is refused."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        try:
            s.connect('/dev/log')
        except ConnectionRefusedError:
            os.unlink('/dev/log')
        except FileNotFoundError:
            pass


def clean_up():
    """Removes users and prefix; returns complaints. Does no harm when called twice."""
    remove_dead_log()
    ids = croft_test.test_ids()
    complaints = [f'process {pid} is left: {command}' for pid, command in croft_test.processes_of(ids)]
    complaints += [f'{path} is left' for path in sorted(croft_test.files_of(ids))]
    for path in croft_test.files_of(ids):
        if os.path.isdir(path) and not os.path.islink(path):
            croft_test.remove_tree(path)
        else:
            os.unlink(path)
    complaints += filter(None, map(remove_user, USERS))
    if Stage.prefix and os.path.lexists(Stage.prefix):
        croft_test.remove_tree(Stage.prefix)
    remove_profiles()
    return complaints


def make_missing_files():
    """A bare root has no /etc/hosts; croft's root `host` can only put its own over one that is there."""
    for name in ('hosts', 'hostname', 'resolv.conf'):
        path = '/etc/' + name
        if not os.path.lexists(path):
            with open(path, 'w', encoding='utf-8') as f:
                f.write('127.0.0.1 localhost\n' if name == 'hosts' else '')
            made.append(path)


def end():
    """clean_up() that nothing interrupts."""
    on_signal(signal.SIG_IGN)
    beside.kill_all()
    while made:
        os.unlink(made.pop())
    return clean_up()


# --- running -------------------------------------------------------------------------------------------------------

class Report(unittest.TestResult):
    """A line a test; the reason below it when it did not pass."""

    def __init__(self):
        super().__init__()
        self.passed = 0
        self.failed = 0
        self.verdicts = {}

    def startTest(self, test):
        super().startTest(test)
        self.begin = time.monotonic()
        self.verdict = None

    def stopTest(self, test):
        super().stopTest(test)
        word, why = self.verdict or ('ok', '')
        if word == 'FAIL' and reason(Stage.unjudged, test.id()):
            word, why = 'tried', reason(Stage.unjudged, test.id())
        self.verdicts[test.id()] = word
        if word == 'ok':
            self.passed += 1
        elif word == 'FAIL' or croft_test.in_ci():
            self.failed += 1
        print(f'{word:5} {test.id()}  {time.monotonic() - self.begin:.2f} s', flush=True)
        if why:
            print('      ' + why.rstrip().replace('\n', '\n      '), flush=True)

    def _not_ok(self, word, reason):
        # the first failure says most: what follows (leftovers) is added
        if self.verdict and self.verdict[0] == 'FAIL':
            reason = self.verdict[1] + reason
        self.verdict = (word, reason)

    def _failure(self, _test, err):
        self._not_ok('FAIL', ''.join(traceback.format_exception(*err)))

    def addFailure(self, test, err):
        self._failure(test, err)

    def addError(self, test, err):
        if not hasattr(test, '_testMethodName'):  # of a class or module: no startTest, no stopTest
            self.failed += 1
            print(f'FAIL  {test.id()}\n{"".join(traceback.format_exception(*err))}', flush=True)
            return
        self._failure(test, err)

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self._not_ok('FAIL', f'[{subtest.id()}]\n' + ''.join(traceback.format_exception(*err)))

    def addSkip(self, test, reason):
        if not hasattr(test, '_testMethodName'):
            self.failed += croft_test.in_ci()
            print(f'skip  {test.id()}: {reason}', flush=True)
            return
        self._not_ok('skip', reason)

    def addExpectedFailure(self, test, err):
        self._not_ok('FAIL', 'expectedFailure is not used here: a test passes or fails')

    def addUnexpectedSuccess(self, test):
        self._not_ok('FAIL', 'expectedFailure is not used here: a test passes or fails')


def each(suite):
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from each(item)
        else:
            yield item


def all_tests():
    tests = os.path.dirname(HERE)
    found = list(each(unittest.TestLoader().discover(HERE, 'test_*.py')))
    for pattern_of_files in ('[a-i][0-9]*_*.py', 'not_applicable.py'):
        found += each(unittest.TestLoader().discover(tests + '/attacks', pattern_of_files, tests))
    return found


def reason(table, name):
    """Of a table of globs, for a test; or None."""
    return next((why for pattern, why in table.items() if fnmatch.fnmatch(name, pattern)), None)


def begin_long_ones(wanted):
    """What some of the tests of a whole run will wait for: it begins before the first, and is there when they come."""
    for begin, module in ((debian_root.begin, ''), (test_packages.begin, 'test_packages.'), (test_rpm.begin, 'test_rpm.')):
        if any(name.startswith(module) for name in wanted):
            begin()


def run_tests(pattern):
    found = all_tests()
    names = [t.id() for t in found]
    wanted = {n for n in names if croft_test.selected(n, pattern)}
    wanted |= registry.more(wanted, names)
    report = Report()
    for name in sorted(wanted):
        why = reason(Stage.exempt, name)
        if why:
            print(f'left  {name}: {why}')
            wanted.remove(name)
    if not pattern:
        begin_long_ones(wanted)
    unittest.TestSuite(t for t in found if t.id() in wanted or isinstance(t, unittest.loader._FailedTest)).run(report)
    return report


def set_up(build, instrument=lambda build: build, unpack=None):
    """An installation and users, which end() removes."""
    os.umask(0o022)
    forget_ignored()
    on_signal(interrupt)
    only_run()
    atexit.register(end)
    clean_up()  # what a killed run has left
    install(instrument(build), unpack)
    make_missing_files()
    make_user(USER, True, 0o755)
    make_user(USER2, True, 0o700)
    make_user(USER_NO_SUB, False, 0o755)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--build', required=True, help='folder to build in')
    parser.add_argument('--select', default='', help='a glob over, or a part of, the names of the tests')
    parser.add_argument('--sanitize', default='', help='flags: all programs are built with them')
    parser.add_argument('--coverage', default='', help='folder for what all programs count of what they run')
    parser.add_argument('--pack', help='folder, empty or not there, for what another machine installs')
    parser.add_argument('--unpack', help='such a folder')
    args = parser.parse_args()
    name_prefix(os.path.abspath(args.build))
    if args.pack:
        os.umask(0o022)
        fill(os.path.abspath(args.build), os.path.abspath(args.pack))
        return 0
    if os.geteuid() != 0:
        raise SystemExit('run.py: the system tests make users and install a program with capabilities: run as root')
    isolate()
    how = {}
    if args.sanitize:
        how['instrument'] = lambda build: sanitized(build, args.sanitize)
    elif args.coverage:
        how['instrument'] = counted
    set_up(os.path.abspath(args.build), unpack=args.unpack, **how)
    report = run_tests(args.select)
    if args.coverage:
        shutil.copytree(Stage.profiles, args.coverage)
    complaints = end()
    for complaint in complaints:
        print(f'FAIL  {complaint}')
    lines, bad = registry.table(report.verdicts, whole=not args.select)
    for line in lines:
        print(line)
    failed = report.failed + len(complaints) + bad
    print(f'{report.passed} passed, {failed} failed')
    return 0 if report.passed and not failed else 1


if __name__ == '__main__':
    try:
        status = main()
    except Interrupted as interrupted:
        status = 128 + interrupted.args[0]
        print('run.py: interrupted', file=sys.stderr)
    sys.exit(status)
