"""A line `ids rule` of the policy: who has no line in /etc/subuid gets ids computed from his uid, and nobody else has them."""
import contextlib
import json
import os
import pwd
import re
import subprocess

import test_idmap
from croft_test import EXIT_CROFT, USER, USER2, USER_NO_SUB, sub_ranges
from log_case import LogTest
from test_idmap import ALLOW, DONE, NO_RANGES, OTHER_SOURCE, REFUSED

BASE, SIZE, LAST = 3000000000, 65536, 4294967293
# What the policies of croft's own tests must allow beside.
RUN = 'allow everyone volume /**\nallow everyone root host\nallow everyone network none\n'


def setUpModule():
    """The installations of test_idmap; the one that reads a folder of the tests' is used here, too."""
    if not hasattr(test_idmap, 'ELSEWHERE'):
        test_idmap.setUpModule()


class RuleTest(test_idmap.IdmapTest):
    def setUp(self):
        super().setUp()
        entry = pwd.getpwnam(USER_NO_SUB)
        self.other_uid, self.other_gid = entry.pw_uid, entry.pw_gid
        self.assertEqual(sub_ranges(USER_NO_SUB, '/etc/subuid') + sub_ranges(USER_NO_SUB, '/etc/subgid'), [])

    def rule(self, base=BASE, size=SIZE, uid_min=None, uid_max=''):
        """A line; uid-min is such that the user without lines is its fourth."""
        uid_min = self.other_uid - 3 if uid_min is None else uid_min
        return f'ids rule base {base} size {size} uid-min {uid_min}' + (f' uid-max {uid_max}\n' if uid_max else '\n')

    def computed(self, start=BASE + 3 * SIZE, count=SIZE):
        return (f'0 {self.other_uid} 1,1 {start} {count}', f'0 {self.other_gid} 1,1 {start} {count}')


