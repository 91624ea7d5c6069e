"""What docs/CI.md says works as it stands there: for a job that passes, one that fails, and one that takes too long."""
import contextlib
import json
import os
import re
import signal
import sqlite3
import subprocess
import tomllib

from croft_test import USER
from run_case import RunTest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FOR_EVER = 600  # seconds that nothing here has: what sleeps so long must have been ended


class CiTest(RunTest):
    def setUp(self):
        self.folder = self.home_dir()
        self.env = {'PATH': f'{os.path.dirname(self.croft_path)}:/usr/bin:/bin', 'XDG_DATA_HOME': self.folder + '/data'}

    @staticmethod
    def block(heading, language, number=0):
        """A block of code of the page, below a heading."""
        with open(TOP + '/docs/CI.md', encoding='utf-8') as f:
            section = re.search(r'(?ms)^## %s$(.*?)(?=^## |\Z)' % heading, f.read())[1]
        return re.findall(r'(?ms)^```%s\n(.*?)^```$' % language, section)[number]

    def project(self, **files):
        """Files of the user's, a point of the name as __."""
        for name, text in files.items():
            path = f'{self.folder}/{name.replace("__", ".")}'
            self.write(path, text, USER, 0o755)

    def paste(self, heading, text=None, **kwargs):
        return self.run_as(USER, ['sh', '-e'], input=text or self.block(heading, 'sh'), cwd=self.folder, env=self.env, timeout=90, **kwargs)


class Harnesses(CiTest):
    """Programs that start the tests of a project."""

    PASSES, FAILS, SLOW = 'test "$(id -u)" = 0', 'exit 3', f'sleep {FOR_EVER} & sleep {FOR_EVER}'

    def test_meson(self):
        self.needs_package('meson')
        self.project(meson__build="project('p')\nforeach name : ['passes', 'fails', 'slow']\n  test(name, find_program(name + '.sh'), timeout: 1)\nendforeach\n",
                     **{f'{name}__sh': f'#!/bin/sh\n{text}\n' for name, text in (('passes', self.PASSES), ('fails', self.FAILS), ('slow', self.SLOW))})
        r = self.paste('Meson')
        self.assertRan(r, 2)  # as many as have failed
        self.assertRegex(r.out, r'(?m)passes +OK ')
        self.assertRegex(r.out, r'(?m)fails +FAIL .*exit status 3$')
        self.assertRegex(r.out, r'(?m)slow +TIMEOUT ')
        self.assertEqual(self.leftovers(15), [])

    def test_cmake(self):
        self.needs_package('cmake')
        body = '#include <stdlib.h>\n#include <unistd.h>\nint main(void) { return %s; }\n'
        self.project(passes__c=body % 'getuid() != 0', fails__c=body % 'getuid() ? 0 : 3',
                     slow__c=body % f'system("sleep {FOR_EVER} & sleep {FOR_EVER}")',
                     CMakeLists__txt='cmake_minimum_required(VERSION 3.13)\nproject(p C)\nenable_testing()\nforeach(name passes fails slow)\n'
                     '  add_executable(${name} ${name}.c)\n  add_test(NAME ${name} COMMAND ${name})\nendforeach()\n'
                     'set_tests_properties(slow PROPERTIES TIMEOUT 1)\n')
        page = self.block('CMake', 'sh')
        hooks = self.hooks_of_cmake()
        self.assertIn(self.EMULATOR, hooks)
        for hook in hooks:
            with self.subTest(hook):
                self.assertEqual(page.count(self.EMULATOR), 1)
                r = self.paste('CMake', re.sub(r'(?<![-\w])build\b', 'build-' + hook, page.replace(self.EMULATOR, hook)))
                self.assertRan(r, 8)
                self.assertRegex(r.out, r'passes \.+ +Passed')
                self.assertRegex(r.out, r'fails \.+\*\*\*Failed')
                self.assertRegex(r.out, r'slow \.+\*\*\*Timeout')
                self.assertEqual(self.leftovers(15), [])

    EMULATOR = 'CMAKE_CROSSCOMPILING_EMULATOR'

    def hooks_of_cmake(self):
        """The variables of the page that the CMake of this host knows: the second is there from 3.29 on."""
        known = self.run_as(USER, ['cmake', '--help-variable-list']).out.split()
        version = [int(n) for n in re.search(r'version (\d+)\.(\d+)', self.run_as(USER, ['cmake', '--version']).out).groups()]
        self.assertEqual('CMAKE_TEST_LAUNCHER' in known, version >= [3, 29], version)
        return [name for name in (self.EMULATOR, 'CMAKE_TEST_LAUNCHER') if name in known]

    def test_prove(self):
        self.needs_package('perl')
        os.mkdir(self.folder + '/t')
        self.project(**{f't/{name}__t': f'echo 1..1\n{text} && echo ok 1\n' for name, text in (
            ('passes', self.PASSES), ('fails', self.FAILS), ('slow', self.SLOW))})
        r = self.paste('prove')
        self.assertRan(r, 1)
        self.assertRegex(r.out, r't/passes\.t \.+ ok')
        self.assertRegex(r.out, r't/fails\.t \.+ *\nDubious, test returned 3 ')
        self.assertRegex(r.out, r't/slow\.t \.+ *\nDubious, test returned 124 ')
        self.assertEqual(self.leftovers(15), [])


