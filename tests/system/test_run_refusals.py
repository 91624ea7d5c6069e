"""What croft run refuses: every wrong option, volume and policy, by exit status and message, leaving nothing behind."""
import json
import os
import pwd
import re
import resource
import shutil
import socket

from croft_test import EXIT_CROFT, USER, USER2, snapshot_tree
from run_case import RunTest

TRY_HELP = "^croft: hint: Try 'croft run --help'$"


class Options(RunTest):
    """(words, message, hint); each as `croft run WORDS host true`."""

    def rows(self, rows):
        self.sandbox('host', 'true')
        for words, message, *hint in rows:
            with self.subTest(words):
                r = self.refused('(?m)^croft: ' + message, *words, 'host', 'true')
                self.assertEqual(r.out, '')
                self.assertLessEqual(len(r.err.splitlines()), 2)
                if hint:
                    self.assertRegex(r.err, '(?m)' + hint[0])

    def test_unknown_ones_and_missing_values(self):
        self.rows([
            (['--nonsense'], 'unknown option --nonsense$', TRY_HELP), (['-Z'], 'unknown option -Z$', TRY_HELP),
            (['-iZ'], 'unknown option -Z$', TRY_HELP), (['--volum', 'x'], 'unknown option --volum$', TRY_HELP),
            (['--Volume=x'], r'unknown option --Volume=x$', TRY_HELP), (['--read-only=yes'], 'option --read-only: yes is not true or false$', TRY_HELP),
            (['--\n'], r'unknown option --\\n$', TRY_HELP), (['--json'], 'option --json: it is for croft plan$'),
        ])
        for option in ('volume', 'mount', 'tmpfs', 'conf', 'env', 'env-file', 'workdir', 'cwd', 'user', 'map', 'network', 'hostname', 'name',
                       'ephemeral-size', 'cap-add', 'cap-drop', 'stop-timeout', 'preserve-fd'):
            with self.subTest(option):
                r = self.refused(f'^croft: option --{option} needs a value: ', '--' + option)
                self.assertRegex(r.err, '(?m)' + TRY_HELP)
        for letter, name in (('v', 'volume'), ('e', 'env'), ('w', 'workdir'), ('u', 'user')):
            self.refused(f'^croft: option --{name} needs a value: ', '-' + letter)
        for words in ((), ('--read-only',), ('--',)):
            r = self.refused('(?m)^croft: croft run: ROOT is missing$', *words)
            self.assertIn('hint: a directory (./rootfs), a name, or host', r.err)

    def test_help_is_no_refusal(self):
        for words in (('--help',), ('-h',), ('--read-only', '--help')):
            r = self.croft(USER, 'run', *words)
            self.assertRan(r)
            self.assertEqual((r.out.splitlines()[0], r.err), ('Usage: croft run [OPTION...] ROOT [COMMAND [ARG...]]', ''))

    def test_help_of_a_verb_is_what_the_verb_says_of_itself(self):
        for verb in ('run', 'plan', 'root', 'policy', 'doctor', 'version', 'help'):
            wanted = self.croft(USER, verb, '--help')
            self.assertRan(wanted)
            r = self.croft(USER, 'help', verb)
            self.assertRan(r)
            self.assertEqual((r.out, r.err), (wanted.out, ''))
        self.assertRefused(self.croft(USER, 'help', 'nonsense'), EXIT_CROFT, '(?m)^croft: unknown verb nonsense$')
        # a word more could be a root and a command
        r = self.croft(USER, 'help', 'run', 'host')
        self.assertRefused(r, EXIT_CROFT, '(?m)^croft: help: one verb is enough$')
        self.assertRegex(r.err, '(?m)' + TRY_HELP)

    def test_wrong_values(self):
        number = 'is not a number of bytes'
        self.rows([
            *((['--ephemeral-size', v], f'option --ephemeral-size: .*{number}') for v in ('', '0', '-1', '1X', '1 M', '0x10', '99999999999T', '1.5G')),
            *((['--stop-timeout', v], 'option --stop-timeout: .* is not a time') for v in ('', '-1', '1d', '1.5', 's', '99999999999h')),
            *((['--preserve-fd', v], 'option --preserve-fd: .* is not a descriptor number from 3 on') for v in
              ('', '0', '1', '2', '-1', '03', 'x', '4294967299', '2147483648', '3,4')),
            *((['--map', v], 'option --map: .* is not self, subordinate, auto, isolated or none') for v in ('', 'Self', 'None', 'selfish')),
            *((['--network', v], 'option --network: .* is not none, host or user') for v in ('', 'Host', 'bridge', 'none,host')),
            *((['--hostname', v], 'option --hostname: .* is not a name of 1 to 64 letters') for v in
              ('', '-a', 'a-', '.a', 'a b', 'a\nb', 'a/b', 'x' * 65, 'ü')),
            (['--name', 'a b'], 'option --name: a b is not a name'),
            *(([o, v], f'option {o}: .* is not a capability, or ALL') for o in ('--cap-add', '--cap-drop')
              for v in ('', 'CAP_', 'NOTHING', 'CHOWN,KILL', '0', 'All')),
            *((['-u', v], 'option --user: .* is not USER or USER:GROUP') for v in ('', ':', ':0', '0:', '-1')),
            *((['-u', v], f'user {re.escape(v)}: not in /etc/passwd of the root') for v in ('croft-nobody', '4294967295', '4294967296', '1x', '+1')),
            (['-u', 'root:croft-nobody'], 'group croft-nobody: not in /etc/group of the root'),
            (['-u', 'root:4294967295'], 'group 4294967295: not in /etc/group of the root'),
            *((['-w', v], 'option --workdir: .* is not an absolute path without ..') for v in ('', '.', 'x', '/a/../b', '../x')),
            *((['-e', v], 'option --env: .* is not NAME or NAME=VALUE') for v in ('', '=', '=x')),
            (['--conf', ''], 'option --conf: an empty path'), (['--conf', '/no/such'], 'option --conf: open /no/such: No such file'),
            (['--conf', '/etc/passwd'], 'option --conf: open /etc/passwd: Not a directory'),
            (['--env-file', ''], "option --env-file: open '': No such file"),
        ])
        conf = self.make_dir(USER)
        os.mkdir(conf + '/hosts')
        self.rows([(['--conf', conf], 'option --conf: .*/hosts is not a regular file')])

    def test_wrong_mounts(self):
        self.rows([
            *((['--mount', v], 'option --mount: ' + why) for v, why in (
                ('', 'type= is not bind or tmpfs'), ('type=volume,dst=/x', 'type= is not bind or tmpfs'), ('dst=/x', 'type= is not bind or tmpfs'),
                ('type=bind,src=/etc', 'dst= is missing'), ('type=bind,dst=/x', 'src= is missing'), ('type=tmpfs,src=/etc,dst=/x', 'a tmpfs has no src='),
                ('type=bind,src=/etc,dst=/x,size=1M', 'a bind has no size or mode'), ('type=bind,src=/etc,dst=/x,mode=700', 'a bind has no size or mode'),
                ('type=bind,type=bind,src=/etc,dst=/x', 'type=bind is given twice or has no value'), ('type=bind,src=,dst=/x', 'src= is given twice or has no value'),
                ('type=bind,src,dst=/x', 'src is given twice or has no value'), ('type=bind,src=/etc,dst=/x,dst=/y', 'dst=/y is given twice'),
                ('type=bind,src=/etc,dst=/x,nonsense', 'unknown field nonsense'), ('type=bind,src=/etc,dst=/x,ro=no', 'unknown field ro=no'),
                ('type=bind,,src=/etc,dst=/x', "unknown field ''"), ('type=bind,"src=/etc,dst=/x', 'a quote is not closed'),
                ('type=bind,src=/etc,dst=/x,ro,rw', 'rw contradicts what stands before it'), ('type=bind,src=/etc,dst=x', 'the destination x is not an absolute path'),
                ('type=tmpfs,dst=/x,size=0', 'the size 0 is not a number of bytes'), ('type=tmpfs,dst=/x,size', 'the size .* is not a number of bytes'),
                ('type=tmpfs,dst=/x,mode=888', 'the mode 888 is not octal'), ('type=tmpfs,dst=/x,mode=17777', 'the mode 17777 is not octal'))),
            *((['--tmpfs', v], 'option --tmpfs: ' + why) for v, why in (
                ('', "the destination '' is not an absolute path"), ('x', 'the destination x is not'), ('/x:size=', "the size '' is not a number"),
                ('/x:mode=', "the mode '' is not octal"), ('/x:uid=0', 'unknown tmpfs option uid=0'), ('/x:ro,rw', 'rw contradicts'),
                ('/', 'the destination / is the root itself'), ('/dev/shm', 'the destination /dev/shm lies in /dev'))),
        ])

    def test_wrong_volumes(self):
        source = 'is not SRC:DST'
        self.rows([
            *((['-v', v], f'option --volume: .*{source}') for v in ('', 'x', '/etc', ':/x', ':')),
            *((['-v', v], 'option --volume: the source (data|named) is not a path', r'^croft: hint: there are no named volumes: write \./') for v in
              ('data:/x', 'named:/x:ro')),
            *((['-v', '/etc:' + v], 'option --volume: the destination .* is not an absolute path without ..') for v in
              ('', 'x', './x', '/x/..', '/../x', '/x/../../y')),
            *((['-v', '/etc:' + v], 'option --volume: the destination / is the root itself') for v in ('/', '//', '/.', '/./')),
            *((['-v', '/etc:' + v], 'option --volume: the destination .* lies in /(proc|sys|dev), which croft makes') for v in
              ('/proc', '/sys', '/dev', '/proc/1', '/sys/fs/x', '/dev/null', '/dev/pts', '//proc/', '/./dev/./shm')),
            *((['-v', '/etc:/x:' + v], f'option --volume: unknown volume option {re.escape(w)} ') for v, w in
              (('', "''"), ('z', 'z'), ('ro,', "''"), ('RO', 'RO'), ('ro:rw', 'ro:rw'), ('ro rw', 'ro rw'), ('suid', 'suid'), ('dev', 'dev'), ('x\n', r'x\n'))),
            (['-v', '/etc:/x:ro,rw'], 'option --volume: rw contradicts'), (['-v', '/etc:/x:exec,noexec'], 'option --volume: noexec contradicts'),
            (['-v', '/no/such:/x:ro'], 'volume /no/such:/x: No such file or directory'), (['-v', './no-such:/x'], r'volume \./no-such:/x: No such file'),
            (['-v', '/root/x:/x:ro'], 'volume /root/x:/x: Permission denied'),
        ])
        # Beside what looks alike: destinations are compared by components.
        self.shell('ls /process /sysx /device', '-v', '/etc/hostname:/process:ro', '-v', '/etc/hostname:/sysx:ro', '-v', '/etc/hostname:/device:ro')

    def test_root_only_names_tell_nobody_whether_they_exist(self):
        os.makedirs('/root', exist_ok=True)
        self.assertTrue(os.path.lexists('/root/.'))
        there = self.write(self.make_dir('root', 0o700) + '/f', '')
        for end in ('f', 'g'):
            path = os.path.dirname(there) + '/' + end
            self.refused(f'^croft: volume {path}:/x: Permission denied', '-v', path + ':/x:ro', 'host', 'true')

    def test_wrong_roots(self):
        self.refused('^croft: there is no root called nothing', 'nothing', 'true')
        folder = self.home_dir()
        os.mkdir(folder + '/sub')
        r = self.refused('^croft: there is no root called sub', 'sub', cwd=folder)
        self.assertIn('hint: write ./sub if you mean the directory here', r.err)
        r = self.refused(r'^croft: root \. is neither a path nor a name', '.')
        self.assertIn('hint: write ./ for that directory', r.err)
        for word, why in (('./no', 'No such file'), ('/etc/passwd', 'it is a file, and neither a squashfs nor an erofs image'), ('/root/x', 'Permission denied'), ('.hidden', 'cannot begin with'),
                          ('/proc/self/root/', 'links|link loop'), ('/proc/self/cwd/x', 'links|link loop')):
            with self.subTest(word):
                self.refused(f'^croft: .*({why})', word, 'true')

    def test_root_may_not_start_it(self):
        self.sandbox('host', 'true')
        r = self.refused("^croft: started by root: root inside would be the host's root", 'host', 'true', user='root')
        self.assertIn('hint: start it as an ordinary user', r.err)

    def test_user_text_in_messages_is_quoted(self):
        r = self.refused('No such file', '-v', '/no\x1b[31m\n/such:/x', 'host', 'true')
        self.assertIn(r'/no\x1B[31m\n/such'.lower(), r.err.lower())
        self.assertNotIn('\x1b', r.err)