class Run(RuleTest):
    """With the files of this host."""

    def test_a_user_without_lines_gets_the_computed_ids(self):
        with self.policy(ALLOW + RUN):
            self.assertNothingWritten(self.idmap(user=USER_NO_SUB), NO_RANGES, r'has no line in /etc/subuid\n')
        with self.policy(ALLOW + self.rule()):
            for path in self.both():
                process = self.target(USER_NO_SUB)
                self.assertRan(self.on_target(process.pid, user=USER_NO_SUB, path=path))
                self.assertEqual(self.maps_of(process.pid), (*self.computed(), 'allow'))

    def test_a_sandbox_of_his_has_them(self):
        with self.policy(ALLOW + self.rule() + RUN):
            script = 'echo inside && exec sleep 60'
            process = self.popen_as(USER_NO_SUB, [self.croft_path, 'run', '--map', 'subordinate', 'host', '--', 'sh', '-c', script])
            self.assertEqual(process.stdout.readline(), b'inside\n')
            with open(f'/proc/{process.pid}/task/{process.pid}/children', encoding='utf-8') as f:
                child = f.read().split()[0]
            self.assertEqual(self.maps_of(child)[:2], self.computed())

    def test_files_of_other_users_inside_belong_to_computed_ids(self):
        with self.policy(ALLOW + self.rule()):
            process = self.target(USER_NO_SUB)
            self.assertRan(self.on_target(process.pid, user=USER_NO_SUB))
            folder = self.make_dir('root')
            os.chmod(folder, 0o777)
            self.assertRan(self.run_as('root', ['nsenter', '--user', '-S', '7', '-G', '9', '-t', str(process.pid), '--',
                                                'touch', folder + '/f']))
            st = os.stat(folder + '/f')
            self.assertEqual((st.st_uid, st.st_gid), (BASE + 3 * SIZE + 6, BASE + 3 * SIZE + 8))

    def test_a_user_with_lines_keeps_them(self):
        with self.policy(ALLOW + self.rule(uid_min=1)):
            self.assertUsual(self.idmap())
            r = self.idmap(user=USER_NO_SUB)
            start = BASE + (self.other_uid - 1) * SIZE
            self.assertRan(r)
            self.assertEqual(self.maps(r)[:2], self.computed(start))

    def test_the_rule_allows_nobody_and_limits_cut_it(self):
        with self.policy('version 1\n' + self.rule()):
            self.assertNothingWritten(self.idmap(user=USER_NO_SUB), REFUSED, 'subordinate ids.*denied')
        with self.policy(ALLOW + self.rule() + f'deny user {USER_NO_SUB} ids subordinate\n'):
            self.assertNothingWritten(self.idmap(user=USER_NO_SUB), REFUSED, r'policy\.conf:5')
        with self.policy(ALLOW + self.rule() + 'limit everyone ids 10\n'):
            r = self.idmap(user=USER_NO_SUB)
            self.assertRan(r)
            self.assertEqual(self.maps(r), (*self.computed(count=10), 'allow'))

    def test_two_rules_are_each_for_their_uids(self):
        first = self.rule(uid_min=1, uid_max=self.other_uid - 1)
        with self.policy(ALLOW + first, {'second.conf': 'version 1\n' + self.rule(4000000000, 1000, self.other_uid)}):
            r = self.idmap(user=USER_NO_SUB)
            self.assertRan(r)
            self.assertEqual(self.maps(r)[:2], self.computed(4000000000, 1000))

    def test_rules_that_meet_refuse_everything(self):
        for second, message in ((self.rule(4000000000, 10), r'second\.conf:2:\d+: .*policy\.conf:4 is for uid'),
                                (self.rule(BASE + SIZE, 10, 1, 1), r'second\.conf:2:15: .* overlap those of .*policy\.conf:4')):
            with self.subTest(message), self.policy(ALLOW + self.rule(), {'second.conf': 'version 1\n' + second}):
                self.assertNothingWritten(self.idmap(user=USER_NO_SUB), REFUSED, message)
                self.assertNothingWritten(self.idmap(), REFUSED, message)  # who needs no rule, too

    def test_the_programs_of_shadow_cannot_map_them(self):
        words = ('run', '--map', 'subordinate', 'host', '--', 'true')
        away = self.idmap_path + '.away'
        with self.policy(ALLOW + self.rule() + RUN) as conf:
            self.assertRan(self.croft(USER_NO_SUB, *words))
            os.rename(self.idmap_path, away)
            try:
                r = self.croft(USER_NO_SUB, *words)
                self.assertRefused(r, EXIT_CROFT, re.escape(conf) + r':4 computes the caller.s ids, which croft-idmap alone can '
                                                                    r'map, and .*/croft-idmap is not installed')
            finally:
                os.rename(away, self.idmap_path)
            subprocess.run(['setcap', '-r', self.idmap_path], check=True)
            try:
                r = self.croft(USER_NO_SUB, *words)
                self.assertRefused(r, EXIT_CROFT, r'file capabilities are missing.*newuidmap cannot map ids that the ids rule')
                self.assertRegex(r.err, 'hint: .*setcap')
            finally:
                subprocess.run(['setcap', 'cap_setuid,cap_setgid+p', self.idmap_path], check=True)


