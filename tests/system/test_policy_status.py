"""croft policy status, and the lines `mode enforced` and `require boundary` in every tool: what the policy is worth on a host.

A host that refuses user namespaces is played for one process: a filter refuses them, and its /proc says that a setting does. In the
virtual machine (make check-vm) the settings are real.
"""
import json
import os
import pwd
import re
import shutil
import subprocess

from croft_test import EXIT_CROFT, USER
from test_gate import GateTest, OPEN

ADVICE = 'the policy is advice, because users may create user namespaces'
HELPER_ONLY = '; but croft-idmap alone gives out subordinate ids'
IDS_CAPS = 'cap_sys_admin,cap_setuid,cap_setgid+p'
KNOBS = {'user.max_user_namespaces', 'kernel.unprivileged_userns_clone'}


class StatusTest(GateTest):
    rules = None  # each test installs its own

    def as_refused(self, user, *args, knob=True, **kwargs):
        """croft ARGS as user, whom a filter refuses user namespaces; with knob, a setting of the host seems to be the reason."""
        entry = pwd.getpwnam(user)
        command = [self.probes + '/nouserns', '-u', str(entry.pw_uid), str(entry.pw_gid), self.croft_path, *args]
        if knob:
            zero = self.write(self.make_dir('root') + '/zero', '0\n')
            script = 'mount --bind "$1" /proc/sys/user/max_user_namespaces && shift && exec "$@"'
            command = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', zero, *command]
        return self.run_as('root', command, cwd=entry.pw_dir, env={'HOME': entry.pw_dir}, **kwargs)

    def answer(self, result, status=0):
        self.assertRan(result, status)
        self.assertEqual(result.err, '', result)
        a = json.loads(result.out)
        self.assertEqual(set(a), {'level', 'boundary', 'sentence', 'required', 'facts'})
        self.assertIn(a['level'], ('advice', 'ids', 'boundary', 'boundary-ids'))
        self.assertEqual(a['boundary'], a['level'].startswith('boundary'))
        self.assertEqual(a['boundary'], a['sentence'] == 'the policy is a boundary')
        self.assertEqual(a['boundary'], not any(f['lacks'] for f in a['facts']), a)
        self.assertEqual(status == 1, bool(a['required']) and not a['boundary'])
        for f in a['facts']:
            self.assertEqual(set(f), {'name', 'lacks', 'found', 'mend'})
            self.assertNotEqual(f['found'], '')
            if f['lacks']:
                self.assertNotEqual(f['mend'], '', f)
        a['facts'] = {f['name']: f for f in a['facts']}
        self.assertEqual(list(a['facts']), ['user namespaces', 'croft-gate', 'policy', 'mode', 'croft-idmap', 'newuidmap'])
        return a

    def status(self, user=USER, status=0):
        return self.answer(self.croft(user, 'policy', 'status', '--json'), status)

    def refused_status(self, user=USER, status=0, **kwargs):
        return self.answer(self.as_refused(user, 'policy', 'status', '--json', **kwargs), status)

    def lacks(self, answer):
        return [name for name, f in answer['facts'].items() if f['lacks']]


