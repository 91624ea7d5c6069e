"""The recipes of docs/ADMIN.md. Their policies are asked everywhere; the rest needs a machine to itself (make check-vm TESTS=test_admin)."""
import os
import re
import subprocess

from croft_test import USER, USER_NO_SUB
from test_gate import GateTest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
IN_VM = bool(os.environ.get('CROFT_VM'))
GATE_POLICY = 'croft-gate.conf'
APPARMOR_4 = os.path.exists('/etc/apparmor.d/abi/4.0')


class RecipeTest(GateTest):
    rules = None

    def recipe(self, heading, user=USER):
        """{language: block} of a section, for the croft and the users of the tests."""
        with open(TOP + '/docs/ADMIN.md', encoding='utf-8') as f:
            section = re.search(r'(?ms)^## %s$(.*?)(?=^## |\Z)' % heading, f.read())[1]
        blocks = dict(re.findall(r'(?ms)^```(\w+)\n(.*?)^```$', section))
        self.assertEqual(sorted(blocks), ['conf', 'expect', 'sh', 'verify'])
        for name in ('conf', 'expect'):
            blocks[name] = re.sub(r'(\buser |/home/)(?:ci|alice)\b', r'\g<1>' + user, blocks[name])
        return blocks

    def answers(self, heading, user=USER, **drop_ins):
        """The policy has no mistake, and answers as the page says."""
        blocks = self.recipe(heading, user)
        expected = self.write(self.make_dir() + '/expected', blocks['expect'])
        with self.policy(blocks['conf'], drop_ins):
            r = self.croft(user, 'policy', 'check')
            self.assertRan(r)
            self.assertIn('no mistakes', r.out)
            self.assertRan(self.croft(user, 'policy', 'test', expected))
            wrong = self.write(self.make_dir() + '/wrong', blocks['expect'].replace('expect deny ', 'expect allow '))
            self.assertRan(self.croft(user, 'policy', 'test', wrong), 1)

    def verify(self, heading, user, session=None):
        """Each line of what the page has a user look at; {line: what it said}. session: a command of root's that starts one of his."""
        said = {}
        for line in self.recipe(heading)['verify'].splitlines():
            env = {'PATH': f'{os.path.dirname(self.croft_path)}:/usr/bin:/bin'}
            with self.subTest(line):
                command = ['bash', '-o', 'pipefail', '-c', line]
                r = self.run_as('root', [*session, *command], timeout=200) if session else self.run_as(user, command, env=env)
                self.assertRan(r)
                said[line] = r.out
        return said

    def gate_policy(self):
        with open(f'{TOP}/policy/{GATE_POLICY}', encoding='utf-8') as f:
            return {GATE_POLICY: f.read()}


class Policies(RecipeTest):
    def test_that_of_a_ci_host(self):
        self.answers('A CI host')

    def test_that_of_a_shared_server(self):
        self.answers('A shared server', USER_NO_SUB)

    def test_that_of_a_hardened_server(self):
        self.answers('A hardened server', **self.gate_policy())


class CiHost(RecipeTest):
    """It needs nothing of the host."""

    def test_it_works(self):
        home = f'/home/{USER}'
        os.mkdir(home + '/builds')
        self.addCleanup(subprocess.run, ['rm', '-rf', home + '/builds'], check=True)
        self.give(home + '/builds', USER)
        with self.policy(self.recipe('A CI host')['conf']):
            said = self.verify('A CI host', USER)
            doctor = next(text for line, text in said.items() if 'doctor' in line)
            self.assertEqual(doctor.count('\n'), 3, doctor)
            self.assertTrue(os.path.exists(home + '/builds/made'))


class Machine(RecipeTest):
    """What root types is typed."""
    time_limit = 900

    def prepare(self, heading):
        script = self.recipe(heading)['sh']
        r = self.run_as('root', ['sh', '-e'], input=script, env={'DEBIAN_FRONTEND': 'noninteractive'}, timeout=300)
        self.assertRan(r)

    def test_a_ci_host(self):
        self.prepare('A CI host')
        self.addCleanup(subprocess.run, ['userdel', '-r', 'ci'], stderr=subprocess.DEVNULL, check=True)
        with self.policy(self.recipe('A CI host', 'ci')['conf']):
            self.verify('A CI host', 'ci')
        self.assertTrue(os.path.exists('/home/ci/builds/made'))

    def test_a_shared_server(self):
        self.prepare('A shared server')
        uid = subprocess.run(['id', '-u', USER_NO_SUB], check=True, capture_output=True, text=True).stdout.strip()
        self.addCleanup(subprocess.run, ['systemctl', 'stop', f'user@{uid}.service'], check=True)
        subprocess.run(['systemctl', 'start', f'user@{uid}.service'], check=True)
        with self.policy(self.recipe('A shared server')['conf']):
            said = self.verify('A shared server', USER_NO_SUB, [
                # In the mounts of the machine, where the folder of the session is.
                'nsenter', '--target', '1', '--mount', 'systemd-run', f'--machine={USER_NO_SUB}@', '--user', '--quiet', '--pipe', '--wait',
                f'--setenv=PATH={os.path.dirname(self.croft_path)}:/usr/bin:/bin', '--'])
        text = '\n'.join(said.values())
        self.assertRegex(text, r'(?m)^0\n +0 +%s +1\n +1 +%d +65536$' % (uid, 1000000000 + (int(uid) - 1000) * 65536))
        self.assertRegex(text, r'(?m)^MemoryMax=17179869184$')
        self.assertRegex(text, r'(?m)^TasksMax=4000$')
        self.assertGreaterEqual(len(re.findall('(?m)^ok ', text)), 3, text)

    def test_a_hardened_server(self):
        self.put_gate(caps='cap_sys_admin,cap_setuid,cap_setgid+p')
        self.prepare('A hardened server')
        self.addCleanup(subprocess.run, ['sysctl', '-q', '-w', 'kernel.unprivileged_userns_clone=1'], check=True)
        with self.policy(self.recipe('A hardened server')['conf'], self.gate_policy()):
            text = '\n'.join(self.verify('A hardened server', USER).values())
        self.assertRegex(text, r'(?m)^0\n +0 +\d+ +1\n +1 +\d+ +65536$')
        self.assertEqual(len(re.findall('(?m)^ok ', text)), 3, text)


