"""What a system test stands on.

    from croft_test import CroftTest, USER

    class Volumes(CroftTest):
        def test_a_volume_shows_its_files(self):
            data = self.make_dir(USER)
            self.write(data + '/f', 'hello\\n', USER)
            r = self.croft(USER, 'run', '--map', 'self', '-v', data + ':/mnt', 'host', '--', 'cat', '/mnt/f')
            self.assertRan(r)
            self.assertEqual(r.out, 'hello\\n')

Tests are run by `make check-system` (run.py), which has installed croft below `self.prefix` and made the users.
After every test the harness looks for what it left: processes of the test users, mounts, files in shared folders.
The runner lives in a mount namespace of its own whose mounts are shared, so that a sandbox that forgets to cut
propagation is noticed.
"""
import contextlib
import fcntl
import fnmatch
import grp
import hashlib
import os
import pwd
import re
import select
import signal
import stat
import struct
import subprocess
import tempfile
import termios
import time
import unittest

USER = 'crofttest1'         # subordinate ranges, home 0755
USER2 = 'crofttest2'        # subordinate ranges, home 0700
USER_NO_SUB = 'crofttestn'  # no subordinate ranges
USERS = (USER, USER2, USER_NO_SUB)
SHARED_FOLDERS = ('/tmp', '/var/tmp', '/dev/shm', '/run', '/run/lock', '/opt')

# What croft exits with when it is not the command that speaks (common/err.h).
EXIT_TIME_LIMIT, EXIT_CROFT, EXIT_NOT_EXEC, EXIT_NOT_FOUND = 124, 125, 126, 127

# What a sanitizer says (tests/sanitize/options.c).
COMPLAINT = re.compile(r'AddressSanitizer|UndefinedBehaviorSanitizer|runtime error:')


class Stage:
    """Where croft is installed for this run; filled in by run.py before the tests are loaded."""
    prefix = None
    plain = None    # the folder it is built in, without what follows
    variables = ()  # of make, for programs with sanitizers or counters
    exempt = {}     # globs of tests that cannot hold with these: why
    unjudged = {}   # of tests that run there, and may fail: why
    mark = b''      # what is in each of these programs
    profiles = None  # the folder of the counters
    cases = None     # of a test of very many cases, those that are tried; None: all (tests/mutants)
    after_case = None  # called with the test and the name, after all of that name


def in_ci():
    return bool(os.environ.get('CI'))


class Result:
    """How a command ended. status: as in $? (128 + n for a signal); out, err: text."""

    def __init__(self, argv, returncode, out, err):
        self.argv = argv
        self.returncode = returncode
        self.status = returncode if returncode >= 0 else 128 - returncode
        self.out = out
        self.err = err

    def __str__(self):
        return f'{self.argv}\nstatus {self.status}\n--- out\n{self.out}\n--- err\n{self.err}'


# --- users and their processes ------------------------------------------------------------------------------

def sub_ranges(name, file):
    """[(start, count)] of a user in /etc/subuid or /etc/subgid."""
    try:
        with open(file, encoding='utf-8', errors='surrogateescape') as f:
            lines = f.read().splitlines()
    except FileNotFoundError:
        return []
    fields = (line.split(':') for line in lines if line.count(':') == 2)
    return [(int(start), int(count)) for who, start, count in fields if who == name]


def test_ids():
    """Every uid that is a test user's: [(start, count)]."""
    ids = []
    for name in USERS:
        with contextlib.suppress(KeyError):
            ids.append((pwd.getpwnam(name).pw_uid, 1))
            ids += sub_ranges(name, '/etc/subuid')
    return ids


def _holds(ids, uid):
    return any(start <= uid < start + count for start, count in ids)