class OpenHost(StatusTest):
    """Users may create user namespaces here."""

    def test_the_policy_is_advice_and_what_is_missing_has_its_command(self):
        self.assertRan(self.run_as(USER, ['unshare', '--user', '--mount', 'true']))
        for user in (USER, 'root'):
            with self.subTest(user), self.policy(OPEN):
                a = self.status(user)
                self.assertEqual(a['sentence'].replace(HELPER_ONLY, ''), ADVICE)
                self.assertEqual(self.lacks(a), ['user namespaces'])
                self.assertRegex(a['facts']['user namespaces']['mend'], r'^echo (%s)=0 \| sudo tee /etc/sysctl.d/croft.conf && ' % '|'.join(KNOBS))

    def test_without_a_gate_and_a_policy_both_are_reasons(self):
        self.remove_gate()
        a = self.status()
        self.assertEqual(a['sentence'].replace(HELPER_ONLY, ''), ADVICE + ', croft-gate is not installed and no policy is installed')
        self.assertEqual(self.lacks(a), ['user namespaces', 'croft-gate', 'policy'])

    def test_who_gives_out_ids_makes_the_level(self):
        shadow = any(os.path.exists('/usr/bin/' + name) for name in ('newuidmap', 'newgidmap'))
        with self.policy(OPEN):
            a = self.status()
            self.assertEqual(a['level'], 'advice' if shadow else 'ids')
            self.assertEqual(a['sentence'].endswith(HELPER_ONLY), not shadow)
            self.assertRegex(a['facts']['newuidmap']['found'], 'ask no policy$' if shadow else 'not there')
            self.assertRegex(a['facts']['croft-idmap']['found'], '^gives out subordinate ids, as the policy says')
            subprocess.run(['setcap', '-r', self.idmap_path], check=True)
            try:
                a = self.status()
            finally:
                subprocess.run(['setcap', 'cap_setuid,cap_setgid+p', self.idmap_path], check=True)
            self.assertEqual((a['level'], a['sentence']), ('advice', ADVICE))
            self.assertRegex(a['facts']['croft-idmap']['found'], '^gives out no subordinate ids: .*neither setuid root nor has it')

    def test_mode_enforced_alone_is_no_boundary_and_is_told(self):
        with self.policy(OPEN + 'mode enforced\n') as path:
            a = self.status()
            self.assertFalse(a['boundary'])
            self.assertEqual(a['facts']['mode']['found'], f'enforced, by {path}:9 (mode enforced): croft-gate alone starts sandboxes')
        with self.policy(OPEN):
            self.assertRegex(self.status()['facts']['mode']['found'], '^not enforced: ')

    def test_the_text_says_the_same(self):
        with self.policy(OPEN):
            r = self.croft(USER, 'policy', 'status')
            self.assertRan(r)
            self.assertEqual(r.err, '')
            self.assertRegex(r.out, r'\Alevel +(advice|ids): the policy is advice, because users may create user namespaces(; .*)?\n'
                                    r'user namespaces +ordinary users may create them.*\n +for a boundary: echo .*\ncroft-gate +/\S+ has its')

    def test_a_broken_policy_is_an_error_with_its_place(self):
        with self.policy(OPEN):
            self.status()
        for text in ('version 1\nnonsense\n', 'version 1\nrequire\n', 'version 1\nrequire boundary now\n'):
            with self.policy(text) as path:
                r = self.croft(USER, 'policy', 'status')
                self.assertRefused(r, EXIT_CROFT, rf'^croft: {path}:2:\d+: expected .*\ncroft: hint: croft policy check\n$')
                self.assertEqual(r.out, '')

    def test_wrong_arguments_and_a_full_disk(self):
        self.assertRefused(self.croft(USER, 'policy', 'status', 'x'), EXIT_CROFT, 'too many operands')
        self.assertRefused(self.croft(USER, 'policy', 'status', '--policy', 'x'), EXIT_CROFT, 'unknown option --policy')
        self.assertRan(self.croft(USER, 'policy', 'status', '--help'))
        with open('/dev/full', 'w', encoding='utf-8') as full:
            self.assertRefused(self.croft(USER, 'policy', 'status', stdout=full), EXIT_CROFT, 'write standard output')

    def test_inside_a_user_namespace_the_gate_is_of_no_use(self):
        with self.policy(OPEN):
            r = self.run_as(USER, ['unshare', '--map-current-user', self.croft_path, 'policy', 'status', '--json'])
            # The owner of the policy is not to be verified there.
            self.assertRefused(r, EXIT_CROFT, 'belongs to uid 65534')
        r = self.run_as(USER, ['unshare', '--map-root-user', self.croft_path, 'policy', 'status', '--json'])
        self.assertFalse(r.status == 0 and json.loads(r.out)['boundary'], r)


