"""What the documents show as an example does what they say: pasted into a shell, or put where it belongs.

The examples of the manual are taken from the pages as they are installed. Those of a page without a class of its own here are lines
for a shell of a user's, so that a new page is run as it is.
"""
import json
import os
import pwd
import re
import subprocess

import debian_root
from croft_test import EXIT_CROFT, USER, USER2, USER_NO_SUB, sub_ranges
from fuse_case import fuse_for_all
from image_layouts import Layout
from run_case import RunTest
from test_gate import OPEN, GateTest
from test_gate_ids import ALL, IDS

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LITERAL = (('\\(dq', '"'), ('\\-', '-'), ('\\&', ''), ('\\e', '\\'))  # of mdoc


class ExampleTest(RunTest):
    page = None  # of the class alone, as croft-gate.8

    def examples(self, page=None):
        """The examples of a page, a list of lines each: what is indented below EXAMPLES."""
        page = page or self.page
        with open(f'{self.prefix}/share/man/man{page[-1]}/{page}', encoding='utf-8') as f:
            section = re.search(r'(?ms)^\.Sh EXAMPLES$(.*?)(?=^\.Sh |\Z)', f.read())
        self.assertTrue(section, f'{page} has no examples')
        found = [block or line for block, line in re.findall(r'(?ms)^\.Bd -literal[^\n]*\n(.*?)^\.Ed$|^\.Dl ([^\n]*)$', section[1])]
        self.assertTrue(found, f'{page} has no examples')
        for sign, text in LITERAL:
            found = [block.replace(sign, text) for block in found]
        return [block.splitlines() for block in found]

    def of_the_readme(self, heading):
        """What is indented below a heading of README.md."""
        with open(TOP + '/README.md', encoding='utf-8') as f:
            section = re.search(r'(?ms)^## %s$(.*?)^## ' % heading, f.read())[1]
        return re.findall(r'(?m)^    (\S.*)$', section)

    def commands(self, lines):
        """[(user, what he types)]: after a # root."""
        return [('root' if line.startswith('# ') else USER, re.sub(r'^[#$] ', '', line)) for line in lines]

    def shell_env(self, folder):
        return {'PATH': f'{folder}/bin:{os.path.dirname(self.croft_path)}:/usr/sbin:/usr/bin:/sbin:/bin', 'XDG_DATA_HOME': folder + '/data-home'}

    def typed(self, user, line, folder, **kwargs):
        return self.run_as(user, ['bash', '-o', 'pipefail', '-c', line], cwd=folder, env=self.shell_env(folder), timeout=300, **kwargs)

    def stand_in(self, folder, name, script):
        """A program of the user's that he finds before the host's."""
        os.makedirs(folder + '/bin', exist_ok=True)
        self.write(f'{folder}/bin/{name}', '#!/bin/sh\n' + script, mode=0o755)


class Pasted(ExampleTest):
    """Line after line, into a shell of a user's."""

    time_limit = 600  # one of them makes the Debian root of the tests
    # The answer to a question is its status; standard input that ends, ends the shells.
    STATUS = {'croft policy explain volume /etc:rw': 1}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        fuse_for_all(cls)

    def setUp(self):
        self.needs_package('squashfuse', 'squashfs-tools')
        self.folder = self.home_dir()

    def paste(self, lines):
        for user, line in self.commands(lines):
            with self.subTest(line):
                self.assertRan(self.typed(user, line, self.folder), self.STATUS.get(line.partition('  #')[0].strip(), 0))

    def stand_in_for_mmdebstrap(self):
        """Prints the archive that mmdebstrap has made for other tests."""
        self.stand_in(self.folder, 'mmdebstrap', f'cat {debian_root.archive(self)}\n')

    def stand_in_for_skopeo(self):
        """An image layout with the image that it would have fetched."""
        self.assertRan(self.croft(USER, 'root', 'build', '-q', self.folder + '/stand-in', 'bash'))
        tar = subprocess.run(['tar', '--owner=0', '--group=0', '-c', '-C', self.folder + '/stand-in', '.'], check=True, stdout=-1)
        layout = Layout(self.folder + '/images')
        layout.image([layout.layer(tar.stdout)], 'debian')
        layout.write()
        self.stand_in(self.folder, 'skopeo', '[ "$*" = "copy docker://docker.io/library/debian:12 oci:images:debian" ]\n')

    def test_the_examples_of_the_readme_work_when_pasted(self):
        self.stand_in_for_mmdebstrap()
        lines = self.of_the_readme('Use')
        self.assertIn('mmdebstrap', ' '.join(lines))
        # It serves until somebody ends it, on a port of the host's: test_network.py has worlds for that.
        serves = [line for line in lines if ' -p 8080:8000 ' in line]
        self.assertEqual(len(serves), 1)
        self.paste([line for line in lines if line not in serves])

    def test_the_examples_of_the_manual_work_when_pasted(self):
        self.write(self.folder + '/script.sh', 'echo x >/new && ls /new\n', USER)
        os.mkdir(self.folder + '/data')
        self.give(self.folder + '/data', USER)
        self.stand_in_for_skopeo()
        pages = set(os.listdir(TOP + '/man')) - {case.page for case in (Doctor, Gate, Idmap, Policy)}
        self.assertGreater(len(pages), 3)
        for page in sorted(pages):
            self.run_as(USER, ['rm', '-rf', self.folder + '/rootfs'])
            with self.subTest(page):
                self.paste([line for block in self.examples(page) for line in block])


