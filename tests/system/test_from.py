"""`croft run --from FILE`: options, ROOT and COMMAND in TOML or JSON, and the form that `croft plan --json` prints."""
import json
import os
import re
import subprocess

from croft_test import EXIT_CROFT, USER
from run_case import RunTest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class FromTest(RunTest):
    def setUp(self):
        self.folder = self.home_dir()

    def file(self, text, name='box.toml'):
        return self.write(f'{self.folder}/{name}', text, USER)

    def directory(self, name):
        os.makedirs(f'{self.folder}/{name}', exist_ok=True)
        subprocess.run(['chown', '-R', USER, self.folder], check=True)
        return f'{self.folder}/{name}'


class Run(FromTest):
    def test_a_file_says_all_that_the_command_line_would(self):
        self.write(self.directory('data') + '/f', 'hello\n', USER)
        file = self.file('root = "host"\ncommand = ["sh", "-c", "cat /mnt/f; echo $A $(hostname); ulimit -n"]\n'
                         'map = "self"\nhostname = "from"\nvolume = "./data:/mnt:ro"\n[env]\nA = "a b"\n[ulimit]\nnofile = 77\n')
        for cwd, name in (('/', file), (self.folder, 'box.toml'), (self.folder, './box.toml'), ('/', f'{self.folder}/./box.toml')):
            self.assertEqual(self.sandbox('--from', name, cwd=cwd), 'hello\na b from\n77\n', name)

    def test_the_command_line_wins(self):
        self.directory('root')
        file = self.file('root = "./root"\ncommand = ["false"]\nmap = "self"\nenv = ["A=1", "B=1"]\n')
        self.assertEqual(self.sandbox('--from', file, '-e', 'B=2', 'host', 'sh', '-c', 'echo $A $B'), '1 2\n')
        self.assertEqual(self.sandbox('-e', 'B=2', '--from', file, 'host', '--', 'sh', '-c', 'echo $A $B'), '1 2\n')
        with_host = self.file('root = "host"\ncommand = ["false"]\nmap = "self"\n', 'host.toml')
        self.assertEqual(self.sandbox('--from', with_host, '--', 'echo', '--', 'x'), '-- x\n')
        self.assertRan(self.croft(USER, 'run', '--from', with_host), 1)

    def test_the_command_line_switches_back_what_the_file_has_switched(self):
        file = self.file('root = "host"\ncommand = ["sh", "-c", "echo $$ >/x && cat /x"]\nmap = "self"\nread-only = true\nno-init = true\n')
        self.assertRan(self.croft(USER, 'run', '--from', file), 2)
        self.assertEqual(self.sandbox('--from', file, '--read-only=false'), '1\n')
        self.assertNotEqual(self.sandbox('--from', file, '--read-only=false', '--no-init=false'), '1\n')
        self.assertNotEqual(self.sandbox('--read-only=false', '--init=true', '--from', file), '1\n')
        off = self.file('root = "host"\ncommand = ["touch", "/x"]\nmap = "self"\nread-only = false\n', 'off.toml')
        self.assertEqual(self.sandbox('--from', off), '')
        self.assertRan(self.croft(USER, 'run', '--from', off, '--read-only=true'), 1)
        self.refused('option --read-only: no is not true or false\n', '--from', off, '--read-only=no')
        detached = self.file('root = "host"\ncommand = ["echo", "here"]\nmap = "self"\ndetach = true\n', 'detached.toml')
        self.assertEqual(self.sandbox('--from', detached, '--detach=false'), 'here\n')
        self.assertEqual(self.sandbox('--from', detached, '-d=false'), 'here\n')

    def test_it_may_be_standard_input(self):
        text = json.dumps({'root': 'host', 'command': ['cat', '/mnt/box.toml'], 'map': 'self', 'volume': ['.:/mnt']})
        self.file('said\n')
        self.assertEqual(self.sandbox('--from', '-', cwd=self.folder, input=text), 'said\n')

    def test_a_mistake_names_file_line_and_key(self):
        good = self.file('root = "host"\ncommand = ["true"]\nmap = "self"\n', 'good.toml')
        self.sandbox('--from', good)
        for text, message in (('memory = 1\nmemery = 2', 'line 2: unknown key memery'),
                              ('\nmemory = "x"', r'line 2: option --memory: x is not a number of bytes \(as 512M\)'),
                              ('tty = 1', 'line 1: the key tty: it is a number, and must be true or false'),
                              ('name = "a"\nname = "b"', "line 2: .*cannot redefine existing string 'name'"),
                              ('{"name": "a",\n"name": "b"}', 'line 2: duplicate object key near .*name'),
                              ('from = "x"', 'line 1: the key from: this option is for the command line alone'),
                              ('a = [', 'line 1: .*encountered end-of-file'), ('x' * (1 << 20) + 'x', 'it is longer than 1048576 bytes')):
            for verb in ('run', 'plan'):
                r = self.croft(USER, verb, '--from', self.file(text))
                self.assertRefused(r, EXIT_CROFT, rf'\Acroft: option --from: {self.folder}/box.toml: {message}')
                self.assertEqual(r.err.count('\n'), 1)

    def test_a_file_that_cannot_be_read_is_named(self):
        self.write(self.folder + '/secret', 'root = "host"\n')
        os.chmod(self.folder + '/secret', 0o600)  # root's
        for name, why in (('nothing', 'open it: No such file or directory'), ('secret', 'open it: Permission denied'),
                          ('.', 'it is a directory')):
            self.refused(f'option --from: {name}: {why}$', '--from', name, cwd=self.folder)
        self.refused('option --from: an empty path$', '--from=')
        self.refused('option --from: given more than once$', '--from', 'a', '--from', 'b')

    def test_without_a_root_nothing_is_started(self):
        self.refused('croft run: ROOT is missing\n', '--from', self.file('map = "self"\n'), '--', 'true')

    def test_who_reads_it_has_to_be_there(self):
        path = self.libexec + '/croft-from'
        os.rename(path, path + '.away')
        self.addCleanup(os.rename, path + '.away', path)
        self.refused(f'option --from: .*: {path} is not there, which reads such files\n', '--from', self.file(''))