class ClosedHost(StatusTest):
    """A setting of the host refuses user namespaces, as far as the process can tell."""

    def test_with_the_gate_and_a_policy_it_is_a_boundary_for_whoever_asks(self):
        with self.policy(OPEN):
            self.assertFalse(self.status()['boundary'])
            for user, who in ((USER, 'you may start it'), ('root', 'everybody may start it')):
                a = self.refused_status(user)
                self.assertEqual((a['level'], a['sentence']), ('boundary', 'the policy is a boundary'))
                self.assertEqual(a['facts']['user namespaces']['found'], 'refused to ordinary users: user.max_user_namespaces is 0')
                self.assertEqual(a['facts']['croft-gate']['found'], f'{self.gate_path} has its capabilities, and {who}')
            r = self.as_refused(USER, 'policy', 'status')
            self.assertRan(r)
            self.assertRegex(r.out, r'\Alevel +boundary: the policy is a boundary\n')
            self.assertNotIn('for a boundary', r.out)

    def test_the_gates_other_privileges_serve_as_well(self):
        with self.policy(OPEN):
            for setuid, caps, found in ((True, None, 'is setuid root'), (False, IDS_CAPS, 'has its capabilities')):
                self.put_gate(setuid, caps)
                a = self.refused_status()
                # Nobody gets a user namespace here, the gate neither.
                self.assertEqual(a['level'], 'boundary')
                self.assertIn(found, a['facts']['croft-gate']['found'])

    def test_a_filter_alone_says_nothing_about_others(self):
        with self.policy(OPEN):
            self.assertTrue(self.refused_status()['boundary'])
            for user in (USER, 'root'):
                a = self.refused_status(user, knob=False)
                self.assertFalse(a['boundary'])
                self.assertEqual(a['sentence'].replace(HELPER_ONLY, ''),
                                 'the policy is advice, because user namespaces are refused to this process but perhaps not to others')
                self.assertRegex(a['facts']['user namespaces']['found'], 'to this process.*: a seccomp filter is on it$')

    def test_a_gate_that_cannot_work_is_none(self):
        with self.policy(OPEN):
            self.assertTrue(self.refused_status()['boundary'])
            for caps, message in ((None, 'neither setuid root nor has it the capabilities cap_sys_admin'),
                                  ('cap_setuid+p', 'has other capabilities than it works with: cap_sys_admin or cap_sys_admin,cap_setuid,cap_setgid'),
                                  ('cap_sys_admin,cap_setuid+p', 'has other capabilities than it works with'),
                                  ('cap_sys_admin,cap_net_admin+p', 'has other capabilities than it works with')):
                self.put_gate(caps=caps)
                a = self.refused_status()
                self.assertIn('because croft-gate is installed without its privilege', a['sentence'])
                self.assertIn(message, a['facts']['croft-gate']['found'])
                subprocess.run(a['facts']['croft-gate']['mend'].removeprefix('sudo ').split(), check=True)
                self.assertTrue(self.refused_status()['boundary'])
            os.chown(self.gate_path, pwd.getpwnam(USER).pw_uid, 0)
            self.assertIn('does not belong to root alone', self.refused_status()['facts']['croft-gate']['found'])
            self.remove_gate()
            a = self.refused_status()
            self.assertIn('because croft-gate is not installed', a['sentence'])
            self.assertEqual(self.lacks(a), ['croft-gate'])

    def test_who_may_not_start_the_gate_is_told_and_the_policy_binds_him_all_the_same(self):
        with self.policy(OPEN):
            os.chmod(self.gate_path, 0o750)
            a = self.refused_status()
            self.assertTrue(a['boundary'])
            self.assertRegex(a['facts']['croft-gate']['found'], r'but not here: execute \S+/croft-gate: Permission denied$')
            self.assertRegex(a['facts']['croft-gate']['mend'], r'^sudo usermod -a -G ')
            self.assertIn('the members of group 0 may start it', self.refused_status('root')['facts']['croft-gate']['found'])

    def test_without_a_policy_it_is_none_and_the_command_installs_one(self):
        self.remove_gate()
        self.put_gate()
        a = self.refused_status()
        self.assertIn('because no policy is installed', a['sentence'])
        command = a['facts']['policy']['mend'].replace('sudo ', '').replace('croft policy', self.croft_path + ' policy')
        try:
            # as a pipe it would read what is being installed where it is the slower one
            self.assertNotIn('|', command)
            subprocess.run(['sh', '-c', command], check=True, cwd=self.make_dir('root'))
            self.assertTrue(self.refused_status()['boundary'])
        finally:
            shutil.rmtree(self.sysconfdir + '/croft')