class Files(test_idmap.FilesTest):
    """Hostile databases: the build that reads them from a folder of the tests', and a caller without a line there."""

    def setUp(self):
        super().setUp()
        self.start = BASE + 3 * SIZE
        self.text = ALLOW + f'ids rule base {BASE} size {SIZE} uid-min {self.uid - 3}\n'
        context = self.policy(self.text)
        context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        self.expected = (f'0 {self.uid} 1,1 {self.start} {SIZE}', f'0 {self.gid} 1,1 {self.start} {SIZE}')
        self.put(SUBUID='', SUBGID='')
        self.assertComputed()

    def assertComputed(self):
        r = self.go()
        self.assertRan(r, DONE)
        self.assertEqual(self.maps(r)[:2], self.expected, r)

    def replace(self, text):
        self.write(self.sysconfdir + '/croft/policy.conf', text)

    def test_each_file_by_itself(self):
        """Who has a line in one of them has that line and the rule for the other, and never both for one."""
        self.put(SUBGID='')
        r = self.go()
        self.assertRan(r)
        self.assertEqual(self.maps(r)[:2], (self.usual()[0], self.expected[1]))
        self.put(SUBUID=None)
        r = self.go()
        self.assertRan(r)
        self.assertEqual(self.maps(r)[:2], (self.expected[0], self.usual()[1]))
        self.put()
        self.assertUsual(self.go())

    def test_a_malformed_line_of_his_own_is_not_replaced_by_the_rule(self):
        for line in (f'{USER}:0:0', f'{USER}:x:5', f'{self.uid}:100000', f'{USER}:100000:5\r'):
            with self.subTest(line):
                self.put(SUBUID=line + '\n', SUBGID='')
                self.assertNothingWritten(self.go(), REFUSED, 'SUBUID_FILE:1: ')
        self.put(SUBUID='', SUBGID='')
        self.assertComputed()

    def test_an_id_that_anybody_has_a_line_for_is_refused(self):
        last = self.start + SIZE - 1
        for line in (f'bob:{self.start}:1', f'bob:{last}:1', f'4711:{self.start - 5}:6', f'bob:1:{LAST}',
                     f'bob:{self.start + 7}:9\nmallory:1:1'):
            for name, other in (('SUBUID', 'SUBGID'), ('SUBGID', 'SUBUID')):
                with self.subTest(f'{name} {line}'):
                    self.put(**{name: f'x:1:1\n{line}\n', other: ''})
                    who = line.split(':', 1)[0]
                    self.assertNothingWritten(self.go(), REFUSED, rf'the range {self.start}:{SIZE} of the ids rule .*policy\.conf:4 '
                                                                  rf"overlaps \d+:\d+, which is {who}'s in .*{name}_FILE")
        self.put(SUBUID=f'bob:{self.start - 1}:1\nbob:{last + 1}:1\n', SUBGID=f'bob:{self.start - 1}:1\n')
        self.assertComputed()

    def test_an_id_that_a_user_or_group_has_is_refused(self):
        mine = f'{USER}:x:{self.uid}:{self.gid}::/:/bin/sh\n'
        self.put(SUBUID='', SUBGID='', PASSWD=mine + f'clone:x:{self.start + SIZE - 1}:9::/:/bin/sh\n')
        self.assertNothingWritten(self.go(), REFUSED, rf'of the ids rule .*policy\.conf:4 holds uid {self.start + SIZE - 1}, which is clone')
        self.put(SUBUID='', SUBGID='', GROUP=f'staff:x:{self.start}:\n')
        self.assertNothingWritten(self.go(), REFUSED, rf'of the ids rule .* holds gid {self.start}, which is staff')
        self.put(SUBUID='', SUBGID='', PASSWD=mine + f'clone:x:{self.start + SIZE}:9::/:/bin/sh\n', GROUP=f'staff:x:{self.start - 1}:\n')
        self.assertComputed()

    def test_the_callers_own_group_is_never_one_of_them(self):
        """His uid cannot be, that is a mistake of the policy; a gid has nothing to do with uid-min."""
        argv = [self.probes + '/idtarget', 'plain', test_idmap.ELSEWHERE, '@', '0', '0']
        r = self.run_as(USER, argv, group=self.start + 5, extra_groups=[])
        self.assertNothingWritten(r, REFUSED, rf"the range {self.start}:{SIZE} of the ids rule .* holds the caller's own gid")
        r = self.run_as(USER, argv, group=self.start + SIZE, extra_groups=[])
        self.assertRan(r)
        self.assertEqual(self.maps(r)[0], self.expected[0])

    def test_a_uid_that_is_too_high_gets_none(self):
        """The last that fits, by one id."""
        for size, fits in ((1, 4), (100, 4), (65536, 4), (100, 3), (65536, 3)):
            base = LAST + 1 - fits * size
            with self.subTest(f'{size} {fits}'):
                self.replace(ALLOW + f'ids rule base {base} size {size} uid-min {self.uid - 3}\n')
                r = self.go()
                if fits == 4:
                    self.assertRan(r)
                    self.assertEqual(self.maps(r)[0], f'0 {self.uid} 1,1 {LAST + 1 - size} {size}')
                    continue
                self.assertNothingWritten(r, REFUSED, rf'uid {self.uid} is too high for the ids rule .*policy\.conf:4: its ids would end '
                                                      rf'beyond {LAST}\n')
                self.assertIn(f'the last uid that the rule has ids for is {self.uid - 1}', r.err)
        # In 32 bits the product would be 0, and the sum less than the base.
        for base, size, uid_min in ((BASE, 2**30, self.uid - 4), (2**31, 2**31 - 2, self.uid - 2)):
            with self.subTest(base):
                self.replace(ALLOW + f'ids rule base {base} size {size} uid-min {uid_min}\n')
                self.assertNothingWritten(self.go(), REFUSED, 'is too high for the ids rule')

    def test_outside_of_uid_min_and_uid_max_there_is_no_rule(self):
        u = self.uid
        for limits, fits in ((f'uid-min {u}', True), (f'uid-min {u + 1}', False), (f'uid-min {u - 1} uid-max {u}', True),
                             (f'uid-min {u} uid-max {u}', True), (f'uid-min {u - 2} uid-max {u - 1}', False)):
            with self.subTest(limits):
                self.replace(ALLOW + f'ids rule base {BASE} size 100 {limits}\n')
                r = self.go()
                if fits:
                    self.assertRan(r)
                else:
                    self.assertNothingWritten(r, NO_RANGES, r'has no line in .*SUBUID_FILE, and no ids rule of the policy is for that uid')

    def test_another_source_is_not_replaced_by_the_rule(self):
        self.put(SUBUID='', SUBGID='', NSSWITCH='subid: sss\n')
        self.assertNothingWritten(self.go(), OTHER_SOURCE, 'another source of subordinate ids')
        self.put(SUBUID='', SUBGID='', NSSWITCH='subid: files\n')
        self.assertComputed()

    def test_a_file_that_others_may_write_is_not_believed(self):
        os.chmod(test_idmap.FOLDER + '/SUBUID_FILE', 0o666)
        self.assertNothingWritten(self.go(), REFUSED, 'written by others')

    def test_a_caller_without_a_name_gets_them(self):
        """As one of a directory service is to croft-idmap, which asks none; a line by his name it cannot know for his."""
        self.put(SUBUID='', SUBGID='', PASSWD='')
        self.assertComputed()
        self.put(SUBUID=f'{USER}:{self.uid_range[0]}:{self.uid_range[1]}\n', SUBGID='', PASSWD='')
        self.assertComputed()
        self.put(SUBUID=f'{self.uid}:{self.uid_range[0]}:{self.uid_range[1]}\n', SUBGID='', PASSWD='')
        r = self.go()
        self.assertRan(r)
        self.assertEqual(self.maps(r)[:2], (self.usual()[0], self.expected[1]))