class Clashes(RunTest):
    def setUp(self):
        self.root = self.build_root('bash', 'true')
        self.data = self.home_dir()
        self.write(self.data + '/f', 'x', USER)
        self.shell('true', root=self.root)

    def test_a_file_over_a_directory_and_a_directory_over_a_file(self):
        self.shell('true', '-v', self.data + ':/srv', '-v', self.data + '/f:/etc/profile', root=self.root)
        before = snapshot_tree(self.root)
        for volume, why in ((f'{self.data}/f:/srv', 'one of both is a directory, the other is not'), (f'{self.data}:/etc/profile', 'is not a directory'),
                            (f'{self.data}:/etc/profile/x', 'is not a directory'), (f'{self.data}/f:/etc/profile/x', 'is not a directory')):
            with self.subTest(volume):
                self.refused(f'^croft: volume {volume}: .*{why}', '-v', volume, self.root, 'true')
        self.refused('^croft: ', '--tmpfs', '/etc/profile', self.root, 'true')
        self.assertUnchanged(self.root, before)

    def test_nothing_is_made_when_a_later_volume_is_refused(self):
        before = snapshot_tree(self.root)
        first = ('-v', self.data + ':/new/deep', '-v', self.data + '/f:/new/file', '--tmpfs', '/new/tmp')
        for later in ('/no/such:/y', '/dev/null:/y', '/run:/y:ro', '/etc:/y:rw', '/proc/self/cwd:/y:ro'):
            with self.subTest(later):
                self.refused(f'^croft: volume {later[:later.rindex("/y") + 2]}: ', *first, '-v', later, self.root, 'true')
                self.assertUnchanged(self.root, before)
        self.shell('true', *first, root=self.root)
        self.assertTrue(os.path.isdir(self.root + '/new/deep'))

    def test_a_read_only_host_has_no_place_for_a_mount_point(self):
        self.shell('true', '-v', self.data + ':/usr/share')
        self.refused(f'^croft: volume {self.data}:/usr/croft-test: make the directory /usr/croft-test in the root: Read-only file system',
                     '-v', self.data + ':/usr/croft-test', 'host', 'true')