class Required(StatusTest):
    """The line `require boundary`."""

    def setUp(self):
        super().setUp()
        self.text = OPEN + 'allow everyone ids subordinate\nrequire boundary\n'

    def run_refused(self, message, *options, closed=False):
        words = ['run', *options, 'host', '--', 'true']
        r = self.as_refused(USER, *words) if closed else self.croft(USER, *words)
        self.assertRefused(r, EXIT_CROFT, message)
        return r

    def test_where_users_may_make_user_namespaces_nothing_starts(self):
        with self.policy(self.text.replace('require boundary\n', '')):
            for options in ([], ['--map', 'self'], ['--gate'], ['--map', 'none']):
                self.assertRan(self.croft(USER, 'run', *options, 'host', '--', 'true'))
        with self.policy(self.text) as path:
            said = rf'^croft: {path}:10 says require boundary, but here {ADVICE}(; .*)?\ncroft: hint: croft policy status\n$'
            for options in ([], ['--map', 'self'], ['--gate'], ['--map', 'none']):
                self.run_refused(said, *options)
            self.assertRefused(self.croft(USER, 'plan', 'host'), EXIT_CROFT, said)
            self.run_refused(rf'^croft: option --no-gate: {path}:10 says require boundary: sandboxes are made by croft-gate alone\n', '--no-gate')

    def test_the_helper_gives_no_ids(self):
        def helper():
            fd = os.open('/proc/self', os.O_PATH | os.O_DIRECTORY)
            try:
                return self.run_as(USER, [self.idmap_path, '3', '0', '0'], preexec_fn=lambda: os.dup2(fd, 3), pass_fds=(3,))
            finally:
                os.close(fd)
        with self.policy(self.text.replace('require boundary\n', '')):
            self.assertNotIn('require', helper().err)
        with self.policy(self.text) as path:
            self.assertRefused(helper(), 1, rf'^croft-idmap: {path}:10 says require boundary: sandboxes are started by croft-gate alone\n')

    def test_on_a_host_that_refuses_them_the_gate_starts_it(self):
        with self.policy(self.text):
            r = self.as_refused(USER, 'run', 'host', '--', 'id', '-u')
            self.assertRan(r)
            self.assertEqual((r.out, r.err), (f'{pwd.getpwnam(USER).pw_uid}\n', ''))

    def test_without_a_gate_the_reason_is_the_gate(self):
        with self.policy(self.text) as path:
            self.assertRan(self.as_refused(USER, 'run', 'host', '--', 'true'))
            self.remove_gate()
            self.run_refused(rf'^croft: {path}:10 says require boundary, but here the policy is advice, because croft-gate is not installed', closed=True)

    def test_a_filter_alone_is_no_boundary(self):
        with self.policy(self.text):
            self.assertRan(self.as_refused(USER, 'run', 'host', '--', 'true'))
            self.assertRefused(self.as_refused(USER, 'run', 'host', '--', 'true', knob=False), EXIT_CROFT,
                               'refused to this process but perhaps not to others')

    def test_the_status_is_1_where_the_host_gives_less(self):
        with self.policy(self.text) as path:
            for user in (USER, 'root'):
                a = self.status(user, 1)
                self.assertEqual(a['required'], {'file': path, 'line': 10, 'text': 'require boundary'})
                self.assertEqual(self.refused_status(user)['required']['line'], 10)
            r = self.croft(USER, 'policy', 'status')
            self.assertRefused(r, 1, rf'^croft: {path}:10 says require boundary, but here {ADVICE}(; .*)?\n$')
            self.assertRegex(r.out, r'\n +for a boundary: echo ')

    def test_once_in_any_file_is_enough_and_twice_no_mistake(self):
        with self.policy(OPEN, {'b.conf': 'version 1\nrequire boundary\n'}):
            self.run_refused(r'policy\.d/b\.conf:2 says require boundary')
        with self.policy(self.text, {'b.conf': 'version 1\nrequire boundary\n'}):
            self.run_refused(r'policy\.conf:10 says require boundary')
            r = self.croft(USER, 'policy', 'check')
            self.assertRan(r)
            self.assertRegex(r.out, r'policy\.d/b\.conf:2: warning: it adds nothing: \S+/policy\.conf:10 says it already\n')