class Doctor(ExampleTest):
    page = 'croft-doctor.1'

    def test_only_what_is_not_well_is_shown_and_somebody_told(self):
        (bad,), (script,) = self.examples()
        folder = self.make_dir(USER, 0o777)
        self.stand_in(folder, 'mail', f'echo "$@" >{folder}/mailed; cat >>{folder}/mailed\n')
        for user, status in ((USER, 0), (USER_NO_SUB, 1)):
            env = self.shell_env(folder)
            lines = self.croft(user, 'doctor').out.splitlines()
            want = [line for i, line in enumerate(lines) if not line.startswith('ok ') and (line[0] != ' ' or lines[i - 1][:2] != 'ok')]
            shown = self.run_as(user, ['sh', '-c', bad.removeprefix('$ ')], cwd=folder, env=env)
            self.assertEqual([line for line in shown.out.splitlines() if line[:2] not in ('--', 'ok')], want)
            self.assertEqual(any(line.startswith('fail ') for line in want), bool(status), shown)
            self.assertRan(self.run_as(user, ['sh', '-c', script.removeprefix('$ ')], cwd=folder, env=env))
            with open(folder + '/report.json', encoding='utf-8') as f:
                report = f.read()
            self.assertEqual(json.loads(report)['ok'], not status)
            os.unlink(folder + '/report.json')
            self.assertEqual(os.path.exists(folder + '/mailed'), bool(status))
        with open(folder + '/mailed', encoding='utf-8') as f:
            self.assertEqual(f.read(), '-s croft does not work root\n' + report)


class Gate(GateTest, ExampleTest):
    page = 'croft-gate.8'

    def setUp(self):
        super().setUp()
        self.shown, self.with_ids, self.rule = self.examples()
        self.folder = self.home_dir()
        os.mkdir(self.folder + '/data')
        self.give(self.folder + '/data', USER)

    def ran(self, lines):
        """What each command says."""
        results = [self.typed(user, line, self.folder) for user, line in self.commands(lines)]
        for r in results:
            self.assertRan(r)
        return [r.out for r in results]

    def test_a_sandbox_and_its_plan(self):
        self.write(self.folder + '/data/here', '', USER)
        listed, plan = self.ran(self.shown)
        self.assertRegex(listed, r' here\n')
        self.assertRegex(plan, r'(?m)^  volume +/mnt <- \./data \(ro\) ')
        self.assertRegex(plan, ', made by croft-gate\n')
        self.remove_gate()
        self.assertRefused(self.typed(USER, self.commands(self.shown)[0][1], self.folder), EXIT_CROFT, 'croft-gate')

    def test_another_user_inside(self):
        self.put_gate(caps=ALL)
        with open(self.sysconfdir + '/croft/policy.conf', 'w', encoding='utf-8') as f:
            f.write(IDS)
        self.ran(self.with_ids)
        self.assertEqual(os.stat(self.folder + '/data/new').st_uid, pwd.getpwnam(USER).pw_uid)

    def test_those_of_the_readme(self):
        install, setcap, *lines = self.of_the_readme('Where users may not make user namespaces')
        self.assertRegex(install, r'^sudo make install-gate +#')
        self.assertEqual(len(lines), 2)
        with open(self.sysconfdir + '/croft/policy.conf', 'w', encoding='utf-8') as f:
            f.write(IDS)
        setcap = setcap.partition('#')[0].replace('/usr/local/libexec/croft', self.libexec).removeprefix('sudo ')
        self.assertRan(self.run_as('root', ['sh', '-c', setcap]))
        self.ran(lines)
        self.assertEqual(os.stat(self.folder + '/data/mine').st_uid, pwd.getpwnam(USER).pw_uid)

    def test_the_line_of_the_policy(self):
        whole_map = ('host', '--', 'cat', '/proc/self/uid_map')
        self.assertNotEqual(self.sandbox('--map', 'self', *whole_map).split(), ['0', '0', '4294967295'])
        with open(self.sysconfdir + '/croft/policy.conf', 'w', encoding='utf-8') as f:
            f.write('\n'.join([OPEN, *self.rule, '']))
        self.assertEqual(self.sandbox(*whole_map).split(), ['0', '0', '4294967295'])
        self.refused('mode enforced', '--no-gate', '--map', 'self', *whole_map)


