"""Limits of a sandbox: what each process carries itself, works everywhere; what needs cgroups, on a host that has version 2."""
import contextlib
import json
import os
import pwd
import re
import resource
import shlex
import signal
import subprocess
import time

from croft_test import EXIT_CROFT, EXIT_TIME_LIMIT, USER, Result, processes_of
from run_case import RunTest

SELF = ('--map', 'self')
CGROUPS = '/sys/fs/cgroup'
V2 = os.path.exists(CGROUPS + '/cgroup.controllers')
HOG = 'x = bytearray(300 << 20)'


def limits_of(text):
    """{name: (soft, hard)} of /proc/PID/limits."""
    rows = (re.split(r'\s{2,}', line.strip()) for line in text.splitlines()[1:])
    return {row[0]: (row[1], row[2]) for row in rows}


class Ulimit(RunTest):
    NAMES = {'core': 'Max core file size', 'cpu': 'Max cpu time', 'data': 'Max data size', 'fsize': 'Max file size',
             'locks': 'Max file locks', 'memlock': 'Max locked memory', 'msgqueue': 'Max msgqueue size',
             'nofile': 'Max open files', 'nproc': 'Max processes', 'rss': 'Max resident set', 'rttime': 'Max realtime timeout',
             'sigpending': 'Max pending signals', 'stack': 'Max stack size', 'as': 'Max address space'}
    SOFT = {'data': 1 << 30, 'as': 2 << 30, 'stack': 4 << 20, 'core': 0, 'fsize': 1 << 20, 'rttime': 1000000}

    def test_each_limit_is_the_commands_under_dockers_names(self):
        words, want = ['--ulimit', 'nice=0', '--ulimit', 'rtprio=0'], {}
        for name, title in self.NAMES.items():
            soft = self.SOFT.get(name, 500)
            words += ['--ulimit', f'{name}={soft}:{soft + 100}']
            want[title] = (str(soft), str(soft + 100))
        got = limits_of(self.sandbox(*SELF, *words, 'host', '--', 'cat', '/proc/self/limits'))
        self.assertEqual({title: got[title] for title in want}, want)

    def test_they_are_not_those_of_croft_and_its_init(self):
        got = limits_of(self.sandbox(*SELF, '--ulimit', 'nofile=77', 'host', '--', 'cat', '/proc/1/limits'))
        self.assertNotEqual(got['Max open files'][0], '77')

    def test_one_number_is_both_and_unlimited_is_a_number(self):
        limits = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        got = limits_of(self.sandbox(*SELF, '--ulimit', 'core=unlimited', '--ulimit', 'nofile=9', 'host', '--', 'cat',
                                     '/proc/self/limits', preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, limits)))
        self.assertEqual(got['Max core file size'], ('unlimited', 'unlimited'))
        self.assertEqual(got['Max open files'], ('9', '9'))

    def test_a_limit_that_leaves_nothing_still_starts_the_command(self):
        # the loader's libraries need one more than 0 to 2, and so did the way to the directory
        self.sandbox(*SELF, '--ulimit', 'nofile=4', '-w', '/tmp', 'host', '--', '/bin/true')

    def test_above_the_callers_hard_limit_is_refused(self):
        low = {'preexec_fn': lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))}
        self.sandbox(*SELF, '--ulimit', 'nofile=100', 'host', '--', 'true', **low)
        for value in ('101', '50:101', 'unlimited'):
            r = self.refused(r'option --ulimit: nofile: the hard limit would be above your own, which is 100\n', *SELF, '--ulimit',
                             'nofile=' + value, 'host', '--', 'true', **low)
            self.assertIn('hint: nofile=100:100', r.err)