class Gitlab(CiTest):
    """A stand-in for gitlab-runner: what its manual says that it does with a custom executor."""

    FAILED, BROKEN = 71, 72

    def setUp(self):
        super().setUp()
        runner = tomllib.loads(self.block('GitLab', 'toml'))['runners'][0]
        self.exec = {name.removesuffix('_exec'): path.replace('/usr/libexec/croft', self.libexec)
                     for name, path in runner['custom'].items() if name.endswith('_exec')}
        self.assertEqual(sorted(self.exec), ['cleanup', 'config', 'prepare', 'run'])
        self.dirs = {name: runner[name] for name in ('builds_dir', 'cache_dir')}
        self.state = self.folder + '/state'
        self.conf = self.folder + '/gitlab.conf'
        self.write(self.conf, self.block('GitLab', 'sh').replace('IMAGE=debian', 'IMAGE=host') + f'STATE={self.state}\n')
        self.env.update(CROFT_GITLAB_CONF=self.conf, BUILD_FAILURE_EXIT_CODE=str(self.FAILED), SYSTEM_FAILURE_EXIT_CODE=str(self.BROKEN),
                        BUILD_EXIT_CODE_FILE=self.folder + '/exit-code', CUSTOM_ENV_CI_JOB_ID='4711', CUSTOM_ENV_CI_PROJECT_ID='12')

    def start(self, what, *args):
        return self.popen_as(USER, [self.exec[what], *args], cwd=self.folder, env=self.env)

    def stage(self, what, *args):
        return self.run_as(USER, [self.exec[what], *args], cwd=self.folder, env=self.env)

    def script(self, text):
        """As gitlab-runner writes one: a program of the shell, which is read by it from standard input."""
        return self.write(self.folder + '/script', f'#!/usr/bin/env bash\nset -eo pipefail\n{text}\nexit 0\n', USER, 0o700)

    def run_stage(self, text, stage='build_script'):
        return self.stage('run', self.script(text), stage)

    def job(self, *scripts, image=None):
        """[(stage, Result)]: the first that fails is followed by the end, which always comes."""
        if image:
            self.env['CUSTOM_ENV_CI_JOB_IMAGE'] = image
        results = [('config', self.stage('config')), ('prepare', self.stage('prepare'))]
        for stage, text in scripts:
            if results[-1][1].status == 0:
                results.append((stage, self.run_stage(text, stage)))
        results.append(('cleanup', self.stage('cleanup')))
        self.assertRan(results[-1][1])
        self.assertEqual(os.listdir(self.state + '/jobs') if os.path.isdir(self.state + '/jobs') else [], [])
        return results

    def assertEnds(self, results, status, out='.*', err='.*'):
        """The last stage before the end."""
        self.assertRan(results[-2][1], status)
        self.assertRegex(results[-2][1].out, out)
        self.assertRegex(results[-2][1].err, err)

    def test_the_job_is_told_where_its_folders_are(self):
        r = self.stage('config')
        self.assertRan(r)
        said = json.loads(r.out)
        self.assertEqual({name: said[name] for name in self.dirs}, self.dirs)
        self.assertEqual(said['driver'], {'name': 'croft', 'version': self.croft(USER, 'version').out.split()[1]})

    def test_a_job_of_several_stages_shares_its_folders_and_nothing_else(self):
        self.assertEnds(self.job(('get_sources', 'mkdir p && echo text >p/file && id -u'),
                                 ('build_script', 'cd p && cat file && touch /tmp/here /cache/kept && chown -R 1:1 . && mkdir -m 0 closed'),
                                 ('after_script', '! [ -e /tmp/here ] && ! [ -e /home ] && cat p/file && env | grep -c CUSTOM_ENV || true')), 0, r'text\n0\n\Z')
        self.assertTrue(os.path.exists(f'{self.state}/cache/12/kept'))

    def test_the_job_of_the_page_runs_over_the_root_that_it_names(self):
        page = self.block('GitLab', 'yaml')
        image = re.search(r'(?m)^  image: (\S+)$', page)[1]
        lines = re.findall(r'(?m)^    - (.+)$', page)
        self.assertRan(self.croft(USER, 'root', 'build', image, 'sh', 'bash', 'make', 'cat', 'grep', 'true', env=self.env))
        self.assertEnds(self.job(('get_sources', 'printf "check:\\n\\t@echo checked; cat /made 2>&1; echo x >/made\\n" >Makefile'),
                                 ('build_script', '\n'.join(lines)), ('step_again', '\n'.join(lines)), image=image), 0, 'checked')
        root = json.loads(self.croft(USER, 'root', 'list', '--json', env=self.env).out)[0]
        self.assertEqual(root['name'], image)
        self.assertFalse(os.path.exists(root['path'] + '/made'))

    def test_a_script_that_fails_is_a_failure_of_the_job(self):
        for status in (3, 125, 1):
            self.assertEnds(self.job(('build_script', f'exit {status}')), self.FAILED)
            with open(self.env['BUILD_EXIT_CODE_FILE'], encoding='ascii') as f:
                self.assertEqual(f.read(), f'{status}\n')

    def test_a_sandbox_that_does_not_start_is_a_failure_of_the_system(self):
        with self.policy('version 1\nallow everyone root host\nallow everyone volume %h/** rw\nallow everyone network none\nallow everyone ids subordinate\n'):
            self.assertEnds(self.job(('build_script', 'true')), 0)
            self.write(self.conf, f'STATE={self.state}\nNETWORK=host\n')
            self.assertEnds(self.job(('build_script', 'true')), self.BROKEN, err='croft: network host: denied .*\n(.*\n)*croft: the job\'s sandbox does not start')

    def test_one_that_starts_no_more_is_so_in_the_middle_of_a_job(self):
        self.assertRan(self.stage('prepare'))
        self.assertRan(self.run_stage('true'))
        self.write(self.conf, f'STATE={self.state}\nOPTIONS="--network none -w /nowhere"\n')
        self.assertRefused(self.run_stage('true'), self.BROKEN, 'the sandbox of stage build_script did not start')
        self.assertRan(self.stage('cleanup'))

    def test_an_image_that_is_no_root_is_a_failure_of_the_job(self):
        for image in ('nosuch', '/etc', '../x', '.', '-v', 'a b'):
            self.assertEnds(self.job(('build_script', 'true'), image=image), self.FAILED, err='croft: image: ')

    def test_without_the_numbers_of_the_job_nothing_is_done(self):
        for number in ('', '1/../2', '-1'):
            self.env['CUSTOM_ENV_CI_JOB_ID'] = number
            for what in ('config', 'prepare', 'cleanup'):
                self.assertRefused(self.stage(what), self.BROKEN, 'must be numbers')

    def running(self, text):
        """run of a script that says ready: its Popen."""
        self.assertRan(self.stage('prepare'))
        p = self.start('run', self.script(text), 'build_script')
        self.assertEqual(p.stdout.readline(), b'ready\n')
        return p

    def test_a_job_that_is_cancelled_can_end_in_peace(self):
        """gitlab-runner sends TERM to a process group."""
        p = self.running('trap "echo got TERM; exit 0" TERM; echo ready; while :; do sleep 0.02; done')
        os.killpg(p.pid, signal.SIGTERM)
        self.assertEqual(p.stdout.read(), b'got TERM\n')
        self.assertEqual(p.wait(20), 0)
        self.assertRan(self.stage('cleanup'))
        self.assertEqual(self.leftovers(15), [])

    def test_one_that_does_not_is_killed(self):
        p = self.running(f'trap "" TERM; (trap "" TERM; sleep {FOR_EVER}) & echo ready; while :; do sleep 0.02; done')
        self.assertIn('gitlab-4711', self.croft(USER, 'ps').out)
        os.killpg(p.pid, signal.SIGKILL)
        p.wait()
        self.assertRan(self.stage('cleanup'))
        self.assertEqual(self.leftovers(), [])
        self.assertFalse(os.path.exists(self.state + '/jobs/4711'))