def processes_of(ids):
    """[(pid, command line)] of living processes with one of the ids as real, effective, saved or file-system uid."""
    found = []
    for entry in os.listdir('/proc'):
        if not entry.isdigit():
            continue
        try:
            with open(f'/proc/{entry}/status', encoding='utf-8', errors='replace') as f:
                fields = dict(line.split(':', 1) for line in f if ':' in line)
            with open(f'/proc/{entry}/cmdline', 'rb') as f:
                command = f.read().replace(b'\0', b' ').decode(errors='replace')
        except OSError:
            continue
        if fields['State'].split()[0] in 'ZX':
            continue
        if any(_holds(ids, int(uid)) for uid in fields['Uid'].split()):
            found.append((int(entry), command or fields['Name'].strip()))
    return found


def kill_processes_of(ids):
    """Ends what the test users left. They exist for this run alone, so nobody else's process can be hit."""
    for _ in range(50):
        left = processes_of(ids)
        if not left:
            return
        for pid, _command in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)


def mounts():
    """The mounts of the host, as far as this process sees them."""
    with open('/proc/self/mountinfo', encoding='utf-8', errors='surrogateescape') as f:
        return {line.rstrip('\n') for line in f}


def files_of(ids, folders=SHARED_FOLDERS):
    """Entries of shared folders that are owned by one of the ids."""
    found = set()
    for folder in folders:
        with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
            for entry in entries:
                with contextlib.suppress(FileNotFoundError):
                    if _holds(ids, entry.stat(follow_symlinks=False).st_uid):
                        found.add(entry.path)
    return found


def mounts_below(path):
    """Mount points at or below path, the deepest and latest first."""
    path = os.path.realpath(path)
    with open('/proc/self/mountinfo', encoding='utf-8', errors='surrogateescape') as f:
        points = [re.sub(r'\\([0-7]{3})', lambda m: chr(int(m.group(1), 8)), line.split(' ')[4]) for line in f]
    return [p for p in reversed(points) if p == path or p.startswith(path + '/')]


def remove_tree(path):
    """Removes a tree of the tests, and never what is only mounted in it.

    A bind mount below it may show the host's own files, and removing goes through mounts (a bind mount of the
    same file system has the same device number, so that --one-file-system does not stop there either). So every mount
    is detached first, and where one stays, nothing is removed.
    """
    for point in mounts_below(path):
        subprocess.run(['umount', '--lazy', '--no-canonicalize', point], stderr=subprocess.DEVNULL, check=False)
    left = mounts_below(path)
    if left:
        raise RuntimeError(f'{path} is not removed: {left} is mounted there')
    if os.path.lexists(path):
        # shutil.rmtree() comes to its end in a tree deeper than Python's stack, which a test may have made
        subprocess.run(['rm', '-rf', '--', path], check=True)


# --- trees -----------------------------------------------------------------------------------------------------

def _fingerprint(path):
    st = os.lstat(path)
    content = None
    if stat.S_ISREG(st.st_mode):
        with open(path, 'rb') as f:
            content = hashlib.sha256(f.read()).hexdigest()
    elif stat.S_ISLNK(st.st_mode):
        content = os.readlink(path)
    return (stat.filemode(st.st_mode), st.st_uid, st.st_gid, st.st_rdev, st.st_nlink, st.st_mtime_ns, content)


def snapshot_tree(path):
    """{name: (type and mode, uid, gid, device, links, mtime, content)} of everything below path, and of path."""
    tree = {'.': _fingerprint(path)}
    for folder, dirs, files in os.walk(path):
        for name in dirs + files:
            full = os.path.join(folder, name)
            tree[os.path.relpath(full, path)] = _fingerprint(full)
    return tree


# --- terminals ----------------------------------------------------------------------------------------------------