BASE = 'version 1\nallow everyone root host\nallow everyone network none\nallow everyone ids subordinate\n'


class Policy(RunTest):
    """The same refusal, word for word, from run and from plan; plan says the rule of what is allowed."""

    def both(self, message, *words, user=USER, hint=None, **kwargs):
        ran = self.refused('^croft: ' + message, *words, 'true', user=user, **kwargs)
        planned = self.croft(user, 'plan', *words, 'true', **kwargs)
        self.assertEqual((planned.status, planned.err), (EXIT_CROFT, ran.err), planned)
        if hint:
            self.assertIn('croft: hint: ' + hint, ran.err)
        as_json = self.croft(user, 'plan', '--json', *words, 'true', **kwargs)
        self.assertEqual((as_json.status, as_json.err), (EXIT_CROFT, ran.err), as_json)
        answer = json.loads(as_json.out)
        self.assertIs(answer['allowed'], False)
        self.assertEqual(ran.err.splitlines()[0], 'croft: ' + answer['refusal'])
        return ran

    def setUp(self):
        self.data = self.home_dir()
        self.write(self.data + '/f', 'x', USER)
        os.mkdir(self.data + '/keys')
        os.mkdir(self.data + '2')
        self.addCleanup(shutil.rmtree, self.data + '2')
        self.give(self.data + '2', USER)

    def test_paths_rights_and_what_lies_below(self):
        d = self.data
        text = (f'{BASE}allow everyone volume {d}/** rw\nallow everyone volume /usr/share/** ro\nallow everyone volume /var/** ro noexec\n'
                f'deny everyone volume {d}/keys/**\n')
        with self.policy(text) as file:
            self.shell('touch /mnt/new', '-v', d + '/f:/mnt/f', '-v', '/usr/share:/s:ro', '-v', '/var/lib:/v:ro,noexec', '--tmpfs', '/mnt')
            v = ('-v',)
            for words, why, hint in (
                    (v + (f'{d}2:/x',), f'volume {d}2:/x: denied for {USER}: no rule allows it', f'croft policy explain volume {d}2'),
                    (v + ('/etc:/x:ro',), f'volume /etc:/x: denied for {USER}: no rule allows it', 'croft policy explain volume /etc'),
                    (v + (d + '/../../../etc:/x:ro',), f'.*: denied for {USER}: no rule allows it', None),
                    (v + ('/usr/share:/x',), rf'volume /usr/share:/x: denied for {USER}: rule {file}:6 allows it read-only', 'ask for it with :ro; or see: '),
                    (v + ('/var/lib:/x:ro',), rf'.*: rule {file}:7 allows it noexec', 'ask for it with :noexec; or see: '),
                    (v + ('/var/lib:/x',), rf'.*: rule {file}:7 allows it read-only', 'ask for it with :ro,noexec; or see: '),
                    (v + (d + '/keys:/x',), rf'.*: {file}:8 denies it: deny everyone volume {d}/keys/\*\*', None),
                    (v + (d + ':/x',), rf'.*: {d} is above {d}/keys/\*\*, which {file}:8 denies: ', None)):
                with self.subTest(words):
                    self.both(why, *words, 'host', hint=hint)

    def test_a_link_does_not_lead_around_a_rule(self):
        os.symlink('/etc', self.data + '/link')
        os.symlink('/proc/self/root/etc', self.data + '/magic')
        with self.policy(f'{BASE}allow everyone volume {self.data}/** rw\n'):
            self.sandbox('-v', self.data + ':/x', 'host', 'true')
            self.both(f'volume {self.data}/link:/x: denied for {USER}: no rule allows it', '-v', self.data + '/link:/x', 'host')
            for path in ('/magic', '/magic/x'):
                self.both(f'volume {self.data}{path}:/x: it leads through too many links, or through a link of /proc',
                          '-v', self.data + path + ':/x', 'host')

    def test_sockets_devices_and_kernel_file_systems(self):
        path = self.data + '/socket'
        with socket.socket(socket.AF_UNIX) as s:
            s.bind(path)
        os.mkfifo(self.data + '/fifo')
        everything = BASE + 'allow everyone volume /** rw submounts\n'
        with self.policy(everything + f'allow everyone volume {path} rw sockets\n') as file:
            self.sandbox('-v', path + ':/s', 'host', 'true')
            self.both(rf'.*: rule {file}:5 allows it but no socket or FIFO', '-v', self.data + '/fifo:/x', 'host')
            for device in ('/dev/null', '/dev/tty'):
                self.both(f'.*: {device} (is a device|lies on devtmpfs, a file system of the kernel), which is never a volume', '-v', device + ':/x', 'host')
            for place, kind in (('/proc', 'proc'), ('/proc/sys', 'proc'), ('/sys', 'sysfs'), ('/sys/kernel', 'sysfs'), ('/dev/pts', 'devpts')):
                with self.subTest(place):
                    self.both(f'.*: {place} lies on {kind}, a file system of the kernel, which is never a volume', '-v', place + ':/x', 'host')

    def test_owner_conditions(self):
        theirs = self.make_dir(USER2)
        with self.policy(f'{BASE}allow everyone volume /home/** rw owner=caller\nallow everyone volume {os.path.dirname(theirs)}/* rw owner=caller\n'
                         'allow everyone volume /etc/** ro owner=root\n') as file:
            self.sandbox('-v', self.data + ':/x', '-v', '/etc:/e:ro', 'host', 'true')
            self.both(f'volume {theirs}:/x: denied for {USER}: rule {file}:6 allows it where it belongs to the caller, and it belongs to uid '
                      f'{pwd.getpwnam(USER2).pw_uid}', '-v', theirs + ':/x', 'host')
            self.sandbox('-v', theirs + ':/x', 'host', 'true', user=USER2)

    def test_only_who_is_named(self):
        text = f'version 1\nallow user {USER} root host\nallow everyone network none\nallow everyone ids subordinate\nallow group crofttestg volume /usr/share/** ro\n'
        with self.group('crofttestg', USER), self.policy(text):
            self.sandbox('-v', '/usr/share:/x:ro', 'host', 'true')
            self.both(f'root host: denied for {USER2}: no rule allows it', 'host', user=USER2, hint='croft policy explain root host')
        with self.group('crofttestg'), self.policy(text):
            self.both(f'volume /usr/share:/x: denied for {USER}: no rule allows it', '-v', '/usr/share:/x:ro', 'host')

    def test_roots(self):
        root = self.build_root('true')
        with self.policy(f'{BASE}allow everyone root {root} ro\n') as file:
            self.sandbox('--read-only', root, 'true')
            self.sandbox('--ephemeral', root, 'true')
            self.both(rf'root {root}: denied for {USER}: rule {file}:5 allows it read-only', root, hint='ask for it with --read-only or --ephemeral')
            self.both(f'root {self.data}: denied for {USER}: no rule allows it', '--read-only', self.data)
            self.both('root /proc: denied .*: /proc lies on proc, a file system of the kernel, which is never a root', '--read-only', '/proc')

    def test_network_and_ids(self):
        with self.policy('version 1\nallow everyone root host\nallow everyone network none\ndeny everyone network host\n') as file:
            self.sandbox('--map', 'self', 'host', 'true')
            self.both(f'network host: denied for {USER}: {file}:4 denies it: deny everyone network host', '--map', 'self', '--network', 'host', 'host')
            for which in ('subordinate', 'isolated'):
                self.both(f'ids subordinate: denied for {USER}: no rule allows it', '--map', which, 'host')
        with self.policy('version 1\nallow everyone root host\nallow everyone network host\n'):
            self.sandbox('--map', 'self', '--network', 'host', 'host', 'true')
            self.both(f'network none: denied for {USER}: no rule allows it', '--map', 'self', 'host')

    def test_a_broken_policy_refuses_everything_and_says_where(self):
        good = BASE + 'allow everyone volume /** ro\n'
        with self.policy(good):
            self.sandbox('host', 'true')
        for text, place in ((good + 'allow everyone volum /x ro\n', r'policy\.conf:6:16: '), (good + 'deny user croft-no-such root host\n', r'policy\.conf:6:11: '),
                            (good + 'allow everyone volume x ro\n', r'policy\.conf:6:23: '), (good.replace('version 1\n', ''), r'policy\.conf:1:1: '),
                            (good + 'allow everyone root ho', r'policy\.conf:6:23: '), ('', r'policy\.conf'), (good + '\0\n', r'policy\.conf:6:1: ')):
            with self.subTest(text[-30:]), self.policy(text):
                for words in (('host',), ('--map', 'self', 'host'), ('--read-only', '/usr/')):
                    ran = self.refused('^croft: .*' + place, *words, 'true')
                    planned = self.croft(USER, 'plan', *words, 'true')
                    self.assertEqual((planned.status, planned.out, planned.err), (EXIT_CROFT, '', ran.err))
        with self.policy(good, {'10-x.conf': 'allow everyone\n'}):
            self.refused(r'^croft: .*policy\.d/10-x\.conf:1:', 'host', 'true')
        with self.policy(good) as file:
            os.chmod(file, 0o666)
            self.refused('^croft: .*policy.conf', 'host', 'true')
            os.chmod(file, 0o644)
            self.give(file, USER)
            self.refused('^croft: .*policy.conf', 'host', 'true')