class Priorities(RunTest):
    def test_niceness_is_the_commands(self):
        out = self.shell('nice; cut -d" " -f19 /proc/1/stat', *SELF, '--nice', '7')
        self.assertEqual(out, '7\n0\n')

    def test_lower_than_the_callers_niceness_is_refused(self):
        self.assertEqual(self.sandbox(*SELF, '--nice', '0', 'host', '--', 'nice'), '0\n')
        r = self.refused('option --nice: -1 is lower than your own niceness and your limit RLIMIT_NICE allow\n', *SELF, '--nice', '-1',
                         'host', '--', 'true')
        self.assertIn('hint: a line in /etc/security/limits.conf', r.err)

    def test_the_oom_score_is_the_commands(self):
        self.assertEqual(self.sandbox(*SELF, '--oom-score-adj', '345', 'host', '--', 'cat', '/proc/self/oom_score_adj'), '345\n')

    def test_lower_than_the_callers_oom_score_is_refused(self):
        r = self.refused('option --oom-score-adj: -999 is lower than the kernel lets you go\n', *SELF, '--oom-score-adj', '-999',
                         'host', '--', 'true')
        self.assertIn('hint: ', r.err)


class TimeLimit(RunTest):
    def limited(self, *words, script='exec sleep 300', out='', at_least=0.9, at_most=20):
        begin = time.monotonic()
        r = self.croft(USER, 'run', *SELF, '--timeout', '1', *words, 'host', '--', 'bash', '-c', script)
        took = time.monotonic() - begin
        self.assertEqual((r.status, r.out, r.err), (EXIT_TIME_LIMIT, out, 'croft: the time limit of 1s ended it\n'), r)
        self.assertTrue(at_least <= took <= at_most, f'{took} s: {r}')

    def test_it_ends_the_command_with_status_124_and_says_so(self):
        for init in ('--init', '--no-init'):
            with self.subTest(init=init):
                self.limited(init, '--stop-timeout', '1s')

    def test_the_command_is_asked_first(self):
        self.limited(script='trap "echo asked; exit 0" TERM; while :; do sleep 0.05; done', out='asked\n')

    def test_one_that_does_not_listen_is_killed(self):
        self.limited('--stop-timeout', '1s', script='trap "" TERM; while :; do sleep 0.05; done', at_least=1.9)

    def test_one_that_is_stopped_is_woken(self):
        self.limited(script='trap "echo asked; exit 0" TERM; kill -STOP $$; sleep 300', out='asked\n')

    def test_who_is_in_time_notices_nothing(self):
        r = self.croft(USER, 'run', *SELF, '--timeout', '60', 'host', '--', 'sh', '-c', 'exit 7')
        self.assertEqual((r.status, r.err), (7, ''), r)


class PolicyLimits(RunTest):
    RULES = ('version 1\nallow everyone root host\nallow everyone network none\n'
             'limit everyone memory 1G\nlimit everyone cpus 1.5\nlimit everyone pids 100\nlimit everyone time 1s\n')

    def test_more_than_the_policy_has_is_refused_by_its_rule(self):
        with self.policy(self.RULES) as path:
            for line, words, sentence in (
                    (4, ('-m', '1025M'), 'memory 1025M: denied for {user}: rule {path}:4 limits memory to 1G'),
                    (4, ('-m', '1G', '--memory-swap', '-1'), 'memory-swap: more swap .*: rule {path}:4 limits memory to 1G'),
                    (5, ('--cpus', '1.6'), 'cpus 1.6: denied for {user}: rule {path}:5 limits cpus to 1.5'),
                    (6, ('--pids-limit', '101'), 'pids 101: denied for {user}: rule {path}:6 limits pids to 100'),
                    (7, ('--timeout', '2'), 'time 2s: denied for {user}: rule {path}:7 limits time to 1s')):
                with self.subTest(words=words):
                    self.refused(sentence.format(user=USER, path=path), *SELF, *words, 'host', '--', 'true')

    def test_who_asks_for_no_time_has_that_of_the_policy(self):
        rules = re.sub('limit everyone (memory|cpus|pids).*\n', '', self.RULES)
        with self.policy(rules) as path:
            r = self.croft(USER, 'run', *SELF, 'host', '--', 'sleep', '300')
            self.assertEqual((r.status, r.err), (EXIT_TIME_LIMIT, 'croft: the time limit of 1s ended it\n'), r)
            r = self.croft(USER, 'run', *SELF, '--timeout', '200ms', 'host', '--', 'sleep', '300')
            self.assertEqual((r.status, r.err), (EXIT_TIME_LIMIT, 'croft: the time limit of 200ms ended it\n'), r)
            self.assertIn(f'limit        time: 1s   [{path}:4]\n', self.croft(USER, 'plan', *SELF, 'host', '--', 'true').out)

    def test_a_limit_of_the_policy_that_cannot_be_kept_refuses(self):
        with self.policy('version 1\nallow everyone root host\nallow everyone network none\nlimit everyone memory 1G\n') as path:
            self.refused(f'rule {path}:4 of the policy sets a limit: limit memory: ', *SELF, 'host', '--', 'true')