class Profile(RecipeTest):
    """packaging/apparmor/croft."""

    @staticmethod
    def text():
        with open(TOP + '/packaging/apparmor/croft', encoding='utf-8') as f:
            return f.read()

    def parse(self, text):
        path = self.write(self.make_dir('root') + '/profile', text)
        return self.run_as('root', ['apparmor_parser', '--skip-kernel-load', '--skip-cache', path])

    def test_apparmor_can_read_it(self):
        self.needs_package('apparmor')
        text = self.text()
        if not APPARMOR_4:
            self.assertRefused(self.parse(text), 1, 'abi/4.0')
            text = text.replace('abi <abi/4.0>,', 'abi <abi/3.0>,').replace('  userns,\n', '')
        self.assertRan(self.parse(text))
        self.assertRefused(self.parse(text.replace('croft>\n}', 'croft>\n  nonsense\n}')), 1, 'syntax error')

    def test_it_has_one_rule(self):
        rules = [line.strip() for line in self.text().partition('{\n')[2].rpartition('}')[0].splitlines() if line.strip()]
        self.assertEqual(rules, ['userns,', 'include if exists <local/croft>'])


# Users under this one may do anything but make user namespaces; what has a profile of its own gets it.
USERS_PROFILE = '''abi <abi/4.0>,
profile croft-test-users flags=(attach_disconnected) {
  capability, network, signal, ptrace, mount, umount, pivot_root, unix, dbus, mqueue, io_uring,
  / rwlkm,
  /** rwlkm,
  /** pix,
}
'''


class Mediated(RecipeTest):
    def load(self, script):
        self.assertRan(self.run_as('root', ['sh', '-e'], input=script, cwd=TOP))

    def as_user(self, *argv):
        """From a shell: what aa-exec starts has that profile, whichever other is its own."""
        return self.run_as(USER, ['aa-exec', '-p', 'croft-test-users', '--', 'sh', '-c', '"$@"', 'sh', *argv])

    @staticmethod
    def profiles():
        with open('/sys/kernel/security/apparmor/profiles', encoding='ascii') as f:
            return set(f.read().splitlines())

    def test_the_profile_gives_user_namespaces_to_croft_and_changes_nothing_else(self):
        with open(TOP + '/docs/ADMIN.md', encoding='utf-8') as f:
            commands = re.search(r'(?ms)^```apparmor\n(.*?)^```$', f.read())[1]
        self.load(f"cat >/etc/apparmor.d/croft-test-users <<'EOF'\n{USERS_PROFILE}EOF\napparmor_parser -r /etc/apparmor.d/croft-test-users\n")
        run = (self.croft_path, 'run', 'host', '--')
        self.assertRan(self.run_as(USER, [*run, 'true']))
        self.assertRefused(self.as_user('unshare', '--user', 'true'), 1, 'unshare')
        self.assertRefused(self.as_user(*run, 'true'), 125, 'AppArmor')
        before = self.profiles()
        self.load(commands.replace('/usr/local/bin/croft', self.croft_path))
        self.assertEqual({line.partition(' ')[0] for line in self.profiles() ^ before}, {'croft'})
        self.assertRan(self.as_user(*run, 'true'))
        r = self.as_user(self.croft_path, 'doctor')
        self.assertRan(r)
        self.assertRegex(r.out, r'(?m)^ok +sandbox ')
        self.assertRefused(self.as_user('unshare', '--user', 'true'), 1, 'unshare')
        self.assertRefused(self.as_user(*run, 'unshare', '--user', 'true'), 1, 'unshare')
        self.assertRan(self.run_as(USER, ['unshare', '--user', 'true']))


# a skip would be a failure in CI
if not IN_VM:
    del Machine
if not IN_VM or not APPARMOR_4:
    del Mediated