class Log(RuleTest, LogTest):
    def test_the_log_names_the_rule(self):
        with self.policy(ALLOW + self.rule()) as conf:
            with self.log_lines('croft-idmap') as got:
                self.assertRan(self.idmap(user=USER_NO_SUB))
                self.assertUsual(self.idmap())
        self.assertRegex(got[0], rf'uid 0 {self.other_uid} 1,1 {BASE + 3 * SIZE} {SIZE}; .*; allowed by {conf}:2; ids of {conf}:4$')
        self.assertRegex(got[1], rf'allowed by {conf}:2$')


class Tools(RuleTest):
    """What croft says of a rule is what croft-idmap does."""

    @contextlib.contextmanager
    def changed(self, path, added):
        """A file of /etc with lines more, in the mount namespace of the tests alone."""
        with open(path, encoding='utf-8') as f:
            text = f.read()
        copy = self.write(self.make_dir('root') + '/copy', text + added)
        subprocess.run(['mount', '--bind', copy, path], check=True)
        try:
            yield
        finally:
            subprocess.run(['umount', path], check=True)

    def test_show_prints_it_in_one_form(self):
        line = f'ids  rule uid-min 10000 size {SIZE}   base {BASE} # directory\n'
        with self.policy(ALLOW + line) as conf:
            r = self.croft(USER, 'policy', 'show')
            self.assertRan(r)
            self.assertIn(f'\nids rule base {BASE} size {SIZE} uid-min 10000  # {conf}:4\n', r.out)

    def check(self, text):
        with self.policy(text) as conf:
            r = self.croft(USER, 'policy', 'check')
            self.assertRan(r)
            return r.out.replace(conf, 'POLICY')

    def test_check_is_silent_about_a_good_rule(self):
        self.assertRegex(self.check(ALLOW + self.rule()), r'^3 rules: no mistakes, 0 warnings\n$')

    def test_check_warns_of_ids_that_somebody_has(self):
        first, count = self.uid_range
        out = self.check(ALLOW + f'ids rule base {first + 5} size 1 uid-min 500000000 uid-max 500000000\n')
        self.assertIn(f'POLICY:4: warning: /etc/subuid gives {USER} the range {first}:{count}', out)
        self.assertIn(f'/etc/subgid gives {USER} the range', out)
        self.assertIn('2 warnings', out)
        out = self.check(ALLOW + f'ids rule base {self.uid} size 1 uid-min 500000000 uid-max 500000000\n')
        self.assertIn(f'POLICY:4: warning: uid {self.uid}, which is {USER} in /etc/passwd, is one of its ids', out)
        out = self.check(ALLOW + f'ids rule base {self.gid} size 1 uid-min 500000000 uid-max 500000000\n')
        self.assertIn(f'POLICY:4: warning: gid {self.gid}, which is {USER} in /etc/group, is one of its ids', out)

    def test_check_warns_of_users_beyond_the_last_id(self):
        uids = sorted(pwd.getpwnam(name).pw_uid for name in (USER, USER2, USER_NO_SUB))
        out = self.check(ALLOW + f'ids rule base {LAST} size 1 uid-min {uids[0]}\n')
        self.assertRegex(out, rf'POLICY:4: warning: it has no ids for uid \d+ \([\w-]+\): the last uid .* is {uids[0]}\n')
        out = self.check(ALLOW + f'ids rule base {LAST} size 1 uid-min {uids[0]} uid-max {uids[0]}\n')
        self.assertIn('0 warnings', out)
        with self.changed('/etc/passwd', 'far:x:3999999999:9::/:/bin/sh\n'):
            self.assertIn('warning: it has no ids for uid 3999999999 (far)', self.check(ALLOW + self.rule(base=LAST - SIZE * 10000)))

    def test_check_warns_of_a_rule_that_gives_nothing(self):
        self.assertIn('POLICY:2: warning: it gives nobody anything: no line allows ids subordinate', self.check('version 1\n' + self.rule()))
        with self.changed('/etc/nsswitch.conf', '\nsubid: sss\n'):
            self.assertIn('POLICY:4: warning: it gives nobody anything: nsswitch.conf names another', self.check(ALLOW + self.rule()))

    def test_check_has_two_rules_that_meet_as_a_mistake(self):
        with self.policy(ALLOW + self.rule() + self.rule(4000000000)) as conf:
            self.assertRefused(self.croft(USER, 'policy', 'check'), EXIT_CROFT, re.escape(conf) + r':5:\d+: .*:4 is for uid')

    def test_explain_names_the_range_and_the_rule(self):
        with self.policy(ALLOW + self.rule()) as conf:
            for user, words in ((USER_NO_SUB, ()), (USER, ('--user', USER_NO_SUB))):
                r = self.croft(user, 'policy', 'explain', *words, 'ids', 'subordinate')
                self.assertRan(r)
                for what in ('uids', 'gids'):
                    self.assertRegex(r.out, rf'{what}: +{BASE + 3 * SIZE} to {BASE + 4 * SIZE - 1}\n +by {conf}:4: ids rule base {BASE}')
            r = self.croft(USER, 'policy', 'explain', 'ids', 'subordinate')
            self.assertRegex(r.out, rf'uids: +{self.uid_range[0]} to {sum(self.uid_range) - 1}\n +by /etc/subuid\n')
            r = self.croft(USER_NO_SUB, 'policy', 'explain', '--json', 'ids', 'subordinate')
            answer = json.loads(r.out)
            self.assertEqual(answer['uids']['ranges'], [{'first': BASE + 3 * SIZE, 'count': SIZE}])
            self.assertEqual(answer['gids']['rule']['line'], 4)
            self.assertNotIn('uids', json.loads(self.croft(USER_NO_SUB, 'policy', 'explain', '--json', 'ids', 'setgroups').out))
        with self.policy(ALLOW):
            r = self.croft(USER_NO_SUB, 'policy', 'explain', 'ids', 'subordinate')
            self.assertRegex(r.out, rf'uids: +none: no line in /etc/subuid, and no ids rule for uid {self.other_uid}\n')

    def test_plan_shows_the_computed_ids(self):
        with self.policy(ALLOW + self.rule() + RUN) as conf:
            r = self.croft(USER_NO_SUB, 'plan', 'host', '--', 'true')
            self.assertRan(r)
            for what in ('uid', 'gid'):
                self.assertIn(f'{what} 1-{SIZE} inside = {BASE + 3 * SIZE}-{BASE + 4 * SIZE - 1}\n', r.out)
                self.assertIn(f'{what}s computed by the ids rule {conf}:4\n', r.out)
            self.assertNotIn('ids rule', self.croft(USER, 'plan', 'host', '--', 'true').out)
        with self.policy(ALLOW + self.rule(base=LAST - 5, size=2) + RUN):
            r = self.croft(USER_NO_SUB, 'plan', 'host', '--', 'true')
            self.assertRegex(r.out, r'not to be had: uid \d+ is too high for the ids rule')

    def doctor(self, user):
        r = self.croft(user, 'doctor', '--json')
        return {c['name']: c for c in json.loads(r.out)['checks']}

    def test_doctor_knows_them(self):
        with self.policy(ALLOW + self.rule() + RUN) as conf:
            checks = self.doctor(USER_NO_SUB)
            for what in ('uids', 'gids'):
                check = checks['subordinate ' + what]
                self.assertEqual((check['state'], check['found']),
                                 ('ok', f'{SIZE}, from {BASE + 3 * SIZE} on, by the ids rule {conf}:4'))
            self.assertEqual(checks['id maps']['state'], 'ok', checks['id maps'])
            self.assertRegex(self.doctor(USER)['subordinate uids']['found'], 'in /etc/subuid$')
        with self.policy(ALLOW + self.rule(size=1000) + RUN):
            check = self.doctor(USER_NO_SUB)['subordinate uids']
            self.assertEqual(check['state'], 'warn', check)
            self.assertRegex(check['found'], r'^only 1000 in .*policy\.conf: ')
            self.assertRegex(check['mend'], r'a size of 65536 or more in .*policy\.conf:4')
        with self.policy(ALLOW + self.rule(base=LAST - 5, size=2) + RUN):
            check = self.doctor(USER_NO_SUB)['subordinate uids']
            self.assertEqual(check['state'], 'fail', check)
            self.assertIn('is too high for the ids rule', check['found'])

    def test_doctor_offers_no_ids_of_a_rule(self):
        with self.policy(ALLOW):
            offered = re.search(r'(\d+)-(\d+)', self.doctor(USER_NO_SUB)['subordinate uids']['mend'])
        first, last = int(offered[1]), int(offered[2])
        uid = self.other_uid + 1
        with self.policy(ALLOW + f'ids rule base {last} size 10 uid-min {uid} uid-max {uid}\n'):
            mend = self.doctor(USER_NO_SUB)['subordinate uids']['mend']
        self.assertIn(f'--add-subuids {last + 10}-{last + 10 + 65535} ', mend)
        self.assertLess(first, last)