class WithoutCgroups(RunTest):
    """Here or on any host: a user who has no cgroup of his own."""
    REASON = 'no cgroup is delegated to you' if V2 else r'on this host cgroup version 1 has [\w ]+ \(a hybrid layout\)'

    def test_a_limit_that_cannot_be_kept_is_refused_and_never_left_out(self):
        self.sandbox(*SELF, 'host', '--', 'true')
        for words, what in ((('-m', '64M'), 'memory'), (('--cpus', '0.5'), 'cpu'), (('--pids-limit', '20'), 'pids')):
            with self.subTest(words=words):
                r = self.refused(f'limit {what}: {self.REASON}', *SELF, *words, 'host', '--', 'true')
                self.assertRegex(r.err, r'\ncroft: hint: .*(enable-linger|systemd.unified_cgroup_hierarchy=1)')

    def test_the_plan_shows_limits_and_that_they_cannot_be_had(self):
        r = self.croft(USER, 'plan', *SELF, '-m', '64M', '--pids-limit', '20', '--timeout', '5m', '--ulimit', 'nofile=10:20', 'host',
                       '--', 'true')
        self.assertRan(r)
        self.assertRegex(r.out, r'limit        memory: 64M, and 64M of swap\nlimit        processes: 20\nlimit        time: 300s\n'
                                r'limit        nofile: 10:20\n             not to be had: limit memory pids: ' + self.REASON)
        self.assertRegex(r.out, r'tmpfs      /tmp \(mode 1777, 32 MiB')

    def test_the_doctor_says_which_limits_can_be_had(self):
        r = self.croft(USER, 'doctor')
        self.assertRegex(r.out, r'(?m)^warn  limits +limit .*' + self.REASON + r'.*\n      mend: .')


# --- cgroup version 2 -----------------------------------------------------------------------------------------------------

class CgroupTest(RunTest):
    """As the host's own processes see it: what systemd mounts for a user is not seen in the namespace of the runner."""

    def as_user(self, *argv, cgroup=None, env=None):
        """The whole command by which root runs argv as the user, in a cgroup."""
        entry = pwd.getpwnam(USER)
        enter = f'echo $$ >{CGROUPS}/{cgroup}/cgroup.procs && ' if cgroup else ''
        variables = [f'{k}={v}' for k, v in {'HOME': entry.pw_dir, 'PATH': '/usr/local/bin:/usr/bin:/bin', **(env or {})}.items()]
        return ['nsenter', '-t', '1', '-m', '--', 'sh', '-c',
                enter + 'exec ' + shlex.join(['setpriv', '--reuid', str(entry.pw_uid), '--regid', str(entry.pw_gid), '--init-groups',
                                              '--inh-caps=-all', 'env', '-i', '-C', '/', *variables, *argv])]

    def run_there(self, *words, verb='run', timeout=60, **kwargs):
        return self.run_as('root', self.as_user(self.croft_path, verb, *words, **kwargs), timeout=timeout)

    @contextlib.contextmanager
    def running(self, *words, **kwargs):
        """croft run WORDS with a command that waits: (the Popen, the path of its cgroup, its pid on the host)."""
        p = self.popen_as('root', self.as_user(self.croft_path, 'run', *words, 'host', '--', 'sh', '-c', 'echo ready; exec sleep 300',
                                               **kwargs))
        self.assertEqual(p.stdout.readline(), b'ready\n', '' if p.poll() is None else p.stderr.read())
        pid = None
        while pid is None:  # the shell is about to become it
            pid = next((pid for pid, command in processes_of(self._ids) if command.startswith('sleep 300')), None)
        try:
            yield p, self.cgroup_of(pid), pid
        finally:
            if p.poll() is None:
                p.terminate()
            p.wait(timeout=20)

    @staticmethod
    def cgroup_of(pid):
        with open(f'/proc/{pid}/cgroup', encoding='utf-8') as f:
            return next(line[3:].rstrip('\n') for line in f if line.startswith('0::'))

    @staticmethod
    def read(cgroup, name):
        with open(f'{CGROUPS}{cgroup}/{name}', encoding='utf-8') as f:
            return f.read().strip()

    def limit(self, cgroup, name):
        """A file of the cgroup with the limits, the one above the sandbox's."""
        self.assertTrue(cgroup.endswith('/box'), cgroup)
        return self.read(os.path.dirname(cgroup), name)

    @staticmethod
    def left():
        return [at for at, _, _ in os.walk(CGROUPS) if '/croft-' in at.replace(CGROUPS + '/croft-test', '')]

    def assertNothingLeft(self):
        deadline = time.monotonic() + 10
        while self.left() and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertEqual(self.left(), [])