class Tools(StatusTest):
    """show, check, explain and test take both lines as what they are: of nobody, and about nothing."""

    def setUp(self):
        super().setUp()
        self.enterContext(self.policy(OPEN + 'mode enforced\nrequire boundary\n'))

    def test_show_prints_them_and_its_output_is_a_policy(self):
        r = self.croft(USER, 'policy', 'show')
        self.assertRan(r)
        self.assertRegex(r.out, r'\nmode enforced  # \S+:9\nrequire boundary  # \S+:10\n$')
        copy = self.write(self.make_dir() + '/copy.conf', r.out)
        again = self.croft(USER, 'policy', 'show', '--policy', copy)
        self.assertRan(again)
        self.assertEqual(re.sub('#.*', '', again.out), re.sub('#.*', '', r.out))
        rules = json.loads(self.croft(USER, 'policy', 'show', '--json').out)['rules']
        self.assertEqual([rule['text'] for rule in rules[-2:]], ['mode enforced', 'require boundary'])

    def test_check_counts_them_and_warns_of_a_boundary_around_everything(self):
        r = self.croft(USER, 'policy', 'check')
        self.assertRan(r)
        self.assertRegex(r.out, r'\n?9 rules: no mistakes, ')
        self.assertNotRegex(r.out, r':(9|10): ')
        wide = self.write(self.make_dir() + '/wide.conf', 'version 1\nmode enforced\nallow everyone volume /** ro\n')
        r = self.croft(USER, 'policy', 'check', wide)
        self.assertRan(r)
        self.assertIn(f'{wide}:3: warning: it allows all of the host, so little is left for a boundary to keep', r.out)
        narrow = self.write(self.make_dir() + '/narrow.conf', 'version 1\nallow everyone volume /** ro\n')
        self.assertEqual(self.croft(USER, 'policy', 'check', narrow).out, '1 rule in 1 file: no mistakes, 0 warnings\n')

    def test_check_finds_mistakes_in_them(self):
        for text, message in (('mode', 'expected enforced, found the end of the line'), ('require enforced', "expected boundary, found 'enforced'"),
                              ('require boundary twice', "expected the end of the line, found 'twice'"),
                              ('allow group croftnobody root host', "no group 'croftnobody' in /etc/group")):
            bad = self.write(self.make_dir() + '/bad.conf', 'version 1\n' + text + '\n')
            self.assertRefused(self.croft(USER, 'policy', 'check', bad), EXIT_CROFT, rf'{bad}:2:\d+: {message}')

    def test_explain_and_test_answer_as_without_them(self):
        for words, status in ((('root', 'host'), 0), (('network', 'none'), 0), (('network', 'user'), 1), (('volume', '/etc'), 1), (('ids', 'subordinate'), 1)):
            for more in ([], ['--json']):
                r = self.croft(USER, 'policy', 'explain', *more, *words)
                self.assertRan(r, status)
                self.assertNotRegex(r.out, 'mode enforced|require boundary')
        tests = self.write(self.make_dir() + '/tests', 'expect allow everyone root host\nexpect deny everyone volume /etc:ro\n')
        self.assertRan(self.croft(USER, 'policy', 'test', tests))

    def test_doubtful_objects_are_named(self):
        folder = self.make_dir('root')
        os.mkfifo(folder + '/fifo')
        os.symlink('/usr', folder + '/link')
        theirs = self.make_dir(USER)
        text = (f'version 1\nallow everyone volume {folder}/fifo rw\nallow everyone volume {folder}/fifo rw sockets\n'
                f'allow everyone volume {folder}/link/** ro\nallow everyone volume {theirs}/x/** ro\nallow everyone volume /proc/sys/** ro\n'
                f'allow everyone volume {folder}/gone ro\n')
        os.mkdir(theirs + '/x')
        r = self.croft(USER, 'policy', 'check', self.write(self.make_dir() + '/p.conf', text))
        self.assertRan(r)
        for line in (rf'{folder}/fifo is a socket or a FIFO, and the line lacks the word sockets', rf'{folder}/link is a symbolic link to /usr: ',
                     rf'it lies below {theirs}, which uid \d+ may write', r'it can never allow anything: /proc/sys is of a kernel file system \(proc\)',
                     rf'{folder}/gone does not exist'):
            self.assertRegex(r.out, line)
        self.assertNotRegex(r.out, r'p\.conf:3: warning: it allows nothing')