class Terminal:
    """A command of a user on a new terminal, whose other end the test holds. Made by CroftTest.terminal()."""

    def __init__(self, argv, popen_args, rows=24, cols=80):
        self.master, self.slave = os.openpty()
        self.text = ''  # what came and no expect() has taken yet
        self.seen = ''  # everything that came
        self.eof = False
        os.fchown(self.slave, popen_args.get('user', 0), grp.getgrnam('tty').gr_gid)
        os.fchmod(self.slave, 0o620)
        self.resize(rows, cols)
        self.process = subprocess.Popen(
            argv, stdin=self.slave, stdout=self.slave, stderr=self.slave, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0), **popen_args)

    @property
    def pid(self):
        return self.process.pid

    def resize(self, rows, cols):
        """Sets the window size; the foreground process group gets SIGWINCH."""
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack('HHHH', rows, cols, 0, 0))

    def attributes(self):
        """termios.tcgetattr() of the outer terminal: raw or not, echo or not."""
        return termios.tcgetattr(self.slave)

    def send(self, text):
        data = text.encode()
        while data:
            data = data[os.write(self.master, data):]

    def _read(self, timeout):
        ready, _, _ = select.select([self.master], [], [], timeout)
        if not ready:
            return
        try:
            data = os.read(self.master, 65536).decode(errors='replace')
        except OSError:  # EIO: nobody holds the other end any more
            data = ''
        self.eof = not data
        self.text += data
        self.seen += data

    def expect(self, regex, timeout=20):
        """Waits for text that matches, takes everything up to its end, and returns the match."""
        deadline = time.monotonic() + timeout
        while True:
            match = re.search(regex, self.text, re.MULTILINE)
            if match:
                self.text = self.text[match.end():]
                return match
            ended = self.process.poll() is not None
            if ended:
                self._read(0)
                if not re.search(regex, self.text, re.MULTILINE):
                    raise AssertionError(f'{regex!r} did not come before the end of the command: {self.seen!r}')
                continue
            left = deadline - time.monotonic()
            if left <= 0:
                raise AssertionError(f'{regex!r} did not come in {timeout} s: {self.seen!r}')
            self._read(min(left, 0.1))

    def wait(self, timeout=20):
        """Reads until the command ends and returns its status as in $?."""
        deadline = time.monotonic() + timeout
        while self.process.poll() is None:
            if time.monotonic() > deadline:
                raise AssertionError(f'the command did not end in {timeout} s: {self.seen!r}')
            self._read(0.05)
        while select.select([self.master], [], [], 0)[0] and not self.eof:
            self._read(0)
        code = self.process.returncode
        return code if code >= 0 else 128 - code

    def close(self):
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        os.close(self.slave)
        os.close(self.master)


# --- the test case --------------------------------------------------------------------------------------------------