class ScopeTest(CgroupTest):
    """The user has a manager of systemd."""

    def setUp(self):
        super().setUp()
        self.uid = pwd.getpwnam(USER).pw_uid
        self.addCleanup(self.assertNothingLeft)
        self.addCleanup(self.stop_manager)
        self.start_manager()

    def start_manager(self):
        subprocess.run(['systemctl', 'start', f'user@{self.uid}.service'], check=True)

    def stop_manager(self):
        subprocess.run(['systemctl', 'stop', f'user@{self.uid}.service', f'user-runtime-dir@{self.uid}.service'], check=True)


class Scopes(ScopeTest):
    def test_the_sandbox_is_in_a_scope_of_its_own_and_croft_beside_it(self):
        with self.running('-m', '64M', '--pids-limit', '20', '--cpus', '0.5') as (p, cgroup, _):
            self.assertRegex(cgroup, rf'/user@{self.uid}\.service/app\.slice/croft-\d+-\d+\.scope/croft-\d+\.1/box$')
            self.assertEqual(self.cgroup_of(p.pid), re.sub(r'\.1/box$', '', cgroup))
            self.assertEqual(self.limit(cgroup, 'memory.max'), str(64 << 20))
            self.assertEqual(self.limit(cgroup, 'memory.swap.max'), str(64 << 20))
            self.assertEqual(self.limit(cgroup, 'pids.max'), '20')
            self.assertEqual(self.limit(cgroup, 'cpu.max'), '50000 100000')
            self.assertEqual(self.limit(cgroup, 'pids.current'), '2')
        self.assertNothingLeft()

    def test_no_process_is_ever_outside(self):
        r = self.run_there('-m', '64M', 'host', '--', 'cat', '/proc/self/cgroup', '/proc/1/cgroup')
        self.assertRan(r)
        own, init = r.out.splitlines()
        self.assertRegex(own, '/box$')
        self.assertEqual(own, init)
        # Born there: the process is made in the cgroup, and nothing is ever moved into it.
        trace = self.make_dir('root', 0o777) + '/trace'
        r = self.run_as('root', self.as_user('strace', '-f', '-o', trace, '-e', 'trace=clone3,openat', self.croft_path, 'run', *SELF, '-m',
                                             '64M', 'host', '--', 'true'), timeout=100)
        self.assertRan(r)
        with open(trace, encoding='utf-8', errors='replace') as f:
            text = f.read()
        self.assertRegex(text, r'clone3\(\{flags=[A-Z_|]*CLONE_INTO_CGROUP')
        croft = text.split(None, 1)[0]
        self.assertEqual(re.findall(r'(?m)^(\d+) +openat\([^)]*"cgroup.procs", O_WRONLY', text), [croft, croft],
                         'croft itself out of the way, and back at the end')

    def test_swap_is_limited_as_docker_has_it(self):
        for words, want in ((('--memory-swap', '64M'), '0'), (('--memory-swap', '96M'), str(32 << 20)), (('--memory-swap', '-1'), 'max')):
            with self.subTest(words=words), self.running('-m', '64M', *words) as (_, cgroup, _):
                self.assertEqual(self.limit(cgroup, 'memory.swap.max'), want)
                self.assertEqual(self.limit(cgroup, 'memory.max'), str(64 << 20))

    def test_a_memory_hog_is_ended_and_the_reason_is_said(self):
        self.assertRan(self.run_there('host', '--', 'python3', '-c', HOG))
        r = self.run_there('-m', '64M', 'host', '--', 'python3', '-c', HOG)
        self.assertEqual((r.status, r.err), (137, 'croft: the memory limit of 64M ended it\n'), r)
        r = self.run_as('root', self.as_user('sh', '-c', 'exec "$0" run --status-fd 3 -m 64M host -- python3 -c "$1" 3>&1', self.croft_path, HOG))
        self.assertEqual([json.loads(line) for line in r.out.splitlines()][-2:],
                         [{'phase': 'out-of-memory', 'killed': 1}, {'phase': 'exit', 'signal': 9, 'status': 137}], r)

    def test_a_hog_that_is_not_the_command_is_told_of_too(self):
        r = self.run_there('-m', '64M', 'host', '--', 'sh', '-c', f'python3 -c "{HOG}"; echo and on')
        self.assertEqual((r.status, r.out), (0, 'and on\n'), r)
        self.assertRegex(r.err, r'croft: the memory limit of 64M was reached: the kernel killed 1 process\n')

    def test_a_tmpfs_is_within_the_limit(self):
        r = self.run_there('-m', '64M', 'host', '--', 'sh', '-c', 'head -c 100M /dev/zero >/tmp/x; stat -c %s /tmp/x')
        self.assertEqual((r.status, r.out), (0, f'{32 << 20}\n'), r)
        self.assertIn('No space left', r.err)

    def test_a_fork_bomb_stays_within_its_limit(self):
        count = 'import os, time\nn = 0\nwhile True:\n  try: n += 1 if os.fork() else time.sleep(99)\n  except OSError: break\nprint(n)\n'
        r = self.run_there('--pids-limit', '30', 'host', '--', 'python3', '-c', count)
        self.assertEqual((r.status, r.out), (0, '28\n'), r)  # croft's init and python itself count
        self.assertEqual(r.err, 'croft: the limit of 30 processes was reached\n')
        with self.running('--pids-limit', '100'):
            r = self.run_there('--pids-limit', '50', '--timeout', '3', '--stop-timeout', '1s', 'host', '--', 'bash', '-c',
                               'exec 2>/dev/null; b() { b | b & b; }; b')
        self.assertIn(r.status, (0, EXIT_TIME_LIMIT, 254), r)
        self.assertIn('croft: the limit of 50 processes was reached\n', r.err)

    def test_a_share_of_a_processor_is_kept_to(self):
        with self.running('--cpus', '0.2', *SELF) as (_, cgroup, _):
            self.assertEqual(self.limit(cgroup, 'cpu.max'), '20000 100000')
        r = self.run_there('--cpus', '0.2', 'host', '--', 'python3', '-c',
                           'import time\nb, c = time.monotonic(), time.process_time()\nwhile time.monotonic() - b < 4: pass\n'
                           'print(time.process_time() - c)')
        self.assertRan(r)
        self.assertLess(float(r.out), 1.4, 'of 4 seconds, of which it may have 0.8')

    def test_a_controller_that_was_not_delegated_is_named_with_the_command_that_gives_it(self):
        r = self.run_there('--io-weight', '50', 'host', '--', 'true')
        self.assertRefused(r, EXIT_CROFT, r'^croft: limit io: your user manager of systemd was not given the controller io\n')
        self.assertRegex(self.run_there(verb='doctor').out, r'(?m)^warn  limits +cpu memory pids only: limit io: .*\n      mend: sudo ')
        mend = re.search(r'hint: (sudo .*), then log in again', r.err).group(1).replace('sudo ', '')
        self.addCleanup(subprocess.run, ['systemctl', 'daemon-reload'], check=True)
        self.addCleanup(os.rmdir, '/etc/systemd/system/user@.service.d')
        self.addCleanup(os.unlink, '/etc/systemd/system/user@.service.d/delegate.conf')
        subprocess.run(['nsenter', '-t', '1', '-m', '--', 'sh', '-c', mend], check=True, stdout=subprocess.DEVNULL)
        self.stop_manager()
        self.start_manager()
        self.assertRegex(self.run_there(verb='doctor').out, r'(?m)^ok    limits +cpu io memory pids, in a scope of your user manager$')
        with self.running('--io-weight', '50') as (_, cgroup, _):
            self.assertEqual(self.limit(cgroup, 'io.weight').splitlines()[0], 'default 50')

    def test_nothing_is_left_when_croft_is_killed(self):
        with self.running('-m', '64M') as (p, cgroup, _):
            self.assertTrue(os.path.isdir(CGROUPS + cgroup))
            p.kill()
            self.assertNothingLeft()

    def test_nothing_is_left_when_the_start_fails(self):
        r = self.run_there('-m', '64M', 'host', '--', 'no-such-command')
        self.assertRefused(r, 127, 'run no-such-command: not found')
        self.assertNothingLeft()

    def test_the_policys_limit_is_put_on(self):
        rules = 'version 1\nallow everyone root host\nallow everyone network none\nallow everyone ids subordinate\n'
        with self.policy(rules + 'limit everyone memory 48M\nlimit everyone pids 9\nlimit everyone cpus 0.5\n'):
            with self.running() as (_, cgroup, _):
                self.assertEqual(self.limit(cgroup, 'memory.max'), str(48 << 20))
                self.assertEqual(self.limit(cgroup, 'pids.max'), '9')
                self.assertEqual(self.limit(cgroup, 'cpu.max'), '50000 100000')

    def test_without_the_program_that_asks_systemd_it_is_refused(self):
        os.rename(self.libexec + '/croft-scope', self.libexec + '/away')
        try:
            r = self.run_there('-m', '64M', 'host', '--', 'true')
        finally:
            os.rename(self.libexec + '/away', self.libexec + '/croft-scope')
        self.assertRefused(r, EXIT_CROFT, r'^croft: have a scope made by your user manager of systemd: .*/croft-scope is not installed\n')