class Doctor(StatusTest):
    def checks(self, result, status):
        self.assertRan(result, status)
        return {c['name']: c for c in json.loads(result.out)['checks']}

    def assertFound(self, check, state, found, mend=''):
        self.assertEqual(check['state'], state, check)
        self.assertRegex(check['found'], found)
        self.assertRegex(check['mend'], f'^{mend}')

    def doctor(self, status):
        return self.checks(self.croft(USER, 'doctor', '--json'), status)

    def refused_doctor(self, status):
        return self.checks(self.as_refused(USER, 'doctor', '--json'), status)

    def test_on_a_boundary_the_main_job_is_the_gates(self):
        with self.policy(OPEN):
            checks = self.refused_doctor(0)
            self.assertEqual(checks['policy level']['found'], 'the policy is a boundary')
            self.assertFound(checks['croft-gate'], 'ok', 'has the capabilities it needs$')
            self.assertFound(checks['sandbox'], 'ok', 'works$')
            for name in ('user namespaces', 'namespaces', 'id maps'):
                self.assertFound(checks[name], 'ok', '^not needed, croft-gate makes the sandboxes: ')
                self.assertEqual(checks[name]['mend'], '')
            self.remove_gate()
            checks = self.refused_doctor(1)
            self.assertFound(checks['croft-gate'], 'warn', 'croft-gate: No such file', 'sudo make install-gate')
            self.assertFound(checks['user namespaces'], 'fail', '^create a user namespace: ')
            self.assertEqual(checks['policy level']['found'].replace(HELPER_ONLY, ''), 'the policy is advice, because croft-gate is not installed')

    def test_a_gate_that_is_needed_and_not_able_fails(self):
        with self.policy(OPEN + 'allow everyone ids subordinate\n'):
            self.assertFound(self.doctor(0)['croft-gate'], 'ok', 'has the capabilities it needs$')
            self.put_gate(caps=None)
            self.assertFound(self.doctor(0)['croft-gate'], 'warn', 'neither setuid root', 'sudo setcap cap_sys_admin')
        with self.policy(OPEN + 'mode enforced\n') as path:
            self.assertFound(self.doctor(1)['croft-gate'], 'fail', rf'^{path}:9 says mode enforced: .*neither setuid root', 'sudo setcap cap_sys_admin')
            self.put_gate()
            checks = self.doctor(0)
            self.assertFound(checks['croft-gate'], 'ok', 'has the capabilities it needs$')
            self.assertFound(checks['id maps'], 'ok', '^not needed, croft-gate makes the sandboxes: ')
            self.assertFound(checks['policy level'], 'ok', f'^{ADVICE}')

    def test_a_boundary_that_is_required_and_not_there_fails(self):
        with self.policy(OPEN + 'require boundary\n') as path:
            checks = self.doctor(1)
            said = rf'^{path}:9 says require boundary, but here {ADVICE}'
            self.assertFound(checks['policy level'], 'fail', said, 'croft policy status$')
            self.assertFound(checks['sandbox'], 'fail', said, 'croft policy status$')
            self.assertEqual(self.refused_doctor(0)['policy level']['found'], 'the policy is a boundary')


if os.environ.get('CROFT_VM'):
    class Knobs(StatusTest):
        """The real settings, one after the other, in a machine of our own."""

        def test_each_setting_makes_a_boundary_and_root_is_not_asked_about_himself(self):
            def sysctl(name, value=None):
                words = ['sysctl', '-n', name] if value is None else ['sysctl', '-qw', f'{name}={value}']
                return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()
            with self.policy(OPEN + 'require boundary\n'):
                for user in (USER, 'root'):
                    self.assertFalse(self.status(user, 1)['boundary'])
                for knob in KNOBS:
                    before = sysctl(knob)
                    sysctl(knob, 0)
                    try:
                        self.assertRefused(self.run_as(USER, ['unshare', '--user', 'true']), 1, 'unshare failed')
                        if knob.startswith('kernel'):
                            self.assertRan(self.run_as('root', ['unshare', '--user', 'true']))
                        for user in (USER, 'root'):
                            a = self.status(user)
                            self.assertTrue(a['boundary'], a)
                            self.assertEqual(a['facts']['user namespaces']['found'], f'refused to ordinary users: {knob} is 0')
                            self.assertEqual(a['level'], 'boundary')
                        self.assertEqual(self.croft(USER, 'run', 'host', '--', 'id', '-u').out, f'{pwd.getpwnam(USER).pw_uid}\n')
                        self.assertRan(self.croft(USER, 'doctor'))
                        self.put_gate(caps=IDS_CAPS)
                        self.assertEqual(self.status()['level'], 'boundary-ids' if knob.startswith('kernel') else 'boundary')
                    finally:
                        self.put_gate()
                        sysctl(knob, before)
                self.assertRefused(self.croft(USER, 'run', 'host', '--', 'true'), EXIT_CROFT, 'says require boundary')