class Plan(RunTest):
    def test_it_names_the_rule_of_each_thing_allowed(self):
        data = self.home_dir()
        conf = self.make_dir(USER)
        self.write(conf + '/hosts', '', USER)
        with self.policy(f'{BASE}allow everyone volume {data}/** rw\nallow everyone volume /** ro\n') as file:
            words = ('-v', data + ':/mnt', '-v', '/usr/share:/s:ro', '--conf', conf, '--tmpfs', '/t:size=4M', '-e', 'A=b', 'host', 'echo', 'a b')
            r = self.croft(USER, 'plan', *words)
            self.assertRan(r)
            self.assertRan(self.croft(USER, 'run', *words))
            for line in (rf'^root +host +\[{file}:2\]$', rf'^  volume +/mnt <- {data} \(rw\) +\[{file}:5\]$', rf'^  volume +/s <- /usr/share \(ro\) +\[{file}:6\]$',
                         rf'^  conf +/etc/hosts <- {conf}/hosts \(ro,noexec\) +\[{file}:6\]$', r'^  tmpfs +/t \(mode 1777, 4 MiB, rw\)$',
                         rf'^ids +you and your subordinate ids +\[{file}:4\]$', rf'^network +none +\[{file}:3\]$', r'^  env +A=b$',
                         r'^command +echo a b$', r'^as +root \(0:0\) in /root, below croft', r'^capabilities CHOWN '):
                self.assertRegex(r.out, '(?m)' + line)

    def test_json_is_the_whole_plan(self):
        data = self.home_dir()
        r = self.croft(USER, 'plan', '--json', '-v', data + ':/mnt:ro', '-e', 'Q="\\\x01ü', '--no-init', 'host', 'x"y\n')
        self.assertRan(r)
        answer = json.loads(r.out)
        self.assertEqual((answer['allowed'], answer['refusal']), (True, None))
        plan = answer['plan']
        self.assertEqual(plan['argv'], ['x"y\n'])
        self.assertIn('Q="\\\x01ü', plan['env'])
        self.assertEqual([(o['source'], o['target']) for o in plan['ops'] if o['kind'] == 'volume'], [(data, '/mnt')])
        self.assertEqual((plan['root_kind'], plan['map'], plan['init']), ('host', 'subordinate', 0))

    def test_it_changes_nothing(self):
        root = self.build_root('true')
        data = self.home_dir()
        before = snapshot_tree(root)
        for words in ((), ('--json',), ('--ephemeral',)):
            self.assertRan(self.croft(USER, 'plan', *words, '-v', data + ':/new/deep', root, 'true'))
            self.assertUnchanged(root, before)
        self.sandbox('-v', data + ':/new/deep', root, 'true')
        self.assertTrue(os.path.isdir(root + '/new/deep'))

    def test_its_mistakes_are_those_of_run(self):
        for words in (('--nonsense', 'host'), ('-v', 'x', 'host'), ('-v', '/no/such:/x', 'host'), ('nothing',), ()):
            ran, planned = self.croft(USER, 'run', *words), self.croft(USER, 'plan', *words)
            self.assertEqual((planned.status, planned.err.replace('croft plan', 'croft run')), (EXIT_CROFT, ran.err))


class Many(RunTest):
    def volumes(self, n):
        data = self.home_dir()
        self.write(data + '/f', 'hello\n', USER)
        return tuple(w for i in range(n) for w in ('-v', f'{data}:/mnt/{i}:ro'))

    def test_a_thousand_volumes_work(self):
        out = self.shell('cat /mnt/0/f /mnt/999/f; ls /mnt | wc -l', *self.volumes(1000))
        self.assertEqual(out, 'hello\nhello\n1000\n')

    def test_too_many_are_refused(self):
        self.refused('^croft: option --volume: more than 4032 volumes', *self.volumes(4033), 'host', 'true')

    def test_where_descriptors_do_not_suffice_it_says_so(self):
        r = self.refused('^croft: volume .*: (Too many open files|No file descriptors available)$', *self.volumes(600), 'host', 'true',
                         preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (300, 300)))
        self.assertEqual(r.out, '')