class Idmap(ExampleTest):
    page = 'croft-idmap.8'

    def setUp(self):
        self.caps, self.setuid, self.session = self.examples()
        self.addCleanup(self.give_privilege, 'cap_setuid,cap_setgid+p')
        subprocess.run(['setcap', '-r', self.idmap_path], check=True)

    def give_privilege(self, caps):
        os.chmod(self.idmap_path, 0o755)
        subprocess.run(['setcap', caps, self.idmap_path], check=True)

    def map_in_a_shell(self):
        """Of what the page types there, with the ids of the user: (what it says, what the page says). The sleeper is ended."""
        lines = [line.removeprefix('$ ') for line in self.session if line.startswith('$ ')]
        r = self.run_as(USER, ['bash', '-c', '\n'.join([*lines, 'kill $!'])])
        start, count = sub_ranges(USER, '/etc/subuid')[0]
        text = [line.split() for line in self.session if not line.startswith('$ ')]
        self.assertEqual(text, [['0', '1000', '1'], ['1', '100000', '65536']])
        return [line.split() for line in r.out.splitlines()], [['0', str(pwd.getpwnam(USER).pw_uid), '1'], ['1', str(start), str(count)]]

    def test_each_way_of_installing_it_gives_the_map(self):
        found, _ = self.map_in_a_shell()
        self.assertEqual(found, [])
        for block in (self.caps, self.setuid):
            ((user, line),) = self.commands(block)
            self.assertEqual(user, 'root')
            with self.subTest(line):
                self.assertRan(self.run_as(user, ['sh', '-c', line]))
                found, expected = self.map_in_a_shell()
                self.assertEqual(found, expected)
            subprocess.run(['setcap', '-r', self.idmap_path], check=False, stderr=subprocess.DEVNULL)