class CroftTest(unittest.TestCase):
    """A test with an installed croft and users. Class attributes: prefix, croft_path, libexec, idmap_path, probes,
    sysconfdir, statedir; time_limit in seconds for one test."""
    time_limit = 120

    @classmethod
    def setUpClass(cls):
        cls.prefix = Stage.prefix
        cls.croft_path = cls.prefix + '/bin/croft'
        cls.libexec = cls.prefix + '/libexec/croft'
        cls.idmap_path = cls.libexec + '/croft-idmap'
        cls.probes = cls.prefix + '/probes'
        cls.sysconfdir = cls.prefix + '/etc'
        cls.statedir = cls.prefix + '/var/lib/croft'

    def run(self, result=None):
        """One test between two looks at the host."""
        self._ids = test_ids()
        self._mounts = mounts()
        self._files = files_of(self._ids)
        signal.signal(signal.SIGALRM, self._too_long)
        signal.alarm(self.time_limit)
        # The first cleanup registered is the last one run: after those of the test itself.
        self.addCleanup(self.check_leftovers)
        try:
            return super().run(result)
        finally:
            signal.alarm(0)
            kill_processes_of(self._ids)

    def _too_long(self, _signum, _frame):
        raise TimeoutError(f'the test took more than {self.time_limit} s')

    # --- commands

    def _popen_args(self, user, env, cwd, keep_env=True):
        entry = pwd.getpwnam(user)
        full = {'PATH': '/usr/local/bin:/usr/bin:/bin', 'HOME': entry.pw_dir, 'USER': user, 'LOGNAME': user,
                'SHELL': '/bin/bash', 'LANG': 'C.UTF-8', 'TERM': 'xterm'} if keep_env else {}
        if user == 'root':
            full['PATH'] = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
        full.update(env or {})
        args = {'env': full, 'cwd': cwd or entry.pw_dir, 'umask': 0o022}
        if user != 'root':
            # All uids change from 0 in one call: the kernel drops every capability there (capabilities(7)).
            args.update(user=entry.pw_uid, group=entry.pw_gid,
                        extra_groups=os.getgrouplist(user, entry.pw_gid))
        return args

    def popen_as(self, user, argv, env=None, cwd=None, keep_env=True, **popen):
        """Starts a command and returns the Popen. As run_as(); the test ends it, or the harness does by force."""
        args = self._popen_args(user, env, cwd, keep_env)
        args.update(stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        args.update(start_new_session=True, **popen)
        process = subprocess.Popen(argv, **args)
        self.addCleanup(self._end, process)
        return process

    @staticmethod
    def _end(process):
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream:
                stream.close()

    def run_as(self, user, argv, input=None, env=None, cwd=None, timeout=60, keep_env=True, **popen):
        """Runs argv as user, in a session of its own, without any capability, and returns a Result.

        input: text for standard input (else /dev/null). env: added to a small fixed environment; with
        keep_env=False it is the whole. cwd: default the home; entered with root's rights. popen: for
        subprocess.Popen (stdin, stdout, stderr, pass_fds, umask, preexec_fn ...).
        A command that takes longer than timeout is killed and fails the test.
        """
        if input is not None:
            popen['stdin'] = subprocess.PIPE
        process = self.popen_as(user, argv, env, cwd, keep_env, **popen)
        data = input.encode('utf-8', 'surrogateescape') if isinstance(input, str) else input
        try:
            out, err = process.communicate(data, timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            if user != 'root':
                kill_processes_of(self._ids)
            out, err = process.communicate(timeout=10)
            self.fail(f'more than {timeout} s: {Result(argv, -9, _text(out), _text(err))}')
        result = Result(argv, process.returncode, _text(out), _text(err))
        if Stage.variables and COMPLAINT.search(result.out + result.err):
            self.fail(f'a sanitizer complains: {result}')
        return result

    def croft(self, user, *args, **kwargs):
        """Runs croft ARGS as user; as run_as()."""
        return self.run_as(user, [self.croft_path, *args], **kwargs)

    def terminal(self, user, argv, rows=24, cols=80, env=None, cwd=None):
        """Starts argv as user on a new terminal of rows x cols; returns a Terminal."""
        t = Terminal(argv, self._popen_args(user, env, cwd), rows, cols)
        self.addCleanup(t.close)
        return t

    def wait_for(self, what, seconds=20.0):
        """What what() answers, once that is true."""
        deadline = time.monotonic() + seconds
        while not (value := what()):
            self.assertLess(time.monotonic(), deadline, 'it did not come')
            time.sleep(0.01)
        return value

    @staticmethod
    def state_of(pid):
        """Fields of /proc/PID/status."""
        with open(f'/proc/{pid}/status', encoding='utf-8', errors='replace') as f:
            return {name: value.strip() for name, _, value in (line.partition(':') for line in f)}

    def each_case(self, cases, name):
        """Of the cases of a test those that are wanted; name(case): what cases that are much alike have in common."""
        cases = [case for case in cases if Stage.cases is None or name(case) in Stage.cases]
        if Stage.after_case:
            cases.sort(key=name)
        for i, case in enumerate(cases):
            yield case
            if Stage.after_case and (i + 1 == len(cases) or name(cases[i + 1]) != name(case)):
                Stage.after_case(self.id(), name(case))

    # --- verdicts

    def assertRan(self, result, status=0):
        self.assertEqual(result.status, status, result)

    def assertRefused(self, result, status, message_regex):
        """It ended with exactly this status, said why, and was not killed by a signal."""
        self.assertGreaterEqual(result.returncode, 0, f'ended by a signal: {result}')
        self.assertEqual(result.status, status, result)
        self.assertRegex(result.err, message_regex, result)

    def assertUnchanged(self, path, before):
        """path still is what snapshot_tree(path) said before."""
        after = snapshot_tree(path)
        changes = [f'{name}: {before.get(name)} -> {after.get(name)}'
                   for name in sorted(before.keys() | after.keys()) if before.get(name) != after.get(name)]
        self.assertEqual(changes, [], f'{path} has changed')

    def leftovers(self, grace=3.0):
        """What this test has left up to now: a list of sentences, empty when nothing."""
        deadline = time.monotonic() + grace
        while True:
            left = [f'process {pid}: {command}' for pid, command in processes_of(self._ids)]
            now = mounts()
            left += [f'mount: {line}' for line in sorted(now - self._mounts)]
            left += [f'lost mount: {line}' for line in sorted(self._mounts - now)]
            left += [f'file: {path}' for path in sorted(files_of(self._ids) - self._files)]
            if not left or time.monotonic() > deadline:
                return left
            time.sleep(0.05)

    def check_leftovers(self):
        self.assertEqual(self.leftovers(), [], 'the test left something behind')

    # --- surroundings

    def make_dir(self, user=USER, mode=0o755):
        """A fresh folder of the user's below the staging prefix (every folder above is root's, 0755)."""
        base = self.prefix + '/folders'
        os.makedirs(base, exist_ok=True)
        path = tempfile.mkdtemp(dir=base)
        self.addCleanup(remove_tree, path)
        self.give(path, user)
        os.chmod(path, mode)
        return path

    def give(self, path, user):
        """Makes user the owner."""
        entry = pwd.getpwnam(user)
        os.chown(path, entry.pw_uid, entry.pw_gid, follow_symlinks=False)

    def write(self, path, text, user='root', mode=0o644):
        """Writes a file that belongs to user."""
        with open(path, 'wb') as f:
            f.write(text.encode('utf-8', 'surrogateescape') if isinstance(text, str) else text)
            os.fchmod(f.fileno(), mode)
        self.give(path, user)
        return path

    @contextlib.contextmanager
    def policy(self, text, drop_ins=None):
        """Installs policy.conf (root's, 0644) and drop-ins {name: text} below the prefix while the block runs."""
        folder = self.sysconfdir + '/croft'
        if os.path.lexists(folder):
            raise AssertionError(f'{folder} exists: a policy inside a policy?')
        os.makedirs(folder + '/policy.d', mode=0o755)
        try:
            if text is not None:
                self.write(folder + '/policy.conf', text)
            for name, drop_in in (drop_ins or {}).items():
                self.write(f'{folder}/policy.d/{name}', drop_in)
            yield folder + '/policy.conf'
        finally:
            remove_tree(folder)

    @contextlib.contextmanager
    def group(self, name, *members):
        """A group (name it crofttest...) with members while the block runs; commands started in it are in the group."""
        subprocess.run(['groupadd', name], check=True)
        try:
            for member in members:
                subprocess.run(['gpasswd', '-a', member, name], check=True, stdout=subprocess.DEVNULL)
            yield grp.getgrnam(name).gr_gid
        finally:
            subprocess.run(['groupdel', name], check=True)

    def needs_package(self, *names):
        """Installs Debian packages that are missing; where that fails the test is skipped (and so fails in CI)."""
        missing = missing_packages(*names)
        if not missing:
            return
        done = subprocess.run(['apt-get', 'install', '-y', '-qq', '--no-install-recommends', *missing],
                              capture_output=True, text=True, stdin=subprocess.DEVNULL,
                              env={**os.environ, 'DEBIAN_FRONTEND': 'noninteractive'})
        if done.returncode != 0:
            self.skipTest(f'package {" ".join(missing)} is missing and cannot be installed: {done.stderr[-300:]}')


def missing_packages(*names):
    """Those Debian packages that are not installed."""
    return [name for name in names if subprocess.run(['dpkg-query', '-W', '-f', '${db:Status-Status}', name], capture_output=True,
                                                     text=True, check=False).stdout != 'installed']


def _text(data):
    return (data or b'').decode('utf-8', 'surrogateescape')


def selected(test_id, pattern):
    """Whether a test is meant: a glob over its whole name, or a part of it; several with commas."""
    return not pattern or any(fnmatch.fnmatch(test_id, p) or p in test_id for p in pattern.split(','))