class Directories(CgroupTest):
    """No manager, but a directory that root gave to the user."""
    SITE = 'croft-test'

    def setUp(self):
        super().setUp()
        self.addCleanup(self.remove_site)
        os.makedirs(f'{CGROUPS}/{self.SITE}/main')
        for name in ('.', 'cgroup.procs', 'cgroup.subtree_control', 'cgroup.threads', 'main', 'main/cgroup.procs',
                     'main/cgroup.subtree_control', 'main/cgroup.threads'):
            self.give(f'{CGROUPS}/{self.SITE}/{name}', USER)

    def remove_site(self):
        for at, _, _ in os.walk(f'{CGROUPS}/{self.SITE}', topdown=False):
            os.rmdir(at)

    def below(self):
        return sorted(os.path.relpath(at, f'{CGROUPS}/{self.SITE}') for at, _, _ in os.walk(f'{CGROUPS}/{self.SITE}'))

    def assertBelow(self, *names):
        deadline = time.monotonic() + 10
        while self.below() != sorted(['.', *names]) and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertEqual(self.below(), sorted(['.', *names]))

    def keeper(self, p):
        """Its pid."""
        with open(f'/proc/{p.pid}/task/{p.pid}/children', encoding='utf-8') as f:
            children = f.read().split()
        for pid in children:
            with open(f'/proc/{pid}/comm', encoding='utf-8') as f:
                if f.read() == 'croft-keeper\n':
                    return int(pid)
        raise AssertionError(f'no keeper among {children}')

    def test_a_cgroup_beside_the_callers(self):
        with self.running('-m', '64M', '--pids-limit', '20', cgroup=self.SITE + '/main') as (p, cgroup, _):
            self.assertEqual(cgroup, f'/{self.SITE}/croft-{p.pid}/box')
            self.assertEqual(self.cgroup_of(p.pid), f'/{self.SITE}/main')
            self.assertEqual(self.limit(cgroup, 'memory.max'), str(64 << 20))
            self.assertEqual(self.limit(cgroup, 'pids.max'), '20')
        self.assertBelow('main')
        r = self.run_there('-m', '64M', 'host', '--', 'python3', '-c', HOG, cgroup=self.SITE + '/main')
        self.assertEqual((r.status, r.err), (137, 'croft: the memory limit of 64M ended it\n'), r)
        self.assertBelow('main')

    def test_in_the_callers_own_cgroup_croft_steps_aside_and_back(self):
        os.rmdir(f'{CGROUPS}/{self.SITE}/main')
        with self.running('-m', '64M', cgroup=self.SITE) as (p, cgroup, _):
            self.assertEqual(cgroup, f'/{self.SITE}/croft-{p.pid}.1/box')
            self.assertEqual(self.cgroup_of(p.pid), f'/{self.SITE}/croft-{p.pid}')
        self.assertBelow()
        self.assertEqual(self.read('/' + self.SITE, 'cgroup.subtree_control'), '')
        self.assertRan(self.run_there('-m', '64M', 'host', '--', 'true', cgroup=self.SITE))

    def test_with_others_in_the_callers_own_cgroup_it_is_refused(self):
        other = subprocess.Popen(['sleep', '300'])
        self.addCleanup(other.wait)
        self.addCleanup(other.kill)
        with open(f'{CGROUPS}/{self.SITE}/cgroup.procs', 'w', encoding='utf-8') as f:
            f.write(str(other.pid))
        r = self.run_there('-m', '64M', 'host', '--', 'true', cgroup=self.SITE)
        self.assertRefused(r, EXIT_CROFT, f'^croft: limit memory: other processes are in the cgroup /{self.SITE}, which is delegated to you')
        self.assertBelow('main')
        other.kill()
        other.wait()

    def test_the_keeper_removes_it_when_croft_is_killed(self):
        for where, before in ((self.SITE + '/main', ['main']), (self.SITE, [])):
            with self.subTest(cgroup=where):
                if not before:
                    os.rmdir(f'{CGROUPS}/{self.SITE}/main')
                with open(f'{CGROUPS}/{self.SITE}/cgroup.subtree_control', 'w', encoding='utf-8') as f:
                    f.write('-cpu -memory -pids')
                with self.running('-m', '64M', cgroup=where) as (p, _, _):
                    self.keeper(p)
                    os.killpg(p.pid, signal.SIGKILL)  # the group of croft: the keeper is in none of ours
                    self.assertBelow(*before)
                self.assertEqual(self.leftovers(), [])

    def test_the_next_croft_removes_what_is_left_when_the_keeper_is_killed_too(self):
        with self.running('-m', '64M', cgroup=self.SITE + '/main') as (p, cgroup, _):
            os.kill(self.keeper(p), signal.SIGKILL)
            p.kill()
            p.wait()
        name = os.path.dirname(cgroup).split('/')[-1]
        self.assertBelow('main', name, name + '/box')
        with self.running('-m', '64M', cgroup=self.SITE + '/main') as (p, cgroup, _):
            alive = os.path.dirname(cgroup).split('/')[-1]
            self.assertBelow('main', alive, alive + '/box')
            # one that lives is left alone
            self.assertRan(self.run_there('-m', '64M', 'host', '--', 'true', cgroup=self.SITE + '/main'))
            self.assertBelow('main', alive, alive + '/box')
        self.assertBelow('main')

    def test_a_service_with_a_delegated_cgroup(self):
        r = subprocess.run(['systemd-run', '--quiet', '--wait', '--pipe', '-p', 'User=' + USER, '-p', 'Delegate=yes', self.croft_path, 'run',
                            '-m', '64M', '--io-weight', '50', 'host', '--', 'cat', '/proc/self/cgroup'],
                           capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False, cwd='/')
        self.assertRan(Result(r.args, r.returncode, r.stdout, r.stderr))
        self.assertRegex(r.stdout, r'^0::/system\.slice/run-[^/]+\.service/croft-\d+\.1/box\n$')


if not V2:  # run in the machine of `make check-vm`; a skip would be a failure in CI
    del Scopes, Directories