class Policy(ExampleTest):
    page = 'croft-policy.5'

    def setUp(self):
        self.homes, self.scratch, self.of_gate, self.rule, self.expected, self.command = self.examples()
        self.folder = self.make_dir('root')

    def here(self, lines):
        """The text, for the users and the folders of the test."""
        text = '\n'.join(lines) + '\n'
        text = re.sub(r'\buser alice\b', 'user ' + USER, text).replace('group research', 'group crofttestres')
        return re.sub(r'/(?=srv|scratch)', self.folder + '/', text)

    def make_folders(self, owners):
        """Folders below that of the test, {path: owner}."""
        for path, owner in owners.items():
            os.makedirs(self.folder + path, exist_ok=True)
            self.give(self.folder + path, owner)

    def answers(self, lines, *expectations):
        """A policy of these lines has no mistake, and these are its answers; `allow` for `deny` and back is not."""
        text = self.here(lines)
        with self.policy(text if text.startswith('version 1\n') else 'version 1\n' + text):
            r = self.croft(USER, 'policy', 'check')
            self.assertRan(r)
            self.assertIn('no mistakes', r.out)
            for line in expectations:
                other = line.replace('deny', 'allow') if line.startswith('deny') else line.replace('allow', 'deny')
                for asked, status in ((line, 0), (other, 1)):
                    file = self.write(self.folder + '/asked', self.here(['expect ' + asked]))
                    self.assertRan(self.croft(USER, 'policy', 'test', file), status)

    def test_homes_without_keys_and_what_one_group_may_write(self):
        keys = pwd.getpwnam(USER).pw_dir + '/.ssh'
        os.mkdir(keys)
        self.addCleanup(os.rmdir, keys)
        self.make_folders({'/srv/datasets/a': 'root'})
        with self.group('crofttestres', USER2):
            self.answers(self.homes, f'allow user alice volume {os.path.dirname(keys)}/new:rw', f'deny user alice volume {keys}:ro',
                         'allow user alice volume /srv/datasets/a:ro', 'deny user alice volume /srv/datasets/a:rw',
                         f'allow user {USER2} volume /srv/datasets/a:rw', 'allow everyone root host', 'allow everyone ids subordinate',
                         'allow everyone ids setgroups', 'allow everyone network none', 'deny everyone network host')

    def test_the_policy_of_the_readme(self):
        self.make_folders({'/srv/datasets/a': 'root'})
        with self.group('crofttestres', USER2):
            self.answers(self.of_the_readme('Policy'), f'allow user {USER2} volume /srv/datasets/a:ro', f'deny user {USER2} volume /srv/datasets/a:rw',
                         'deny user alice volume /srv/datasets/a:ro', 'allow everyone root host', 'allow everyone ids subordinate', 'allow everyone network none')

    def test_scratch_directories_and_a_path_with_a_blank(self):
        self.make_folders({f'/scratch/{USER}/own': USER, f'/scratch/{USER}/of-root': 'root', '/srv/my data/x': 'root'})
        self.answers(self.scratch, f'allow user alice volume /scratch/{USER}/own:rw', f'deny user alice volume /scratch/{USER}/of-root:rw',
                     f'deny user {USER2} volume /scratch/{USER}/own:rw', 'allow everyone volume "/srv/my data/x:ro,noexec"',
                     'deny everyone volume "/srv/my data/x:ro"')

    def test_sandboxes_of_the_gate_with_ids_and_an_image_for_everybody(self):
        self.make_folders({'/srv/images/debian': 'root', '/srv/images/theirs': USER})
        self.answers(self.of_gate, 'allow everyone ids subordinate', 'allow everyone ids setgroups', 'allow everyone capability chown',
                     'deny everyone capability sys_admin', 'allow everyone root /srv/images/debian:ro,shared', 'deny everyone root /srv/images/debian:rw',
                     'deny everyone root /srv/images/theirs:ro')
        with self.policy('version 1\n' + self.here(self.of_gate)):
            self.assertIn('\nlimit everyone sandboxes 10  #', self.croft(USER, 'policy', 'show').out)

    def ids_of(self, uid):
        """The first and the last id that croft-idmap gives to this user, whom no file has; or None."""
        self.assertRaises(KeyError, pwd.getpwuid, uid)
        script = f'unshare --user sleep 60 & until readlink /proc/$!/exe | grep -q sleep; do :; done; {self.idmap_path} 3 0 0 3</proc/$!; cat /proc/$!/uid_map; kill $!'
        r = self.run_as('root', ['setpriv', f'--reuid={uid}', f'--regid={uid}', '--clear-groups', 'sh', '-c', script])
        lines = [[int(n) for n in line.split()] for line in r.out.splitlines()]
        if not lines:
            self.assertIn('croft-idmap: ', r.err)
            return None
        self.assertEqual(lines[0], [0, uid, 1])
        return lines[1][1], lines[1][1] + lines[1][2] - 1

    def test_computed_ids_are_those_that_the_page_says(self):
        with open(f'{self.prefix}/share/man/man5/{self.page}', encoding='utf-8') as f:
            said = re.search(r'(?m)^The user (\d+) has (\d+) to (\d+), the user (\d+) has (\d+) to (\d+), and (\d+) is the last', f.read())
        first, *range_of_first, second, a, b, last = map(int, said.groups())
        with self.policy('version 1\n' + self.here(self.rule)):
            self.assertEqual(self.ids_of(first), tuple(range_of_first))
            self.assertEqual(self.ids_of(second), (a, b))
            self.assertTrue(self.ids_of(last))
            for nobody in (first - 1, last + 1):
                self.assertIsNone(self.ids_of(nobody))

    def test_expectations_beside_the_policy(self):
        self.make_folders({'/srv/datasets': 'root'})
        self.write(self.folder + '/policy.test', self.here(self.expected))
        ((user, line),) = self.commands(self.command)
        with self.group('crofttestres', USER2):
            for text, status in ((self.here(self.homes), 0), (self.here(self.homes) + 'allow everyone network host\n', 1)):
                self.write(self.folder + '/policy.conf', text)
                self.assertRan(self.typed(user, line, self.folder), status)