class Plan(FromTest):
    def there_and_back(self, *words):
        first = self.croft(USER, 'plan', '--json', *words, cwd=self.folder)
        self.assertIn('"run": ', first.out, words)
        self.file(first.out, 'plan.json')
        for cwd in (self.folder, '/'):
            again = self.croft(USER, 'plan', '--json', '--from', self.folder + '/plan.json', cwd=cwd)
            self.assertEqual((again.status, again.out, again.err), (first.status, first.out, first.err), words)
        return json.loads(first.out)

    def test_what_plan_prints_is_the_same_plan(self):
        for name in ('data', 'conf', 'root/etc'):
            self.directory(name)
        self.file('X=1\n', 'vars')
        self.file('{"defaultAction": "SCMP_ACT_ALLOW"}', 'p.json')
        for words in (
                ('host',), ('host', 'true', '-"ü\t'), ('./root', '--', 'x'), ('-v', './data:/a', '--tmpfs', '/a/b', '-v', '.:/a/b/c:ro', 'host'),
                ('--mount', 'type=bind,src=data,dst=/m,ro', '--mount=type=tmpfs,dst=/t,size=1M', '--conf', 'conf', 'host'),
                ('-e', 'A=1', '--env-file', 'vars', '-e', 'X=2', '-e', 'HOME', '-w', '/tmp', '--cwd', '/', 'host'),
                ('--map', 'self', '-u', '1000', '--no-gate', '--network', 'host', '--hostname', 'h', '--name', 'n', '--read-only', './root'),
                ('--network', 'user', '-p', '8080:80', '-p', '1:2/udp', '--tcp-connect', '443,80', '--tcp-bind', 'none', 'host'),
                ('--ephemeral', '--ephemeral-size', '1M', '--cap-add', 'NET_RAW', '--cap-drop', 'ALL', '--seccomp', './p.json', './root'),
                ('--seccomp', 'unconfined', '--landlock', 'off', '--allow-userns', '--hidepid', '2', '--proc-subset', 'pid', '--unmask', 'host'),
                ('-m', '1G', '-m', '2G', '--memory-swap', '-1', '--cpus', '1.5', '--pids-limit', '9', '--io-weight', '5', 'host'),
                ('--ulimit', 'core=0', '--ulimit', 'nofile=5:6', '--timeout', '1h', '--nice', '3', '--oom-score-adj', '9', 'host'),
                ('--init', '--no-init', '-d', '-i', '--tty=false', '--stop-timeout', '1s', '--tie', 'none', '--status-fd', '9', 'host'),
                ('--read-only', '--read-only=false', '--gate=false', '--no-gate=false', '--init=false', 'host'),
                ('-t', '--preserve-fd', '5', '--preserve-fd', '4', '--device', '/dev/null:/dev/n', 'host')):
            with self.subTest(words):
                self.there_and_back(*words)

    def test_its_paths_are_absolute_and_what_is_no_text_is_null(self):
        self.directory('data')
        run = self.there_and_back('-v', './data:/a', './data')['run']
        self.assertEqual(run, {'volume': [f'{self.folder}/data:/a'], 'root': f'{self.folder}/data'})
        r = self.croft(USER, 'plan', '--json', 'host', b'\xff')
        self.assertIsNone(json.loads(r.out)['run'])
        self.refused('the key run: it is .*null', '--from', '-', input=r.out)

    def test_run_starts_the_same_sandbox(self):
        self.write(self.directory('data') + '/f', 'hello\n', USER)
        words = ('--map', 'self', '-v', './data:/mnt:ro', '--tmpfs', '/tmp/t:size=1M', '-e', 'A=b', '--hostname', 'h', '--ulimit', 'nofile=50', 'host', '--',
                 'sh', '-c', 'cat /mnt/f; id -u; hostname; ulimit -n; env | sort; cut -d" " -f5,6 /proc/self/mountinfo; grep ^Cap /proc/self/status')
        typed = self.sandbox(*words, cwd=self.folder)
        self.there_and_back(*words)
        self.assertEqual(self.sandbox('--from', self.folder + '/plan.json', cwd=self.folder), typed)