# What the test adds to the page: a master with its worker in it, sources, steps that end badly, and a build at once.
MASTER = '''
from buildbot.plugins import schedulers, worker
page = factory
factory = util.BuildFactory([steps.ShellCommand(command=['cp', '%(folder)s/Makefile', '.'], name='sources')])
factory.addSteps(page.steps)
factory.addSteps([
    sandboxed('sh', '-c', 'sleep %(for_ever)d & exit 3', name='fails'),
    sandboxed('sh', '-c', 'sleep %(for_ever)d & sleep %(for_ever)d', name='slow', maxTime=2),
    sandboxed('true', name='refused', options=['-v', '/nowhere:/x']),
])
BuildmasterConfig = {
    'workers': [worker.LocalWorker('here')], 'protocols': {'null': {}}, 'buildbotNetUsageData': None, 'db': {'db_url': 'sqlite:///state.sqlite'},
    'builders': [util.BuilderConfig(name='croft', workernames=['here'], factory=factory)],
    'schedulers': [schedulers.Periodic(name='once', builderNames=['croft'], periodicBuildTimer=86400)],
}
'''


class Buildbot(CiTest):
    def install(self):
        """Where its modules are: those of Debian's packages, unpacked, which takes seconds; to configure them takes more than the rest."""
        tree = self.make_dir('root')
        os.makedirs(tree + '/packages/partial')
        done = subprocess.run(['apt-get', '-qq', '-y', '--no-install-recommends', '--download-only', '-o', f'Dir::Cache::archives={tree}/packages',
                               'install', 'buildbot', 'buildbot-worker'], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
        if done.returncode != 0:
            self.skipTest(f'the packages of Buildbot cannot be had: {done.stderr[-300:]}')
        for name in os.listdir(tree + '/packages'):
            if name.endswith('.deb'):
                subprocess.run(['dpkg-deb', '-x', f'{tree}/packages/{name}', tree], check=True)
        self.env['PYTHONPATH'] = tree + '/usr/lib/python3/dist-packages'
        self.env['PYTHONPYCACHEPREFIX'] = self.folder + '/pycache'
        return ['/usr/bin/python3', tree + '/usr/bin/buildbot'] if os.path.exists(tree + '/usr/bin/buildbot') else ['/usr/bin/buildbot']

    @staticmethod
    def log(master):
        with open(master + '/twistd.log', encoding='utf-8', errors='replace') as f:
            return f.read()

    @staticmethod
    def results(master):
        """{step: what became of it}"""
        with contextlib.closing(sqlite3.connect(master + '/state.sqlite')) as db:
            return dict(db.execute('SELECT name, results FROM steps').fetchall())

    def test_a_build_whose_steps_pass_fail_and_take_too_long(self):
        buildbot = self.install()
        master = self.folder + '/master'
        self.assertRan(self.run_as(USER, [*buildbot, 'create-master', '-q', master], env=self.env, cwd=self.folder))
        self.project(Makefile=f'all:; echo text >made\ncheck:; test -s made && test ! -e {self.folder} && test "$$(id -u)" = 0\n')
        self.write(master + '/master.cfg', self.block('Buildbot', 'python') + MASTER % {'folder': self.folder, 'for_ever': FOR_EVER}, USER)
        p = self.popen_as(USER, [*buildbot, 'start', '--nodaemon', master], env=self.env, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.wait_for(lambda: p.poll() is not None or os.path.exists(master + '/twistd.log') and ': build finished' in self.log(master), 100)
        self.assertIsNone(p.poll(), 'it ended by itself')
        p.terminate()
        p.wait(30)
        success, failure, exception = 0, 2, 4
        self.assertEqual(self.results(master), {'worker_preparation': success, 'sources': success, 'compile': success, 'test': success, 'fails': failure, 'slow': failure, 'refused': exception})
        self.assertEqual(self.leftovers(15), [])