class Manual(FromTest):
    """The table of croft, what croft-from takes, and the manual say the same."""

    def manual(self):
        with open(TOP + '/man/croft-file.5', encoding='utf-8') as f:
            rows = re.findall(r'(?m)^\.It Ic ([a-z-]+) Ta (.*)$', f.read())
        self.assertEqual(len(rows), len(dict(rows)))
        return dict(rows)

    def test_every_option_is_a_key_of_its_type_and_no_other(self):
        helped = self.croft(USER, 'run', '--help').out
        options = set(re.findall(r'(?m)^\s+(?:-\w )?\s*--([a-z-]+)', helped)) - {'from', 'json'}
        manual = self.manual()
        self.assertGreater(len(options), 40)
        self.assertEqual(set(manual), options | {'root', 'command'})
        for key, kind in manual.items():
            # a value of no type that any key has: what croft-from says names the types that it takes
            takes = re.search(r'must be (.*)$', self.read(f'{key} = 1979-05-27').err.strip())[1]
            found = {'true or false': 'boolean', 'a list of strings': 'list', 'a string': 'string'}.get(takes)
            if not found:
                self.assertRegex(takes, '^a string or a (number|table)$')
                found = 'list' if 'it is a list, and must' not in self.read(f'{key} = ["x"]').err else 'string'
                if 'it is a table, and must' not in self.read(f'{key} = {{type = "tmpfs", dst = "/x"}}').err:
                    found += ', table'
            self.assertEqual(kind, found, key)

    def read(self, text):
        return self.run_as(USER, [self.libexec + '/croft-from', '0', '.'], input=text)

    def test_the_example_of_the_manual_is_a_file(self):
        with open(TOP + '/man/croft-file.5', encoding='utf-8') as f:
            text = re.search(r'(?ms)^\.Bd -literal -offset indent\n(root.*?)^\.Ed', f.read())[1]
        self.directory('data')
        self.directory('rootfs')
        r = self.croft(USER, 'plan', '--from', self.file(text.replace('\\(dq', '"')))
        self.assertIn('command', r.out, r)
